import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { Reconciled } from '../database.ts'
import { readTables } from './followed-table.ts'
import { ADD, pathsOf } from './paths.ts'
import { readCommitted } from './read-committed.ts'

/** Paths in one statement; the rows of the ledger that it touches are locked for so long. */
const BATCH = 1000
/** Enough to see what is wrong. */
const NAMED = 100

/**
 * One statement sees the rows and the counts at the same moment. What it finds are differences, which commute with those of
 * the writers that go on meanwhile. At REPEATABLE READ it would lock the rows that it reads.
 */
export async function reconcile(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Reconciled> {
  const counted: string[] = []
  for (const table of await readTables(session, columns))
    counted.push(...table.columns.map((column) => pathsOf(table, column)))
  await session.query('DROP TEMPORARY TABLE IF EXISTS filedepot_delta')
  await readCommitted(session)
  await session.query(
    `CREATE TEMPORARY TABLE filedepot_delta (path varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, d int NOT NULL, lost boolean NOT NULL)
      SELECT p AS path, SUM(d) AS d, MAX(g) AS lost FROM (
        ${counted.map((paths) => `SELECT p, 1 AS d, 0 AS g FROM (${paths}) c`).join(' UNION ALL ')}
        UNION ALL SELECT path, IF(gone, 0, -refs), gone FROM filedepot_files
      ) x GROUP BY p HAVING SUM(d) <> 0`,
  )
  const dangling = await session.query(
    `SELECT path FROM filedepot_delta WHERE lost ORDER BY path LIMIT ${NAMED}`,
  )
  const repaired = await addDeltas(session)
  await session.query('DROP TEMPORARY TABLE filedepot_delta')
  return { repaired, dangling: dangling.map(({ path }) => String(path)) }
}

async function addDeltas(session: LedgerSession): Promise<number> {
  let repaired = 0
  for (let last: unknown = ''; ;) {
    const rows = await session.query(
      `SELECT path FROM filedepot_delta WHERE NOT lost AND path > ? ORDER BY path LIMIT ${BATCH}`,
      [last],
    )
    if (rows.length > 0) {
      await session.query(
        `INSERT INTO filedepot_files (path, refs) SELECT path, d FROM filedepot_delta WHERE NOT lost AND path > ? AND path <= ? ORDER BY path ${ADD}`,
        [last, rows.at(-1)?.path],
      )
    }
    repaired += rows.length
    if (rows.length < BATCH) return repaired
    last = rows.at(-1)?.path
  }
}
