import { isPromise } from 'node:util/types'

/** Has two changes of one file in this process follow each other. */
export class ChangesById {
  /** The end of the last change of each id that is being changed. Never rejects. */
  readonly #last = new Map<string, Promise<void>>()

  /** Runs a change when those before it have ended. */
  run<T>(id: string, change: () => T | Promise<T>): T | Promise<T> {
    const before = this.#last.get(id)
    const changing = before ? before.then(change) : change()
    if (!isPromise(changing)) return changing
    const ended = changing.then(nothing, nothing).then(() => {
      if (this.#last.get(id) === ended) this.#last.delete(id)
    })
    this.#last.set(id, ended)
    return changing
  }

  /** Resolves when the change has ended that is on its way now; `undefined` if there is none. */
  settled(id: string): Promise<void> | undefined {
    return this.#last.get(id)
  }
}

function nothing(): void {
  // Whoever asked for the change hears how it ended.
}
