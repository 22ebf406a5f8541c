/** A row: what its file says, and the row with which it is deleted. */
export interface ModelRow {
  readonly content: string | null
  readonly parent: string | null
}

type Rows = Map<string, ModelRow>

/**
 * What a database does, in the plainest form: rows are a map, a transaction works on a copy of it, and a savepoint
 * keeps one more.
 */
export class RowModel {
  /** The rows as the next statement sees them. */
  rows: Rows = new Map<string, ModelRow>()
  /** What each open level goes back to: the transaction first, then its savepoints. */
  #before: Rows[] = []

  /** 0 outside a transaction, 1 inside, and one more for each savepoint. */
  get depth(): number {
    return this.#before.length
  }

  /** The rows that are committed. */
  get committed(): ReadonlyMap<string, ModelRow> {
    return this.#before[0] ?? this.rows
  }

  /** Writes what the file of a row says. */
  set(name: string, content: string | null): void {
    this.rows.set(name, { content, parent: this.rows.get(name)?.parent ?? null })
  }

  move(name: string, parent: string | null): void {
    const row = this.rows.get(name)
    if (row) this.rows.set(name, { ...row, parent })
  }

  /** Deletes rows, and those that are under them; returns all of their names. */
  delete(names: readonly string[]): Set<string> {
    const deleted = new Set(names.filter((name) => this.rows.has(name)))
    for (const name of deleted) {
      for (const [child, { parent }] of this.rows) if (parent === name) deleted.add(child)
    }
    for (const name of deleted) this.rows.delete(name)
    return deleted
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

  /** Everything that is open ends: undone, or as it stands. */
  end(how: 'keep' | 'undo'): void {
    if (how === 'undo') this.rows = this.#before[0] ?? this.rows
    this.#before = []
  }
}
