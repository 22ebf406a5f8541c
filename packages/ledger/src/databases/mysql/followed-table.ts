import { FiledepotError } from '@filedepot/core'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import {
  byTable,
  mergeTables,
  noSuchColumn,
  noSuchTable,
  type LedgerColumn,
  type TableColumns,
} from '../../ledger-column.ts'

/** A table whose files the ledger follows, as the catalog knows it. */
export interface FollowedTable {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns that tell rows apart; none if the table has no primary key. */
  readonly key: readonly string[]
}

/**
 * Each table once, also if it was named in several ways.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export async function readTables(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<FollowedTable[]> {
  const tables: FollowedTable[] = []
  for (const wanted of byTable(columns)) tables.push(await readTable(session, wanted))
  return mergeTables(tables, ({ table }) => table)
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export async function readTable(session: LedgerSession, wanted: TableColumns): Promise<FollowedTable> {
  const rows = await session.query(
    `SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_KEY AS k FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [wanted.table],
  )
  const [first] = rows
  if (!first) throw noSuchTable(wanted)
  const columns = wanted.columns.map((column) => {
    const row = rows.find(({ c }) => String(c).toLowerCase() === column.toLowerCase())
    if (!row) throw noSuchColumn(wanted, column)
    return String(row.c)
  })
  await refuseTemporary(session, String(first.t))
  await refuseWithoutTransactions(session, String(first.t))
  const key = rows.filter(({ k }) => k === 'PRI').map(({ c }) => String(c))
  return { table: String(first.t), columns, key }
}

/** A temporary table hides the one of its name on this connection, and cannot be named otherwise. */
async function refuseTemporary(session: LedgerSession, table: string): Promise<void> {
  const [shown] = await session.query(`SHOW CREATE TABLE ${quote(table)}`)
  if (!String(shown?.['Create Table']).startsWith('CREATE TEMPORARY ')) return
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    `The connection of the ledger has a temporary table "${table}", which hides the table of that name. Drop it, or give the ledger its own connections`,
  )
}

/** A row of such a table stays when its statement is refused or rolled back, and its count does not. */
async function refuseWithoutTransactions(session: LedgerSession, table: string): Promise<void> {
  const [found] = await session.query(
    `SELECT t.ENGINE AS engine, e.TRANSACTIONS AS transactions FROM information_schema.TABLES t
      JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = ?`,
    [table],
  )
  if (!found || found.transactions === 'YES') return
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    `Expected the table "${table}" to have an engine with transactions, got ${String(found.engine)}: ALTER TABLE ${quote(table)} ENGINE = InnoDB`,
  )
}

/** A name as it stands in a statement. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
