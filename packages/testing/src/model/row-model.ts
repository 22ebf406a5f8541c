type Rows = Map<string, string | null>

/**
 * What a database does, in the plainest form: rows are a map, a transaction works on a copy of it, and a savepoint
 * keeps one more.
 */
export class RowModel {
  /** The rows as the next statement sees them. */
  rows: Rows = new Map<string, string | null>()
  /** What each open level goes back to: the transaction first, then its savepoints. */
  readonly #before: Rows[] = []

  /** 0 outside a transaction, 1 inside, and one more for each savepoint. */
  get depth(): number {
    return this.#before.length
  }

  /** The rows that are committed. */
  get committed(): ReadonlyMap<string, string | null> {
    return this.#before[0] ?? this.rows
  }

  /** A transaction begins, or a savepoint. */
  push(): void {
    this.#before.push(new Map(this.rows))
  }

  /** The innermost level ends and stays. */
  keep(): void {
    this.#before.pop()
  }

  /** The innermost level ends and is undone. */
  undo(): void {
    this.rows = this.#before.pop() ?? this.rows
  }
}
