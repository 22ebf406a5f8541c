import { AbortedError, type DepotManager } from '@filedepot/core'
import type { LedgerClient, LedgerSession } from './clients/ledger-client.ts'
import { retryDeadlocks } from './clients/retry-deadlocks.ts'
import type { LedgerDatabase } from './databases/database.ts'
import { LEASE } from './databases/deletion-times.ts'
import { deleteTaken } from './delete-taken.ts'
import type { LedgerColumn } from './ledger-column.ts'
import { namedByAlias } from './ledger-check.ts'
import { expectTrusted } from './ledger-context.ts'

/** Options of {@link Ledger.drain}. */
export interface DrainOptions {
  /**
   * For how long a discarded file is kept, in milliseconds; 0 by default. It is counted from the statement that took the file
   * from its last row, not from the COMMIT.
   */
  readonly retention?: number
  /** Ends it after the files that are being deleted. */
  readonly signal?: AbortSignal
  /** Called after each thousand files. */
  readonly onProgress?: (progress: { deleted: number; failed: number }) => void
}

/** What {@link Ledger.drain} has done. */
export interface DrainReport {
  readonly deleted: number
  /** Files that could not be deleted now. The ledger keeps the reason of each, and later drains try again. */
  readonly failed: number
  /** Discarded files that are still there: those that failed, and those that `retention` keeps. */
  readonly waiting: number
}

/** Files that are taken at once. */
const BATCH = 1000

export async function drain(
  depot: DepotManager,
  client: LedgerClient,
  database: LedgerDatabase,
  { columns, retention = 0, signal, onProgress }: DrainOptions & { columns: readonly LedgerColumn[] },
): Promise<DrainReport> {
  let [deleted, failed] = [0, 0]
  for (let isFirst = true; ; isFirst = false) {
    if (signal?.aborted) throw new AbortedError('A drain of the ledger', { cause: signal.reason })
    const taken = await retryDeadlocks(client, async (session) => {
      // Each time: a migration may have made a table anew since.
      await expectTrusted({ depot, client, database, columns }, session)
      if (isFirst) {
        await refuseAliases(depot, database, session)
        await database.correctTimes(session)
      }
      return await database.takeDue(session, { retention, lease: LEASE, limit: BATCH })
    })
    if (taken.length === 0) break
    const done = await deleteTaken({ depot, client, database }, taken)
    deleted += done.deleted
    failed += done.failed
    await retryDeadlocks(client, (session) => database.forget(session, BATCH))
    onProgress?.({ deleted, failed })
  }
  const waiting = await retryDeadlocks(client, async (session) => {
    await database.forget(session, BATCH)
    return await database.waiting(session)
  })
  return { deleted, failed, waiting }
}

/**
 * A file that rows name in two ways has two counts, of which one may be 0.
 *
 * @throws FiledepotError `LEDGER_INCOMPLETE`
 */
export async function refuseAliases(
  depot: DepotManager,
  database: LedgerDatabase,
  session: LedgerSession,
): Promise<void> {
  for (let after = ''; ;) {
    const path = await database.usedAfter(session, after)
    if (path === undefined) return
    const name = path.split('/', 1)[0] ?? ''
    if (depot.has(name) && depot.get(name).name !== name) throw namedByAlias(name, depot.get(name).name)
    // "0" is the character after "/".
    after = path === name ? path : `${name}0`
  }
}
