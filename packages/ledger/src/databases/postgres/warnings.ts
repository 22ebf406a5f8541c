import type { LedgerSession } from '../../clients/ledger-client.ts'

const SETTINGS = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_standby_names') AS synchronous,
    (SELECT count(*) FROM pg_stat_replication) AS standbys`

/** `synchronous_commit = off` is not among them: a drain waits for the disk itself. */
export async function warnings(
  session: LedgerSession,
  { retention }: { retention: number },
): Promise<string[]> {
  const [row] = await session.query(SETTINGS)
  const found: string[] = []
  if (row?.fsync === 'off') {
    found.push(
      'fsync is off: a crash of the server may bring back rows whose files were deleted. Set fsync = on, or keep files for longer than you would go back: { retention }',
    )
  }
  if (Number(row?.standbys) > 0 && row?.synchronous === '' && retention === 0) {
    found.push(
      'synchronous_standby_names is empty, and the server has replicas: after a failover, the new server may have rows whose files were deleted. Set a { retention } that is longer than the lag of the replicas',
    )
  }
  return found
}
