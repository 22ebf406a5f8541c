import type { DepotManager } from '@filedepot/core'
import { waitUpTo } from '@filedepot/core/integration'
import type { Ledger } from './ledger.ts'

/**
 * Milliseconds before the work that follows a write, and before each time that it is done again. The last one holds for all
 * that come.
 */
const PAUSES = [50, 1000, 10_000, 60_000]
/** The longest that a timer takes. */
const LONGEST_PAUSE = 2 ** 31 - 1
/** Uploads of committed transactions that are kept in mind; with more, the ledger is asked about them. */
const REMEMBERED = 1000
/** Uploads that are kept in mind while the ledger cannot be asked. The rest is left to a sweep. */
const MOST_REMEMBERED = 100_000
/** How long a client or data source that is closed waits for the work, in milliseconds. */
const FINISH_TIMEOUT = 5000

/** Options of {@link Upkeep}. */
export interface UpkeepOptions {
  readonly depot: DepotManager
  /** `undefined` while the data source is not initialized. What waits then is left to a sweep, and to other drains. */
  readonly ledger: () => Ledger | undefined
  /** For how long discarded files are kept, in milliseconds. */
  readonly retention: number
  /** False: only an explicit `drain()` deletes discarded files. @default true */
  readonly drains?: boolean
  /** False if the end of transactions is unknown. Then drains are repeated, for longer transactions. @default true */
  readonly hearsEnds?: boolean
}

/**
 * The background work of a ledger. It deletes uploads without a row after their transaction, and drains discarded files, once
 * for many writes. Only `depot.close()` and {@link Upkeep.finish} wait for it. It does not keep the process alive.
 *
 * It does not need the outcome of a transaction. An upload that the ledger knows belongs to a row. Any other upload is marked as
 * gone. An open transaction that refers to the upload blocks this mark, and the database refuses later rows that refer to it.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  /** Uploads of writes that are over. */
  #uploads: string[] = []
  #mayDrain = false
  #isDue = false
  /** How often the work was done since the last write, or has failed. */
  #round = 0
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
    if (this.#uploads.length >= REMEMBERED) this.#soon()
  }

  /** These belong to no row, or it is not known whether they do. Their statements have run. */
  ended(paths: readonly string[]): void {
    this.#remember(paths)
    if (paths.length > 0) this.#soon()
  }

  /** Rows may have given up files. */
  discarded(): void {
    if (this.#options.drains === false) return
    this.#mayDrain = true
    this.#soon()
  }

  /**
   * Does what is to be done now, before the connections are closed, and waits for it for five seconds at the most. What is not
   * done then is left to other drains, and to a sweep.
   */
  async finish(): Promise<void> {
    await waitUpTo(FINISH_TIMEOUT, this.#finish())
  }

  #remember(paths: readonly string[]): void {
    if (paths.length === 0) return
    for (const path of paths) this.#uploads.push(path)
    this.#uploads.splice(0, this.#uploads.length - MOST_REMEMBERED)
    this.#finishOnClose()
  }

  #finishOnClose(): void {
    this.#forgetClose ??= this.#options.depot.onClose(() => this.#finish())
  }

  #soon(): void {
    this.#round = 0
    this.#workIn(this.#pause)
  }

  get #pause(): number {
    return PAUSES[this.#round] ?? Math.max(...PAUSES)
  }

  #workIn(ms: number): void {
    this.#isDue = true
    this.#finishOnClose()
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
    // A write that comes meanwhile begins anew.
    this.#round++
    try {
      // Nothing new is known of uploads whose transaction is open yet.
      const { open, failed } = uploads.length > 0 ? await ledger.settleUploads(uploads) : NONE
      this.#remember(open)
      if (failed > 0 && this.#options.drains !== false) this.#mayDrain = true
      const waiting = this.#mayDrain ? (await ledger.drain()).waiting : 0
      this.#again(open.length, waiting)
    } catch (error) {
      // If the data source was closed meanwhile, others do it.
      if (this.#options.ledger() !== ledger) return
      this.#remember(uploads)
      this.#options.depot.report('ledgerFailed', { error })
      this.#workIn(this.#pause)
    }
    if (this.#hasWork) return
    this.#forgetClose?.()
    this.#forgetClose = undefined
  }

  #again(open: number, waiting: number): void {
    const { hearsEnds = true, retention } = this.#options
    const mayEndLater = open > 0 || (!hearsEnds && this.#mayDrain && this.#round < PAUSES.length)
    if (!mayEndLater) this.#mayDrain = waiting > 0
    if (mayEndLater) this.#workIn(this.#pause)
    // There may be no other write for a long time.
    else if (waiting > 0) this.#workIn(Math.min(Math.max(retention, ...PAUSES), LONGEST_PAUSE))
  }

  get #hasWork(): boolean {
    return this.#isDue || this.#uploads.length > 0
  }

  async #finish(): Promise<void> {
    this.#isDue = this.#hasWork
    this.#run()
    await this.#running
    clearTimeout(this.#timer)
    this.#dueAt = Infinity
  }
}

const NONE = { open: [], failed: 0 }
