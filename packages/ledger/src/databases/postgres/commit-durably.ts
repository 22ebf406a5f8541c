import type { LedgerSession } from '../../clients/ledger-client.ts'

/**
 * With `synchronous_commit = off`, a crash of the server takes back what was committed a moment ago. A file must not be deleted
 * before its mark is on the disk, and with it the commit that has given the file up: the log is written in order. To be called
 * within the transaction.
 */
export async function commitDurably(session: LedgerSession): Promise<void> {
  await session.query(
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
  )
}
