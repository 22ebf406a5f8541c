import { OwnUploads } from './own-uploads.ts'

/** What one transaction of a query runner has stored, by its savepoints. */
export class OpenTransaction {
  readonly #rolledBack = new AbortController()
  #isOpen = true
  #levels: OwnUploads[] = [new OwnUploads()]
  /** Files of savepoints that were rolled back. */
  readonly undone: string[] = []
  /** True if rows may have given up files. */
  hasDiscarded = false
  /** True if a statement has failed. PostgreSQL takes only a rollback then, unless it was in a savepoint. */
  hasFailed = false

  /** Aborted by a rollback, after which no upload need go on. */
  get signal(): AbortSignal {
    return this.#rolledBack.signal
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  add(uploads: OwnUploads): void {
    this.#levels.at(-1)?.absorb(uploads)
  }

  savepoint(): void {
    this.#levels.push(new OwnUploads())
  }

  /** What the savepoint holds belongs to what is around it. */
  release(): void {
    const released = this.#levels.length > 1 ? this.#levels.pop() : undefined
    if (released) this.add(released)
  }

  rollbackTo(): void {
    const rolledBack = this.#levels.length > 1 ? this.#levels.pop() : undefined
    if (!rolledBack) return
    rolledBack.undo()
    for (const path of rolledBack.paths) this.undone.push(path)
  }

  /** Returns what it has stored, but for what was rolled back to savepoints. */
  end(outcome: 'committed' | 'rolledBack'): OwnUploads {
    const all = new OwnUploads()
    for (const level of this.#levels) all.absorb(level)
    this.#levels = []
    this.#isOpen = false
    if (outcome === 'rolledBack') this.#rolledBack.abort()
    return all
  }
}
