import type { LedgerSession } from '../../clients/ledger-client.ts'
import { CLOCK_TOLERANCE, RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import type { DueOptions, FailedDeletion, LedgerStats, TakenFile } from '../database.ts'
import { commitDurably } from './commit-durably.ts'
import { FAILURES, statsOf } from '../stats-of.ts'

/** Milliseconds since 1970. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"

/** What stands before the slash. */
const NAME = "substr(path, 1, instr(path, '/') - 1)"

export async function discardedNames(session: LedgerSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT DISTINCT ${NAME} AS name FROM main.filedepot_files WHERE discarded_at IS NOT NULL AND path LIKE '%_/_%'`,
  )
  return rows.map(({ name }) => String(name))
}

/** The new name first: a process that is killed in between leaves both. */
export async function renameDiscarded(
  session: LedgerSession,
  { name, storage, limit }: { name: string; storage: string; limit: number },
): Promise<number> {
  const old = `SELECT path FROM main.filedepot_files WHERE discarded_at IS NOT NULL AND refs = 0 AND ${NAME} = ? ORDER BY path LIMIT ?`
  await session.query(
    `INSERT INTO main.filedepot_files (path, refs, discarded_at)
      SELECT ? || substr(path, length(?) + 1), 0, discarded_at FROM main.filedepot_files WHERE path IN (${old}) ON CONFLICT (path) DO NOTHING`,
    [storage, name, name, limit],
  )
  const rows = await session.query(
    `DELETE FROM main.filedepot_files WHERE path IN (${old})
      AND ? || substr(path, length(?) + 1) IN (SELECT path FROM main.filedepot_files) RETURNING path`,
    [name, limit, storage, name],
  )
  return rows.length
}

/** One statement, and so one transaction of the one writer: no installation counts the rows beside it. */
export async function takeDue(
  session: LedgerSession,
  { storages, retention, lease, limit }: DueOptions,
): Promise<TakenFile[]> {
  return await commitDurably(session, async () => {
    const rows = await session.query(
      `UPDATE main.filedepot_files SET gone = 1, attempts = attempts + 1, retry_at = ${NOW} + ?
      WHERE path IN (
        SELECT path FROM main.filedepot_files
        WHERE discarded_at <= ${NOW} - ? AND refs = 0 AND (retry_at IS NULL OR retry_at <= ${NOW}) AND path <> '!unreadable'
          AND (${NAME} IN (SELECT value FROM json_each(?)) OR path NOT LIKE '%_/_%')
          AND EXISTS (SELECT 1 FROM main.filedepot_state WHERE name = 'ready')
          AND NOT EXISTS (SELECT 1 FROM main.filedepot_files WHERE path = '!unreadable' AND refs > 0)
        ORDER BY discarded_at LIMIT ?
      ) RETURNING path, attempts`,
      [lease, retention, JSON.stringify(storages), limit],
    )
    return rows.map(({ path, attempts }) => ({ path: String(path), attempts: Number(attempts) }))
  })
}

export async function deleted(session: LedgerSession, taken: readonly TakenFile[]): Promise<void> {
  await session.query(
    `UPDATE main.filedepot_files SET discarded_at = NULL, last_error = NULL, retry_at = ${NOW} + ?
      FROM json_each(?) t WHERE filedepot_files.path = t.value ->> 'path' AND attempts = t.value ->> 'attempts' AND gone`,
    [TOMBSTONE, JSON.stringify(taken)],
  )
}

export async function failed(session: LedgerSession, failures: readonly FailedDeletion[]): Promise<void> {
  await session.query(
    `UPDATE main.filedepot_files SET last_error = e.value ->> 'message',
        discarded_at = iif(e.value ->> 'isFinal', NULL, discarded_at),
        retry_at = ${NOW} + iif(e.value ->> 'isFinal', ${TOMBSTONE}, min(${RETRY_LONGEST}, ${RETRY_FIRST} * (1 << min(attempts - 1, 30))))
      FROM json_each(?) e WHERE filedepot_files.path = e.value ->> 'path' AND attempts = e.value ->> 'attempts'
        AND gone AND discarded_at IS NOT NULL`,
    [JSON.stringify(failures)],
  )
}

/** Only if the clock was set back: no try is so far away. */
export async function correctTimes(session: LedgerSession): Promise<void> {
  await session.query(
    `UPDATE main.filedepot_files SET discarded_at = min(discarded_at, ${NOW}), retry_at = iif(gone, min(retry_at, ${NOW} + ${RETRY_LONGEST}), retry_at)
      WHERE discarded_at IS NOT NULL AND (discarded_at > ${NOW} + ${CLOCK_TOLERANCE}
        OR gone AND retry_at > ${NOW} + ${RETRY_LONGEST + CLOCK_TOLERANCE})`,
  )
}

export async function forget(session: LedgerSession, limit: number): Promise<void> {
  await session.query(
    `DELETE FROM main.filedepot_files WHERE path IN (
      SELECT path FROM main.filedepot_files WHERE retry_at <= ${NOW} AND gone AND discarded_at IS NULL AND refs <= 0 LIMIT ?)`,
    [limit],
  )
}

export async function unreadable(session: LedgerSession): Promise<number> {
  const [row] = await session.query("SELECT refs FROM main.filedepot_files WHERE path = '!unreadable'")
  return Number(row?.refs ?? 0)
}

export async function usedAfter(session: LedgerSession, after: string): Promise<string | undefined> {
  const [row] = await session.query(
    'SELECT path FROM main.filedepot_files WHERE path > ? AND refs > 0 ORDER BY path LIMIT 1',
    [after],
  )
  return row && String(row.path)
}

export async function waiting(session: LedgerSession): Promise<number> {
  const [row] = await session.query(
    "SELECT count(*) AS waiting FROM main.filedepot_files WHERE discarded_at IS NOT NULL AND path <> '!unreadable'",
  )
  return Number(row?.waiting)
}

export async function stats(session: LedgerSession): Promise<LedgerStats> {
  const storages = await session.query(
    `SELECT ${NAME} AS name, count(*) FILTER (WHERE refs > 0) AS used, count(*) FILTER (WHERE discarded_at IS NOT NULL) AS waiting,
      count(*) FILTER (WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL) AS failing, min(discarded_at) AS oldest
      FROM main.filedepot_files WHERE path <> '!unreadable' GROUP BY 1`,
  )
  const failures = await session.query(
    `SELECT path, attempts, last_error AS error FROM main.filedepot_files
      WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL ORDER BY attempts DESC, path LIMIT ${FAILURES}`,
  )
  return statsOf({ storages, failures, unreadable: await unreadable(session) })
}
