import type { LedgerSession } from '../../clients/ledger-client.ts'

/** The paths that the ledger has, as far as is committed. */
export async function knownOf(session: LedgerSession, paths: readonly string[]): Promise<string[]> {
  const rows = await session.query('SELECT path FROM filedepot_files WHERE path IN (?)', [paths])
  return rows.map(({ path }) => String(path))
}

/**
 * A transaction that has referred to a file and is open yet would be waited for, for as long as it takes. So it is looked for
 * first, by a read of what is not committed.
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
  const values = unseen.map(() => '(?, 0, 1, ?, 1, ?)')
  await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await session.query('START TRANSACTION')
  // The lock keeps an installation waiting meanwhile, which might count a row that refers to one of the files.
  const ready = await session.query("SELECT 1 FROM filedepot_state WHERE name = 'ready' LOCK IN SHARE MODE")
  if (ready.length === 0) {
    await session.query('COMMIT')
    return []
  }
  await session.query(
    `INSERT INTO filedepot_files (path, refs, gone, discarded_at, attempts, retry_at) VALUES ${values.join(', ')}
      ON DUPLICATE KEY UPDATE refs = refs`,
    unseen.flatMap((path) => [path, times?.discarded, times?.retry]),
  )
  await session.query('COMMIT')
  // MySQL does not say which were new.
  const rows = await session.query(
    'SELECT path FROM filedepot_files WHERE path IN (?) AND gone AND refs = 0 AND discarded_at = ? AND retry_at = ?',
    [unseen, times?.discarded, times?.retry],
  )
  return rows.map(({ path }) => String(path))
}
