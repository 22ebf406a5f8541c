import type { ModelRow } from './row-model.ts'

/** Writes of rows by name, each with one file, within a transaction or, if none is open, each on its own. */
export interface RowWriter {
  /** Inserts or updates rows in one call. A content of null is a row without a file; `BROKEN` fails to upload. */
  save(contents: ReadonlyMap<string, RowContent>): Promise<void>
  remove(name: string): Promise<void>
  /** One statement that deletes these rows, as far as they exist, without loading them. */
  removeAll(names: readonly string[]): Promise<void>
  /** One statement that takes the files of these rows away. */
  clearAll(names: readonly string[]): Promise<void>
  /** Puts a row under another, with which the database deletes it, or under none. Both exist. */
  move(name: string, parent: string | null): Promise<void>
}

/** What can be seen from outside of every transaction. */
export interface RowObserver {
  /**
   * What is committed, read afresh: the bytes of each row's file as text, and the row under which it is. Rejects where a
   * row has another's file.
   */
  rows(): Promise<Map<string, ModelRow>>
  /** The paths that the committed rows refer to. */
  pathsOfRows(): Promise<string[]>
  /** The paths of all files in all storages. */
  pathsOfFiles(): Promise<string[]>
}

/**
 * An integration with an ORM, as programs drive it: rows by name, each with one file. Transactions are the
 * database's own; outside of one, each write commits itself.
 */
export interface RowDriver extends RowWriter, RowObserver {
  /** True if a statement that fails leaves nothing to do in its transaction but to roll back. @default false */
  readonly errorsAbortTransactions?: boolean

  begin(): Promise<void>
  /** If it rejects, the transaction is rolled back. */
  commit(): Promise<void>
  rollback(): Promise<void>
  savepoint(): Promise<void>
  release(): Promise<void>
  rollbackTo(): Promise<void>
  /** The connection of the open transaction is lost; so the transaction ends, whatever was open in it. */
  kill?(): Promise<void>
  /** Breaks the connection during the COMMIT, so its outcome is unknown. */
  killInCommit?(): Promise<void>

  /** Writes the row with this content in a statement that the database refuses, and rejects. */
  saveRefused(name: string, content: string): Promise<void>
  /** Saves the very object again that was saved last, whatever a rollback has made of it. */
  saveAgain(name: string): Promise<void>
}

/** An integration with an ORM, as several clients drive it at the same time. */
export interface ConcurrentRowDriver extends RowObserver {
  /** Runs in a transaction, on a connection of its own where the database has several; rejects where it rolls back. */
  transaction(action: (rows: RowWriter) => Promise<void>): Promise<void>
  /** Runs within a transaction, and rolls back to where it began if it rejects. */
  savepoint(rows: RowWriter, action: (rows: RowWriter) => Promise<void>): Promise<void>
  /** Ends some connection, whatever it is doing. */
  kill?(): Promise<void>
  /** The ways of writing rows that the ORM has, on the connection of a writer. @default the writer itself */
  ways?(rows: RowWriter): readonly RowWriter[]
  /**
   * True if a write that comes after the end of its transaction may be a write of its own. Else it is refused. Then a
   * transaction that fails while another one is open within it may commit a part, too.
   * @default false
   */
  readonly lateWritesStandAlone?: boolean
}

/** What a row's file says, null for a row without one, or a file whose upload breaks off. */
export type RowContent = string | null | typeof BROKEN

/** A content that fails while it is uploaded. */
export const BROKEN = Symbol('broken')
