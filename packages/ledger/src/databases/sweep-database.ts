import type { LedgerSession } from '../clients/ledger-client.ts'
import type { TableColumns } from '../ledger-column.ts'

/** What the ledger says of a path. */
export interface LedgerPlace {
  readonly path: string
  /** How many values of rows refer to it. */
  readonly refs: number
  /** Since when no row refers to it, in milliseconds since 1970, until it is deleted. */
  readonly discardedAt: number | undefined
  /** True if it is being deleted, or was. */
  readonly isGone: boolean
  readonly attempts: number
  /** When it is tried again, in milliseconds since 1970; of a deleted file, when the ledger forgets it. */
  readonly retryAt: number | undefined
  readonly lastError: string | undefined
}

/** Some rows of a table, and the start of the next ones. */
export interface RowPage {
  readonly rows: readonly PageRow[]
  /** `undefined` if there are no more. */
  readonly next: readonly unknown[] | undefined
}

/** A row of a page. */
export interface PageRow {
  /** What tells it from other rows of its table. Empty if nothing does. */
  readonly position: readonly unknown[]
  readonly key: Readonly<Record<string, unknown>>
  /** By the name of the column. */
  readonly values: Readonly<Record<string, unknown>>
}

/** The SQL that compares the ledger with the storages. Each function runs on one connection. */
export interface SweepDatabase {
  /** In milliseconds since 1970, by the clock of the database. */
  readonly now: (session: LedgerSession) => Promise<number>
  readonly readState: (session: LedgerSession, name: string) => Promise<string | undefined>
  /** Puts a value instead of `before`. False if another one is there. */
  readonly replaceState: (
    session: LedgerSession,
    name: string,
    values: { before: string | undefined; after: string },
  ) => Promise<boolean>
  /** Those of the paths that the ledger has. */
  readonly places: (session: LedgerSession, paths: readonly string[]) => Promise<LedgerPlace[]>
  /** Has files deleted again that are there although they were deleted. */
  readonly deleteAgain: (session: LedgerSession, paths: readonly string[], lease: number) => Promise<void>
  /** Has drains leave a discarded file alone for so many milliseconds. False if it is not one, or is gone. */
  readonly postpone: (session: LedgerSession, path: string, ms: number) => Promise<boolean>
  /** Rows that have a value in one of the columns, in the order of their key. */
  readonly readPage: (
    session: LedgerSession,
    table: TableColumns,
    page: { after: readonly unknown[] | undefined; limit: number },
  ) => Promise<RowPage>
}

/** True if the file was deleted. It may be there again, as it came late or from a backup. */
export function isDeleted({ isGone, discardedAt }: LedgerPlace): boolean {
  return isGone && discardedAt === undefined
}

/** A row with the columns path, refs, discarded, gone, attempts, retry and error. */
export function placeOf(row: Readonly<Record<string, unknown>>): LedgerPlace {
  const time = (value: unknown) => (value === null ? undefined : Number(value))
  return {
    path: String(row.path),
    refs: Number(row.refs),
    discardedAt: time(row.discarded),
    isGone: row.gone === true || Number(row.gone) === 1,
    attempts: Number(row.attempts),
    retryAt: time(row.retry),
    lastError: typeof row.error === 'string' ? row.error : undefined,
  }
}
