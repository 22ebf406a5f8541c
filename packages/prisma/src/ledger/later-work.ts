/**
 * Work that follows writes: soon, once for many of them, and again later as long as some is left. It does not keep the process
 * alive, and never rejects.
 */
export class LaterWork {
  readonly #work: (round: number) => Promise<boolean>
  readonly #delays: readonly number[]
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #round = 0
  #isClosed = false

  /**
   * @param work resolves with true if it is to run again. It gets the number of runs since the last hint
   * @param delays milliseconds before each run since the last hint; the last one holds for all that come
   */
  constructor(work: (round: number) => Promise<boolean>, delays: readonly number[]) {
    this.#work = work
    this.#delays = delays
  }

  /** There is something to do. */
  hint(): void {
    if (this.#round === 0 && this.#timer) return
    this.#round = 0
    if (!this.#running) this.#schedule()
  }

  /** Runs once more, and then no more. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const hasWork = this.#timer !== undefined || this.#running !== undefined
    await this.#running
    if (hasWork) await this.#work(this.#round)
  }

  #schedule(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    const delay = this.#delays[this.#round] ?? this.#delays.at(-1)
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, delay)
    this.#timer.unref()
  }

  async #run(): Promise<void> {
    this.#timer = undefined
    // A hint that comes meanwhile sets it back.
    const round = (this.#round += 1)
    const isLeft = await this.#work(round)
    this.#running = undefined
    if (isLeft || this.#round === 0) this.#schedule()
  }
}
