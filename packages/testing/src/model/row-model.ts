/**
 * What a database does, in the plainest form: rows are a map, a transaction is a copy of it, and a savepoint is a
 * copy of that.
 */
export class RowModel {
  #levels: Map<string, string | null>[] = [new Map()]

  /** 0 outside a transaction, 1 inside, and one more for each savepoint. */
  get depth(): number {
    return this.#levels.length - 1
  }

  /** The rows as the next statement sees them. */
  get rows(): Map<string, string | null> {
    return this.#levels.at(-1) as Map<string, string | null>
  }

  /** The rows that are committed. */
  get committed(): ReadonlyMap<string, string | null> {
    return this.#levels[0] as Map<string, string | null>
  }

  /** Begin, or a savepoint. */
  push(): void {
    this.#levels.push(new Map(this.rows))
  }

  /** Release: the level below becomes what this one is. */
  release(): void {
    const top = this.#levels.pop() as Map<string, string | null>
    this.#levels[this.#levels.length - 1] = top
  }

  /** Back to the savepoint. */
  rollbackTo(): void {
    this.#levels.pop()
  }

  commit(): void {
    this.#levels = [this.rows]
  }

  rollback(): void {
    this.#levels = this.#levels.slice(0, 1)
  }
}
