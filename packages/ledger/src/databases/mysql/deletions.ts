import type { LedgerSession } from '../../clients/ledger-client.ts'
import { CLOCK_TOLERANCE, RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import type { DueOptions, FailedDeletion, LedgerStats, TakenFile } from '../database.ts'
import { FAILURES, statsOf } from '../stats-of.ts'
import { readCommitted } from './read-committed.ts'

const NOW = 'UTC_TIMESTAMP(6)'
/** Milliseconds from now. */
const fromNow = (ms: string) => `${NOW} + INTERVAL (${ms}) * 1000 MICROSECOND`

/** What stands before the slash. */
const NAME = "SUBSTRING_INDEX(path, '/', 1)"

export async function discardedNames(session: LedgerSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT DISTINCT ${NAME} AS name FROM filedepot_files WHERE discarded_at IS NOT NULL AND path LIKE '%_/_%'`,
  )
  return rows.map(({ name }) => String(name))
}

export async function renameDiscarded(
  session: LedgerSession,
  { name, storage, limit }: { name: string; storage: string; limit: number },
): Promise<number> {
  await readCommitted(session)
  await session.query('START TRANSACTION')
  const rows = await session.query(
    `SELECT path FROM filedepot_files WHERE discarded_at IS NOT NULL AND refs = 0 AND ${NAME} = ? LIMIT ? FOR UPDATE SKIP LOCKED`,
    [name, limit],
  )
  const paths = rows.map(({ path }) => String(path)).sort()
  if (paths.length > 0) {
    await session.query(
      `INSERT INTO filedepot_files (path, refs, discarded_at)
        SELECT CONCAT(?, SUBSTRING(path, CHAR_LENGTH(?) + 1)), 0, discarded_at FROM filedepot_files old WHERE path IN (?) ORDER BY 1
        ON DUPLICATE KEY UPDATE refs = filedepot_files.refs`,
      [storage, name, paths],
    )
    await session.query('DELETE FROM filedepot_files WHERE path IN (?)', [paths])
  }
  await session.query('COMMIT')
  return paths.length
}

/**
 * Others take others. At READ COMMITTED, as only the rows that are taken are to be locked. The lock on the flag keeps an
 * installation waiting until these files are marked.
 */
export async function takeDue(session: LedgerSession, options: DueOptions): Promise<TakenFile[]> {
  await readCommitted(session)
  await session.query('START TRANSACTION')
  const taken = await take(session, options)
  await session.query(taken.length === 0 ? 'ROLLBACK' : 'COMMIT')
  return taken
}

async function take(
  session: LedgerSession,
  { storages, retention, lease, limit }: DueOptions,
): Promise<TakenFile[]> {
  const ready = await session.query("SELECT 1 FROM filedepot_state WHERE name = 'ready' LOCK IN SHARE MODE")
  if (ready.length === 0) return []
  const rows = await session.query(
    `SELECT path, attempts FROM filedepot_files
      WHERE discarded_at <= ${NOW} - INTERVAL (?) * 1000 MICROSECOND AND refs = 0 AND (retry_at IS NULL OR retry_at <= ${NOW})
        AND (${NAME} IN (?) OR path NOT LIKE '%_/_%') AND path <> '!unreadable'
      ORDER BY discarded_at LIMIT ? FOR UPDATE SKIP LOCKED`,
    [retention, storages.length > 0 ? storages : [''], limit],
  )
  // A statement of its own, which sees all that was committed with what has discarded these files.
  if (rows.length === 0 || (await unreadable(session)) > 0) return []
  const taken = rows.map(({ path, attempts }) => ({
    path: String(path),
    attempts: Math.min(Number(attempts) + 1, 30_000),
  }))
  await session.query(
    `UPDATE filedepot_files SET gone = 1, attempts = LEAST(attempts + 1, 30000), retry_at = ${fromNow('?')} WHERE path IN (?)`,
    [lease, taken.map(({ path }) => path)],
  )
  return taken
}

export async function deleted(session: LedgerSession, taken: readonly TakenFile[]): Promise<void> {
  for (const [attempts, paths] of byAttempts(taken)) {
    await readCommitted(session)
    await session.query(
      `UPDATE filedepot_files SET discarded_at = NULL, last_error = NULL, retry_at = ${fromNow('?')}
        WHERE path IN (?) AND attempts = ? AND gone`,
      [TOMBSTONE, paths, attempts],
    )
  }
}

/** Nearly all files are deleted at the first try. */
function byAttempts(taken: readonly TakenFile[]): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const { path, attempts } of taken) {
    const group = groups.get(attempts)
    if (group) group.push(path)
    else groups.set(attempts, [path])
  }
  return groups
}

export async function failed(session: LedgerSession, failures: readonly FailedDeletion[]): Promise<void> {
  for (const { path, attempts, message, isFinal } of failures) {
    const pause = `LEAST(${RETRY_LONGEST}, ${RETRY_FIRST} * POW(2, LEAST(attempts, 30) - 1))`
    await readCommitted(session)
    await session.query(
      `UPDATE filedepot_files SET last_error = ?, retry_at = ${fromNow(isFinal ? String(TOMBSTONE) : pause)}${isFinal ? ', discarded_at = NULL' : ''}
        WHERE path = ? AND attempts = ? AND gone AND discarded_at IS NOT NULL`,
      [message, path, attempts],
    )
  }
}

/** Only if the clock was set back: no try is so far away. */
export async function correctTimes(session: LedgerSession): Promise<void> {
  const latest = fromNow(String(RETRY_LONGEST))
  await readCommitted(session)
  await session.query(
    `UPDATE filedepot_files SET discarded_at = LEAST(discarded_at, ${NOW}), retry_at = IF(gone, LEAST(retry_at, ${latest}), retry_at)
      WHERE discarded_at IS NOT NULL AND (discarded_at > ${fromNow(String(CLOCK_TOLERANCE))}
        OR gone AND retry_at > ${fromNow(String(RETRY_LONGEST + CLOCK_TOLERANCE))})`,
  )
}

export async function forget(session: LedgerSession, limit: number): Promise<void> {
  const due = `retry_at <= ${NOW} AND gone AND discarded_at IS NULL AND refs <= 0`
  // A DELETE that looks for them would wait for the transactions that hold other rows.
  const rows = await session.query(`SELECT path FROM filedepot_files WHERE ${due} ORDER BY path LIMIT ?`, [
    limit,
  ])
  if (rows.length === 0) return
  await readCommitted(session)
  await session.query(`DELETE FROM filedepot_files WHERE path IN (?) AND ${due}`, [
    rows.map(({ path }) => String(path)),
  ])
}

export async function unreadable(session: LedgerSession): Promise<number> {
  const [row] = await session.query("SELECT refs FROM filedepot_files WHERE path = '!unreadable'")
  return Number(row?.refs ?? 0)
}

export async function usedAfter(session: LedgerSession, after: string): Promise<string | undefined> {
  const [row] = await session.query(
    'SELECT path FROM filedepot_files WHERE path > ? AND refs > 0 ORDER BY path LIMIT 1',
    [after],
  )
  return row && String(row.path)
}

export async function waiting(session: LedgerSession): Promise<number> {
  const [row] = await session.query(
    "SELECT COUNT(*) AS waiting FROM filedepot_files WHERE discarded_at IS NOT NULL AND path <> '!unreadable'",
  )
  return Number(row?.waiting)
}

export async function stats(session: LedgerSession): Promise<LedgerStats> {
  const storages = await session.query(
    `SELECT ${NAME} AS name, COALESCE(SUM(refs > 0), 0) AS used, COALESCE(SUM(discarded_at IS NOT NULL), 0) AS waiting,
      COALESCE(SUM(discarded_at IS NOT NULL AND last_error IS NOT NULL), 0) AS failing, FLOOR(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', MIN(discarded_at)) / 1000) AS oldest
      FROM filedepot_files WHERE path <> '!unreadable' GROUP BY 1`,
  )
  const failures = await session.query(
    `SELECT path, attempts, last_error AS error FROM filedepot_files
      WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL ORDER BY attempts DESC, path LIMIT ${FAILURES}`,
  )
  return statsOf({ storages, failures, unreadable: await unreadable(session) })
}
