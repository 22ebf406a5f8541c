import { hasDatabaseCode } from '../../clients/database-code.ts'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import { commitDurably } from './commit-durably.ts'
import type { PostgresNames } from './names.ts'

/** How long it is waited for a transaction that refers to one of the files. */
const LOCK_TIMEOUT = '50ms'
/** lock_not_available */
const LOCK_NOT_AVAILABLE = ['55P03']

/** The paths that the ledger has, as far as is committed. */
export async function knownOf(
  { files }: PostgresNames,
  session: LedgerSession,
  paths: readonly string[],
): Promise<string[]> {
  const rows = await session.query(`SELECT path FROM ${files} WHERE path = ANY($1)`, [paths])
  return rows.map(({ path }) => String(path))
}

/**
 * The key of the table decides: a transaction that has referred to a file and is open yet is waited for. The lock on the flag
 * keeps an installation waiting meanwhile, which might count a row that refers to one of the files.
 */
export async function bury(
  { files, state }: PostgresNames,
  session: LedgerSession,
  paths: readonly string[],
  lease: number,
): Promise<string[] | undefined> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  await session.query('SAVEPOINT filedepot_bury')
  await commitDurably(session)
  await session.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`)
  let buried: string[] | undefined
  try {
    const ready = await session.query(`SELECT 1 FROM ${state} WHERE name = 'ready' FOR SHARE`)
    const rows = await session.query(
      `INSERT INTO ${files} (path, refs, gone, discarded_at, attempts, retry_at)
        SELECT p, 0, true, now(), 1, now() + make_interval(secs => $2::float8 / 1000) FROM unnest($1::text[]) p ORDER BY p
        ON CONFLICT (path) DO NOTHING RETURNING path`,
      [ready.length > 0 ? paths : [], lease],
    )
    buried = rows.map(({ path }) => String(path))
    await session.query('RELEASE SAVEPOINT filedepot_bury')
  } catch (error) {
    if (!hasDatabaseCode(error, LOCK_NOT_AVAILABLE)) throw error
    await session.query('ROLLBACK TO SAVEPOINT filedepot_bury')
  }
  await session.query('COMMIT')
  return buried
}
