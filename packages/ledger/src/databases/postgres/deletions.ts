import type { LedgerSession } from '../../clients/ledger-client.ts'
import { RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import type { DueOptions, FailedDeletion, LedgerStats } from '../database.ts'
import { statsOf } from '../stats-of.ts'
import type { PostgresNames } from './names.ts'

/** Milliseconds as an interval. */
const ms = (parameter: string) => `make_interval(secs => ${parameter}::float8 / 1000)`

/** Others take others. A deletion that never ended, as its process was killed, is due again after the lease. */
export async function takeDue(
  { files, state }: PostgresNames,
  session: LedgerSession,
  { retention, lease, limit }: DueOptions,
): Promise<string[]> {
  const rows = await session.query(
    `UPDATE ${files} f SET gone = true, attempts = least(attempts + 1, 30000), retry_at = now() + ${ms('$2')}
      FROM (
        SELECT path FROM ${files}
        WHERE discarded_at <= now() - ${ms('$1')} AND refs = 0 AND (retry_at IS NULL OR retry_at <= now())
          AND path <> '!unreadable' AND EXISTS (SELECT 1 FROM ${state} WHERE name = 'ready')
        ORDER BY discarded_at LIMIT $3 FOR UPDATE SKIP LOCKED
      ) due WHERE f.path = due.path RETURNING f.path`,
    [retention, lease, limit],
  )
  return rows.map(({ path }) => String(path))
}

export async function deleted(
  { files }: PostgresNames,
  session: LedgerSession,
  paths: readonly string[],
): Promise<void> {
  await session.query(
    `UPDATE ${files} SET discarded_at = NULL, last_error = NULL, retry_at = now() + ${ms('$2')} WHERE path = ANY($1) AND gone`,
    [paths, TOMBSTONE],
  )
}

export async function failed(
  { files }: PostgresNames,
  session: LedgerSession,
  failures: readonly FailedDeletion[],
): Promise<void> {
  await session.query(
    `UPDATE ${files} f SET last_error = e.message,
        retry_at = now() + ${ms(`least(${RETRY_LONGEST}, ${RETRY_FIRST} * power(2, least(f.attempts, 30) - 1))`)}
      FROM unnest($1::text[], $2::text[]) e (path, message) WHERE f.path = e.path AND f.gone AND f.discarded_at IS NOT NULL`,
    [failures.map(({ path }) => path), failures.map(({ message }) => message)],
  )
}

export async function forget({ files }: PostgresNames, session: LedgerSession, limit: number): Promise<void> {
  await session.query(
    `DELETE FROM ${files} WHERE path IN (
      SELECT path FROM ${files} WHERE gone AND discarded_at IS NULL AND retry_at <= now() LIMIT $1)`,
    [limit],
  )
}

export async function stats({ files }: PostgresNames, session: LedgerSession): Promise<LedgerStats> {
  const [row] = await session.query(
    `SELECT count(*) FILTER (WHERE refs > 0 AND path <> '!unreadable') AS used, count(*) FILTER (WHERE discarded_at IS NOT NULL AND path <> '!unreadable') AS waiting,
      count(*) FILTER (WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL) AS failing,
      coalesce(sum(refs) FILTER (WHERE path = '!unreadable'), 0) AS unreadable FROM ${files}`,
  )
  return statsOf(row)
}
