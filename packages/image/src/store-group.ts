import type { FileContent, StoredRecord, StoreFile, StoreOptions } from '@filedepot/core'

/** Files that are stored at the same time: if one fails, or what makes them, the others are given up. */
export class StoreGroup {
  readonly #store: StoreFile
  readonly #abort = new AbortController()
  readonly #storing: Promise<StoredRecord>[] = []
  #failure: { readonly error: unknown } | undefined
  /** Fires where the group fails, and with the signal of the upload. */
  readonly signal: AbortSignal

  constructor(store: StoreFile, signal: AbortSignal | undefined) {
    this.#store = store
    this.signal = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal
  }

  add(content: FileContent, options?: StoreOptions): Promise<StoredRecord> {
    const storing = this.#store(content, { ...options, signal: this.signal })
    this.#storing.push(storing)
    storing.catch((error: unknown) => {
      this.#fail(error)
    })
    return storing
  }

  /** Does what adds to the group. Ends when nothing is stored any more, with the first error that there was. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#fail(error)
      throw this.#failure?.error
    } finally {
      await Promise.allSettled(this.#storing)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#abort.abort(error)
  }
}
