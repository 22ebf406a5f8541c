import type { DepotManager } from '@filedepot/core'
import type { Ledger } from '@filedepot/ledger'
import { LaterWork } from './later-work.ts'

/** Uploads that are remembered until the ledger has been asked about them. More are left to sweep. */
const MOST_UPLOADS = 10_000
/** Writes that are asked about at once, and those that are asked about one by one. */
const [BATCH, SINGLY] = [500, 20]
/** Milliseconds before the ledger is asked, and before it is asked again. */
const SETTLING = [500, 2000, 10_000, 60_000]
/** The same before a drain. The transaction of a write may end later than its statement. */
const DRAINING = [50, 1000, 10_000, 60_000]
/** More is more than a timer of Node can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What a write has done to files. */
interface Write {
  readonly uploads: readonly string[]
  readonly mayDiscard: boolean
}

/**
 * Prisma tells extensions nothing of the end of a transaction. So the ledger is asked a little later: an upload that it knows is a
 * row's, and what a committed row has given up is drained. An upload that it does not know is marked as gone. The key of its table
 * decides: a transaction that has referred to the upload and is open yet keeps it from being marked, and whatever comes later
 * is refused by the database. So it need not be known how a write has ended, if only its statements have run; and one
 * that still runs, because its connection was lost, is refused and not left without its file.
 */
export class FollowUp {
  readonly #depot: DepotManager
  readonly #ledger: Ledger
  #writes: Write[] = []
  #count = 0
  readonly #settling: LaterWork
  readonly #draining: LaterWork | undefined

  constructor(
    depot: DepotManager,
    ledger: Ledger,
    { drains, retention }: { readonly drains: boolean; readonly retention: number },
  ) {
    this.#depot = depot
    this.#ledger = ledger
    this.#settling = new LaterWork(() => this.#try(() => this.#settle()), SETTLING)
    if (drains) {
      const delays = DRAINING.map((delay) => Math.min(delay + retention, LONGEST_TIMER_MS))
      const drain = async (round: number) => {
        await ledger.drain({ retention })
        return round < delays.length
      }
      this.#draining = new LaterWork((round) => this.#try(() => drain(round)), delays)
    }
    depot.onClose(async () => {
      await this.#settling.close()
      await this.#draining?.close()
    })
  }

  /** A write has ended, in whichever way. */
  wrote(write: Write): void {
    if (write.mayDiscard) this.#draining?.hint()
    if (write.uploads.length === 0 || this.#count + write.uploads.length > MOST_UPLOADS) return
    this.#writes.push(write)
    this.#count += write.uploads.length
    this.#settling.hint()
  }

  async #try(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work()
    } catch (error) {
      this.#depot.report('ledgerFailed', { error })
      return true
    }
  }

  async #settle(): Promise<boolean> {
    for (let left = this.#writes.length; left > 0;) {
      const batch = this.#writes.slice(0, Math.min(left, BATCH))
      left -= batch.length
      let open = await this.#ask(batch)
      // One transaction that is open keeps the uploads of all from being settled.
      if (batch.length > 1) {
        const asked: Write[] = []
        for (const write of open.slice(0, SINGLY)) asked.push(...(await this.#ask([write])))
        open = [...open.slice(SINGLY), ...asked]
      }
      this.#writes.splice(0, batch.length)
      this.#writes.push(...open)
    }
    this.#count = this.#writes.reduce((sum, { uploads }) => sum + uploads.length, 0)
    return this.#writes.length > 0
  }

  /** Resolves with the writes whose transactions are open yet. */
  async #ask(writes: readonly Write[]): Promise<Write[]> {
    const settled = await this.#ledger.settleUploads(writes.flatMap(({ uploads }) => uploads))
    const isOpen = new Set(settled.open)
    const open = writes.filter(({ uploads }) => uploads.some((path) => isOpen.has(path)))
    if (writes.some((write) => write.mayDiscard && !open.includes(write))) this.#draining?.hint()
    return open
  }
}
