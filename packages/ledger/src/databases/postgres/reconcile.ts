import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { Reconciled } from '../database.ts'
import { deltasOf, nameOf, readTables } from './followed-table.ts'
import type { PostgresNames } from './names.ts'

/** Paths in one statement; the rows of the ledger that it touches are locked for so long. */
const BATCH = 1000
/** Enough to see what is wrong. */
const NAMED = 100

/**
 * One statement sees the rows and the counts at the same moment. What it finds are differences, which commute with those of
 * the writers that go on meanwhile.
 */
export async function reconcile(
  names: PostgresNames,
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Reconciled> {
  const counted: string[] = []
  for (const table of await readTables(session, columns)) {
    const rows = table.isPartitioned ? nameOf(table) : `ONLY ${nameOf(table)}`
    counted.push(deltasOf(names, table, { from: `${rows} r`, row: 'r', sign: 1 }))
  }
  await session.query('DROP TABLE IF EXISTS pg_temp.filedepot_delta')
  // If a policy would hide rows of this user, PostgreSQL fails then, and no count is too low.
  await session.query('SET row_security = off')
  await session.query(
    `CREATE TEMPORARY TABLE filedepot_delta AS
      SELECT p AS path, sum(d)::int AS d, bool_or(g) AS gone FROM (
        SELECT p, d, false AS g FROM (${counted.join(' UNION ALL ')}) c
        UNION ALL SELECT path, CASE WHEN gone THEN 0 ELSE -refs END, gone FROM ${names.files}
      ) x GROUP BY p HAVING sum(d) <> 0`,
  )
  await session.query('RESET row_security')
  const dangling = await session.query(
    `SELECT path FROM pg_temp.filedepot_delta WHERE gone ORDER BY path LIMIT ${NAMED}`,
  )
  const repaired = await addDeltas(names, session)
  await session.query('DROP TABLE pg_temp.filedepot_delta')
  return { repaired, dangling: dangling.map(({ path }) => String(path)) }
}

async function addDeltas({ files }: PostgresNames, session: LedgerSession): Promise<number> {
  let repaired = 0
  for (let last: unknown = ''; ;) {
    const rows = await session.query(
      `WITH batch AS (
        SELECT path, d FROM pg_temp.filedepot_delta WHERE NOT gone AND path COLLATE "C" > $1 ORDER BY path COLLATE "C" LIMIT ${BATCH}
      ), added AS (
        INSERT INTO ${files} AS f (path, refs) SELECT path, d FROM batch ORDER BY path COLLATE "C"
        ON CONFLICT (path) DO UPDATE SET refs = f.refs + excluded.refs,
          discarded_at = CASE WHEN f.gone THEN f.discarded_at WHEN f.refs + excluded.refs = 0 THEN clock_timestamp() END
      ) SELECT path FROM batch ORDER BY path COLLATE "C"`,
      [last],
    )
    repaired += rows.length
    if (rows.length < BATCH) return repaired
    last = rows.at(-1)?.path
  }
}
