/** Lets operations of a transaction begin while it is open. To close it waits for those that have begun. */
export class OperationLock {
  readonly #running = new Set<Promise<unknown>>()
  #closed: { readonly opened: Promise<void>; readonly open: () => void } | undefined
  #isOver = false

  /** What to wait for while it is closed. Between the last look at this and the beginning of an operation is no `await`. */
  get opened(): Promise<void> | undefined {
    return this.#closed?.opened
  }

  /**
   * Runs an operation. It belongs to the time before the next closing.
   *
   * @param failed called when it fails, before the gate takes it for ended
   */
  async run<T>(action: () => Promise<T>, failed: (error: unknown) => void): Promise<T> {
    const running = action()
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      this.#running.delete(running)
      failed(error)
      throw error
    } finally {
      this.#running.delete(running)
    }
  }

  /** Closes it when everything has ended that has begun. */
  async close(): Promise<void> {
    // Nothing may begin between the last look and the closing, so there is no `await` between them, nor between the opening
    // and what then begins.
    while (this.#closed || this.#running.size > 0) {
      await (this.opened ?? Promise.allSettled(this.#running))
    }
    if (this.#isOver) return
    let open: () => void = () => undefined
    const opened = new Promise<void>((resolve) => (open = resolve))
    this.#closed = { opened, open }
  }

  /** What waits goes on. */
  open(): void {
    this.#closed?.open()
    this.#closed = undefined
  }

  /** Opens it for good: what waits goes on, and finds that it is too late. */
  end(): void {
    this.#isOver = true
    this.open()
  }
}
