/**
 * An integration with an ORM, as programs drive it: rows by name, each with one file. Transactions are the
 * database's own; outside of one, each write commits itself.
 */
export interface RowDriver {
  begin(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  savepoint(): Promise<void>
  release(): Promise<void>
  rollbackTo(): Promise<void>

  /** Inserts or updates rows in one call. A content of null is a row without a file; `'broken'` fails to upload. */
  save(contents: ReadonlyMap<string, RowContent>): Promise<void>
  /** Writes the row with this content in a statement that the database refuses, and rejects. */
  saveRefused(name: string, content: string): Promise<void>
  /** Saves the very object again that was saved last, whatever a rollback has made of it. */
  saveAgain(name: string): Promise<void>
  remove(name: string): Promise<void>
  /** One statement that deletes these rows, as far as they exist, without loading them. */
  removeAll(names: readonly string[]): Promise<void>
  /** One statement that takes the files of these rows away. */
  clearAll(names: readonly string[]): Promise<void>

  /** What is committed, read afresh: the bytes of each row's file as text. */
  rows(): Promise<Map<string, string | null>>
  /** The paths that the committed rows refer to. */
  pathsOfRows(): Promise<string[]>
  /** The paths of all files in all storages. */
  pathsOfFiles(): Promise<string[]>
}

/** What a row's file says, null for a row without one, or a file whose upload breaks off. */
export type RowContent = string | null | typeof BROKEN

/** A content that fails while it is uploaded. */
export const BROKEN = Symbol('broken')
