import { OwnUploads } from './own-uploads.ts'

/**
 * What one transaction of a query runner has stored, by its savepoints. Most transactions have no files, so nothing is made
 * before it is needed.
 */
export class OpenTransaction {
  #rolledBack: AbortController | undefined
  #isOpen = true
  #isRolledBack = false
  /** What is in the transaction itself, and then in each of its savepoints. */
  #levels: (OwnUploads | undefined)[] = [undefined]
  /** Files of savepoints that were rolled back. */
  readonly undone: string[] = []
  /** True if rows may have given up files. */
  hasDiscarded = false
  /** True if a statement has failed. PostgreSQL takes only a rollback then, unless it was in a savepoint. */
  hasFailed = false

  /** Aborted by a rollback, after which no upload need go on. */
  get signal(): AbortSignal {
    this.#rolledBack ??= new AbortController()
    if (this.#isRolledBack) this.#rolledBack.abort()
    return this.#rolledBack.signal
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isRolledBack(): boolean {
    return this.#isRolledBack
  }

  /** What is stored now belongs to the innermost savepoint. */
  get uploads(): OwnUploads {
    const last = this.#levels.length - 1
    return (this.#levels[last] ??= new OwnUploads())
  }

  savepoint(): void {
    this.#levels.push(undefined)
  }

  /** What the savepoint holds belongs to what is around it. */
  release(): void {
    const released = this.#levels.length > 1 ? this.#levels.pop() : undefined
    if (released) this.uploads.absorb(released)
  }

  rollbackTo(): void {
    const rolledBack = this.#levels.length > 1 ? this.#levels.pop() : undefined
    if (!rolledBack) return
    rolledBack.undo()
    for (const path of rolledBack.paths) this.undone.push(path)
  }

  /** Returns what it has stored, but for what was rolled back to savepoints. */
  end(outcome: 'committed' | 'rolledBack'): OwnUploads | undefined {
    this.#isOpen = false
    this.#isRolledBack = outcome === 'rolledBack'
    if (this.#isRolledBack) this.#rolledBack?.abort()
    while (this.#levels.length > 1) this.release()
    return this.#levels[0]
  }
}
