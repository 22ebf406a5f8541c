import type { DepotManager } from '@filedepot/core'
import type { LedgerSession } from './clients/ledger-client.ts'
import { retryDeadlocks } from './clients/retry-deadlocks.ts'
import type { LedgerDatabase } from './databases/database.ts'
import { LEASE } from './databases/deletion-times.ts'
import { deleteTaken } from './delete-taken.ts'
import { namedByAlias } from './ledger-check.ts'
import { expectTrusted, throwIfAborted, type LedgerContext } from './ledger-context.ts'

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
  /**
   * Discarded files that are still there: those that failed, those that `retention` keeps, and those of storages that the depot
   * does not have.
   */
  readonly waiting: number
}

/** Files that are taken at once. */
const BATCH = 1000

export async function drain(
  context: LedgerContext,
  { retention = 0, signal, onProgress }: DrainOptions,
): Promise<DrainReport> {
  const { client, database } = context
  let [deleted, failed] = [0, 0]
  let storages: readonly string[] | undefined
  for (;;) {
    throwIfAborted('A drain of the ledger', signal)
    const taken = await retryDeadlocks(client, async (session) => {
      // Each time: a migration may have made a table anew since.
      await expectTrusted(context, session)
      if (!storages) {
        await refuseAliases(context.depot, database, session)
        await database.correctTimes(session)
        storages = await drainedNames(context, session)
      }
      return await database.takeDue(session, { storages, retention, lease: LEASE, limit: BATCH })
    })
    if (taken.length === 0) break
    const done = await deleteTaken(context, taken)
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
 * The names before the slash of discarded files that can be deleted here. No row names a storage by an alias any more, but the
 * rows that have done so may have got its name since: only the count under that name says whether a row has the file.
 */
async function drainedNames(
  { depot, database }: LedgerContext,
  session: LedgerSession,
): Promise<readonly string[]> {
  const names: string[] = []
  for (const name of await database.discardedNames(session)) {
    const storage = depot.has(name) ? depot.get(name).name : undefined
    if (storage === undefined) continue
    names.push(storage)
    while (
      storage !== name &&
      (await database.renameDiscarded(session, { name, storage, limit: BATCH })) > 0
    );
  }
  return names
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
