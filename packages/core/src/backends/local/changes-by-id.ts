/** Has two changes of one file in this process follow each other. */
export class ChangesById {
  /** The last change of each id that is being changed. */
  readonly #last = new Map<string, Promise<void>>()

  /** Runs a change when those before it have ended. */
  async run(id: string, change: () => Promise<void>): Promise<void> {
    const before = this.#last.get(id)
    const changing = before ? before.catch(() => undefined).then(change) : change()
    this.#last.set(id, changing)
    try {
      await changing
    } finally {
      if (this.#last.get(id) === changing) this.#last.delete(id)
    }
  }

  /** Resolves when the change has ended that is on its way now. */
  async settled(id: string): Promise<void> {
    await this.#last.get(id)?.catch(() => undefined)
  }
}
