import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { Reconciled } from '../database.ts'
import { ADD, anyPaths, quote, readTables, type FollowedTable } from './followed-table.ts'

/** Enough to see what is wrong. */
const NAMED = 100

/** One transaction for all of it: SQLite has one writer anyway, and so nobody adds the same differences twice. */
export async function reconcile(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Reconciled> {
  const counted: string[] = []
  for (const table of await readTables(session, columns))
    counted.push(...table.columns.map((column) => countedOf(table, column)))
  const rows = counted
    .map((paths) => `SELECT p, 1 AS d, 0 AS g FROM (${paths}) WHERE p IS NOT NULL`)
    .join(' UNION ALL ')
  await session.query(
    [
      'BEGIN IMMEDIATE',
      'DROP TABLE IF EXISTS temp.filedepot_delta',
      `CREATE TEMPORARY TABLE filedepot_delta AS SELECT p AS path, sum(d) AS d, max(g) AS gone FROM (
        ${rows} UNION ALL SELECT path, CASE WHEN gone THEN 0 ELSE -refs END, gone FROM main.filedepot_files
      ) GROUP BY p HAVING sum(d) <> 0`,
      `INSERT INTO main.filedepot_files (path, refs) SELECT path, d FROM temp.filedepot_delta WHERE NOT gone ${ADD}`,
      'COMMIT',
    ].join(';\n'),
  )
  const [answer] = await session.query('SELECT count(*) AS repaired FROM temp.filedepot_delta WHERE NOT gone')
  const dangling = await session.query(
    `SELECT path FROM temp.filedepot_delta WHERE gone ORDER BY path LIMIT ${NAMED}`,
  )
  await session.query('DROP TABLE temp.filedepot_delta')
  return { repaired: Number(answer?.repaired), dangling: dangling.map(({ path }) => String(path)) }
}

/** Each path once for each row. */
function countedOf({ table, key }: FollowedTable, column: string): string {
  const keys = key.map((name) => `r.${name}`)
  return anyPaths(`r.${quote(column)}`, { from: `main.${quote(table)} r, `, keys })
}
