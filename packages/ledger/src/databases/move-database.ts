import type { LedgerSession } from '../clients/ledger-client.ts'
import type { TableColumns } from '../ledger-column.ts'

/** One column of a table. */
export interface TableColumn extends Omit<TableColumns, 'columns'> {
  readonly column: string
}

/** The values of a column, one by one. Rows are told by their position, which {@link SweepDatabase.readPage} gives. */
export interface ColumnValues {
  /** The text of a value; `undefined` if the row is gone, holds nothing, or cannot be told from others. */
  readonly read: (session: LedgerSession, position: readonly unknown[]) => Promise<string | undefined>
  /** Puts a text instead of another one. False if the row is gone, or holds something else by now. */
  readonly replace: (
    session: LedgerSession,
    position: readonly unknown[],
    texts: { readonly before: string; readonly after: string },
  ) => Promise<boolean>
}

/** The SQL that gives rows other values for their files. Each function runs on one connection. */
export interface MoveDatabase {
  /**
   * Notes files that rows are about to refer to. If none does within so many milliseconds, drains delete them. What rows refer
   * to, and what is gone, stays as it is.
   */
  readonly reserve: (session: LedgerSession, paths: readonly string[], ms: number) => Promise<void>
  /** Drains leave these files alone for so many milliseconds, also if rows give them up meanwhile. */
  readonly hold: (session: LedgerSession, paths: readonly string[], ms: number) => Promise<void>
  /** @throws FiledepotError `INVALID_ARGUMENT` if there is no such table or column */
  readonly columnValues: (session: LedgerSession, column: TableColumn) => Promise<ColumnValues>
}
