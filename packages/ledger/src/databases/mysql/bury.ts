import { hasDatabaseCode } from '../../clients/database-code.ts'
import { readCommitted } from './read-committed.ts'
import type { LedgerRow, LedgerSession } from '../../clients/ledger-client.ts'

/** How long it is waited for a transaction that refers to one of the files, in seconds: the least that there is. */
const LOCK_TIMEOUT = 1
/** ER_LOCK_WAIT_TIMEOUT */
const LOCK_WAIT_TIMEOUT = ['1205']

/** The paths that the ledger has, as far as is committed. */
export async function knownOf(session: LedgerSession, paths: readonly string[]): Promise<string[]> {
  const rows = await session.query('SELECT path FROM filedepot_files WHERE path IN (?)', [paths])
  return rows.map(({ path }) => String(path))
}

/**
 * A transaction that has referred to a file and is open yet would be waited for, for as long as it takes. So it is looked for
 * first, by a read of what is not committed; one that comes between the look and the mark is waited for a second.
 *
 * Each mark is a transaction of its own: with the locks of several, InnoDB might choose a transaction of the application as the
 * victim of a deadlock.
 */
export async function bury(
  session: LedgerSession,
  paths: readonly string[],
  lease: number,
): Promise<string[]> {
  await session.query('SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED')
  const seen = new Set(await knownOf(session, paths))
  const unseen = paths.filter((path) => !seen.has(path)).sort()
  if (unseen.length === 0) return []
  // By these times, to the microsecond, the rows of this call are told from those of another one.
  const [times] = await session.query(
    'SELECT CAST(UTC_TIMESTAMP(6) AS CHAR) AS discarded, CAST(UTC_TIMESTAMP(6) + INTERVAL (?) * 1000 MICROSECOND AS CHAR) AS retry',
    [lease],
  )
  await session.query(`SET SESSION innodb_lock_wait_timeout = ${LOCK_TIMEOUT}`)
  for (const path of unseen) await mark(session, path, times)
  await session.query('SET SESSION innodb_lock_wait_timeout = DEFAULT')
  // MySQL does not say which were new.
  const rows = await session.query(
    'SELECT path FROM filedepot_files WHERE path IN (?) AND gone AND refs = 0 AND discarded_at = ? AND retry_at = ?',
    [unseen, times?.discarded, times?.retry],
  )
  return rows.map(({ path }) => String(path))
}

/**
 * Marks a path, unless a transaction that refers to the file is open, or the rows are being counted: the lock keeps an installation
 * waiting meanwhile, which might count a row that refers to the file.
 */
async function mark(session: LedgerSession, path: string, times: LedgerRow | undefined): Promise<void> {
  await readCommitted(session)
  try {
    await session.query(
      `INSERT INTO filedepot_files (path, refs, gone, discarded_at, attempts, retry_at)
        SELECT ?, 0, 1, ?, 1, ? FROM filedepot_state WHERE name = 'ready' LOCK IN SHARE MODE
        ON DUPLICATE KEY UPDATE refs = filedepot_files.refs`,
      [path, times?.discarded, times?.retry],
    )
  } catch (error) {
    if (!hasDatabaseCode(error, LOCK_WAIT_TIMEOUT)) throw error
  }
}
