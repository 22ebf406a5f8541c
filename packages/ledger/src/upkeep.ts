import type { DepotManager } from '@filedepot/core'
import type { Ledger } from './ledger.ts'

/** How long a drain waits for more commits, in milliseconds. */
const PAUSE = 50
/** The longest pause after failures, and the shortest one before what waits is looked at again, in milliseconds. */
const LONG_PAUSE = 60_000
/** The longest that a timer takes. */
const LONGEST_PAUSE = 2 ** 31 - 1
/** Uploads of committed transactions that are kept in mind; with more, the ledger is asked about them. */
const REMEMBERED = 1000
/** Uploads that are kept in mind while the ledger cannot be asked. The rest is left to a sweep. */
const MOST_REMEMBERED = 100_000

/** Options of {@link Upkeep}. */
export interface UpkeepOptions {
  readonly depot: DepotManager
  /** `undefined` while the data source is not initialized. What waits then is left to a sweep, and to other drains. */
  readonly ledger: () => Ledger | undefined
  /** For how long discarded files are kept, in milliseconds. */
  readonly retention: number
}

/**
 * What happens by itself with a ledger: uploads that no row has are deleted after their transaction, and what rows have given
 * up is drained. Many commits are one drain. Only `depot.close()` waits for it.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  /** Uploads of writes that are over. */
  #uploads: string[] = []
  #isDue = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  /** When the timer runs out. */
  #dueAt = Infinity
  #running: Promise<void> = Promise.resolve()
  #forgetClose: (() => void) | undefined

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** These belong to a transaction that was committed, so that most likely rows have them. */
  committed(paths: readonly string[]): void {
    this.#remember(paths)
    if (this.#uploads.length >= REMEMBERED) this.soon()
  }

  /** These most likely belong to no row. */
  rolledBack(paths: readonly string[]): void {
    this.#remember(paths)
    if (paths.length > 0) this.soon()
  }

  /** Rows may have given up files. */
  soon(): void {
    this.#workIn(Math.min(PAUSE * 2 ** this.#failures, LONG_PAUSE))
  }

  #remember(paths: readonly string[]): void {
    if (paths.length === 0) return
    for (const path of paths) this.#uploads.push(path)
    this.#uploads.splice(0, this.#uploads.length - MOST_REMEMBERED)
    this.#forgetClose ??= this.#options.depot.onClose(() => this.#close())
  }

  #workIn(ms: number): void {
    this.#isDue = true
    this.#forgetClose ??= this.#options.depot.onClose(() => this.#close())
    if (this.#dueAt <= Date.now() + ms) return
    clearTimeout(this.#timer)
    this.#dueAt = Date.now() + ms
    this.#timer = setTimeout(() => {
      this.#run()
    }, ms)
    this.#timer.unref()
  }

  #run(): void {
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
    this.#running = this.#running.then(() => this.#work())
  }

  async #work(): Promise<void> {
    const ledger = this.#options.ledger()
    const uploads = this.#uploads
    if (!this.#isDue || !ledger) return
    this.#isDue = false
    this.#uploads = []
    try {
      // Nothing new is known of uploads whose transaction is open yet.
      const open = uploads.length > 0 ? (await ledger.settleUploads(uploads)).open : []
      this.#remember(open)
      const { waiting } = await ledger.drain()
      this.#failures = 0
      if (open.length > 0) this.#workIn(LONG_PAUSE)
      else if (waiting > 0) this.#later()
    } catch (error) {
      // If the data source was destroyed meanwhile, other drains do it.
      if (this.#options.ledger() !== ledger) return
      this.#remember(uploads)
      this.#failures++
      this.#options.depot.report('ledgerFailed', { error })
      this.#workIn(LONG_PAUSE)
    }
    if (this.#hasWork) return
    this.#forgetClose?.()
    this.#forgetClose = undefined
  }

  /** There may be no other commit for a long time. */
  #later(): void {
    this.#workIn(Math.min(Math.max(this.#options.retention, LONG_PAUSE), LONGEST_PAUSE))
  }

  get #hasWork(): boolean {
    return this.#isDue || this.#uploads.length > 0
  }

  async #close(): Promise<void> {
    this.#isDue = this.#hasWork
    this.#run()
    await this.#running
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
  }
}
