import type { LedgerSession } from '../../clients/ledger-client.ts'
import { CLOCK_TOLERANCE, RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import type { DueOptions, FailedDeletion, LedgerStats, TakenFile } from '../database.ts'
import { commitDurably } from './commit-durably.ts'
import { FAILURES, statsOf } from '../stats-of.ts'
import type { PostgresNames } from './names.ts'

/** Milliseconds as an interval. */
const ms = (parameter: string) => `make_interval(secs => ${parameter}::float8 / 1000)`

/** What stands before the slash. */
const NAME = "split_part(path, '/', 1)"

export async function discardedNames({ files }: PostgresNames, session: LedgerSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT DISTINCT ${NAME} AS name FROM ${files} WHERE discarded_at IS NOT NULL AND path LIKE '%_/_%'`,
  )
  return rows.map(({ name }) => String(name))
}

export async function renameDiscarded(
  { files }: PostgresNames,
  session: LedgerSession,
  { name, storage, limit }: { name: string; storage: string; limit: number },
): Promise<number> {
  const rows = await session.query(
    `WITH old AS (
        DELETE FROM ${files} WHERE path IN (
          SELECT path FROM ${files} WHERE discarded_at IS NOT NULL AND refs = 0 AND ${NAME} = $1 LIMIT $3 FOR UPDATE SKIP LOCKED
        ) RETURNING path, discarded_at
      ), renamed AS (
        INSERT INTO ${files} (path, refs, discarded_at)
        SELECT $2::text || substr(path, length($1) + 1), 0, discarded_at FROM old ORDER BY 1 ON CONFLICT (path) DO NOTHING
      ) SELECT path FROM old`,
    [name, storage, limit],
  )
  return rows.length
}

/**
 * Others take others. A deletion that never ended, as its process was killed, is due again after the lease. The lock on the
 * flag keeps an installation waiting until these files are marked.
 */
export async function takeDue(
  { files, state }: PostgresNames,
  session: LedgerSession,
  { storages, retention, lease, limit }: DueOptions,
): Promise<TakenFile[]> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  await commitDurably(session)
  const ready = await session.query(`SELECT 1 FROM ${state} WHERE name = 'ready' FOR SHARE`)
  const rows =
    ready.length === 0
      ? []
      : await session.query(
          `UPDATE ${files} f SET gone = true, attempts = least(attempts + 1, 30000), retry_at = now() + ${ms('$2')}
            FROM (
              SELECT path FROM ${files}
              WHERE discarded_at <= now() - ${ms('$1')} AND refs = 0 AND (retry_at IS NULL OR retry_at <= now())
                AND (${NAME} = ANY($4) OR path NOT LIKE '%_/_%') AND path <> '!unreadable' AND NOT EXISTS (SELECT 1 FROM ${files} WHERE path = '!unreadable' AND refs > 0)
              ORDER BY discarded_at LIMIT $3 FOR UPDATE SKIP LOCKED
            ) due WHERE f.path = due.path RETURNING f.path, f.attempts`,
          [retention, lease, limit, storages],
        )
  await session.query('COMMIT')
  return rows.map(({ path, attempts }) => ({ path: String(path), attempts: Number(attempts) }))
}

export async function deleted(
  { files }: PostgresNames,
  session: LedgerSession,
  taken: readonly TakenFile[],
): Promise<void> {
  await session.query(
    `UPDATE ${files} f SET discarded_at = NULL, last_error = NULL, retry_at = now() + ${ms('$3')}
      FROM unnest($1::text[], $2::int[]) t (path, attempts) WHERE f.path = t.path AND f.attempts = t.attempts AND f.gone`,
    [taken.map(({ path }) => path), taken.map(({ attempts }) => attempts), TOMBSTONE],
  )
}

export async function failed(
  { files }: PostgresNames,
  session: LedgerSession,
  failures: readonly FailedDeletion[],
): Promise<void> {
  await session.query(
    `UPDATE ${files} f SET last_error = e.message, discarded_at = CASE WHEN NOT e.final THEN f.discarded_at END,
        retry_at = now() + ${ms(`CASE WHEN e.final THEN ${TOMBSTONE} ELSE least(${RETRY_LONGEST}, ${RETRY_FIRST} * power(2, least(f.attempts, 30) - 1)) END`)}
      FROM unnest($1::text[], $2::int[], $3::text[], $4::bool[]) e (path, attempts, message, final)
      WHERE f.path = e.path AND f.attempts = e.attempts AND f.gone AND f.discarded_at IS NOT NULL`,
    [
      failures.map(({ path }) => path),
      failures.map(({ attempts }) => attempts),
      failures.map(({ message }) => message),
      failures.map(({ isFinal }) => isFinal),
    ],
  )
}

/** Only if the clock was set back: no try is so far away. */
export async function correctTimes({ files }: PostgresNames, session: LedgerSession): Promise<void> {
  await session.query(
    `UPDATE ${files} SET discarded_at = least(discarded_at, clock_timestamp()), retry_at = CASE WHEN gone THEN least(retry_at, now() + ${ms('$1')}) ELSE retry_at END
      WHERE discarded_at IS NOT NULL AND (discarded_at > clock_timestamp() + ${ms('$2')} OR gone AND retry_at > now() + ${ms('$1')} + ${ms('$2')})`,
    [RETRY_LONGEST, CLOCK_TOLERANCE],
  )
}

export async function forget({ files }: PostgresNames, session: LedgerSession, limit: number): Promise<void> {
  await session.query(
    `DELETE FROM ${files} WHERE path IN (
      SELECT path FROM ${files} WHERE gone AND discarded_at IS NULL AND refs <= 0 AND retry_at <= now() LIMIT $1)`,
    [limit],
  )
}

export async function usedAfter(
  { files }: PostgresNames,
  session: LedgerSession,
  after: string,
): Promise<string | undefined> {
  const [row] = await session.query(
    `SELECT path FROM ${files} WHERE path > $1 AND refs > 0 ORDER BY path LIMIT 1`,
    [after],
  )
  return row && String(row.path)
}

export async function waiting({ files }: PostgresNames, session: LedgerSession): Promise<number> {
  const [row] = await session.query(
    `SELECT count(*) AS waiting FROM ${files} WHERE discarded_at IS NOT NULL AND path <> '!unreadable'`,
  )
  return Number(row?.waiting)
}

export async function unreadable(
  { files }: Pick<PostgresNames, 'files'>,
  session: LedgerSession,
): Promise<number> {
  const [row] = await session.query(`SELECT refs FROM ${files} WHERE path = '!unreadable'`)
  return Number(row?.refs ?? 0)
}

export async function stats({ files }: PostgresNames, session: LedgerSession): Promise<LedgerStats> {
  const storages = await session.query(
    `SELECT ${NAME} AS name, count(*) FILTER (WHERE refs > 0) AS used, count(*) FILTER (WHERE discarded_at IS NOT NULL) AS waiting,
      count(*) FILTER (WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL) AS failing, floor(extract(epoch FROM min(discarded_at)) * 1000)::float8 AS oldest
      FROM ${files} WHERE path <> '!unreadable' GROUP BY 1`,
  )
  const failures = await session.query(
    `SELECT path, attempts, last_error AS error FROM ${files}
      WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL ORDER BY attempts DESC, path LIMIT ${FAILURES}`,
  )
  return statsOf({ storages, failures, unreadable: await unreadable({ files }, session) })
}
