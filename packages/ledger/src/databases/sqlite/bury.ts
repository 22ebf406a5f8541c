import type { LedgerSession } from '../../clients/ledger-client.ts'
import { commitDurably } from './commit-durably.ts'

/** The paths that the ledger has. */
export async function knownOf(session: LedgerSession, paths: readonly string[]): Promise<string[]> {
  const rows = await session.query(
    'SELECT path FROM filedepot_files WHERE path IN (SELECT value FROM json_each(?))',
    [JSON.stringify(paths)],
  )
  return rows.map(({ path }) => String(path))
}

/** There is one writer, so no other transaction that refers to one of the files is open. */
export async function bury(
  session: LedgerSession,
  paths: readonly string[],
  lease: number,
): Promise<string[]> {
  const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
  return await commitDurably(session, async () => {
    const rows = await session.query(
      `INSERT INTO filedepot_files (path, refs, gone, discarded_at, attempts, retry_at)
      SELECT value, 0, 1, ${now}, 1, ${now} + ? FROM json_each(?)
      WHERE EXISTS (SELECT 1 FROM filedepot_state WHERE name = 'ready') ON CONFLICT (path) DO NOTHING RETURNING path`,
      [lease, JSON.stringify(paths)],
    )
    return rows.map(({ path }) => String(path))
  })
}
