import { AbortedError, type DepotManager } from '@filedepot/core'
import type { LedgerClient } from './clients/ledger-client.ts'
import { retryDeadlocks } from './clients/retry-deadlocks.ts'
import type { FailedDeletion, LedgerDatabase } from './databases/database.ts'
import type { LedgerColumn } from './ledger-column.ts'
import { compare, hasUnreadable, notReady } from './ledger-check.ts'

/** Options of {@link Ledger.drain}. */
export interface DrainOptions {
  /** For how long a discarded file is kept, in milliseconds; 0 by default. */
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
/** For how long others leave them alone, in milliseconds. */
const LEASE = 10 * 60 * 1000

export async function drain(
  depot: DepotManager,
  client: LedgerClient,
  database: LedgerDatabase,
  { columns, retention = 0, signal, onProgress }: DrainOptions & { columns: readonly LedgerColumn[] },
): Promise<DrainReport> {
  let [deleted, failed] = [0, 0]
  for (;;) {
    if (signal?.aborted) throw new AbortedError('a drain of the ledger', { cause: signal.reason })
    const paths = await retryDeadlocks(client, async (session) => {
      // Each time: a migration may have made a table anew since.
      const { check } = await compare(database, session, columns)
      if (!check.isReady) throw notReady(check)
      const unreadable = await database.unreadable(session)
      if (unreadable > 0) throw hasUnreadable(unreadable)
      return await database.takeDue(session, { retention, lease: LEASE, limit: BATCH })
    })
    if (paths.length === 0) break
    const failures = await deleteFiles(depot, paths)
    const left = new Set(failures.map(({ path }) => path))
    await retryDeadlocks(client, async (session) => {
      await database.deleted(
        session,
        paths.filter((path) => !left.has(path)),
      )
      if (failures.length > 0) await database.failed(session, failures)
      await database.forget(session, BATCH)
    })
    deleted += paths.length - left.size
    failed += left.size
    onProgress?.({ deleted, failed })
  }
  const { waiting } = await retryDeadlocks(client, async (session) => {
    await database.forget(session, BATCH)
    return await database.stats(session)
  })
  return { deleted, failed, waiting }
}

/** Resolves with those that are still there, or may be. */
export async function deleteFiles(depot: DepotManager, paths: readonly string[]): Promise<FailedDeletion[]> {
  const failures: FailedDeletion[] = []
  const byStorage = new Map<string, string[]>()
  for (const path of paths) {
    const slash = path.indexOf('/')
    // Rows may hold anything.
    if (slash < 1) {
      failures.push({ path, message: 'expected a path to be "storage/id"' })
      continue
    }
    const [storage, id] = [path.slice(0, slash), path.slice(slash + 1)]
    const ids = byStorage.get(storage)
    if (ids) ids.push(id)
    else byStorage.set(storage, [id])
  }
  const deletions = [...byStorage].map(async ([storage, ids]) => {
    const fail = (id: string, error: unknown) => {
      const path = `${storage}/${id}`
      failures.push({ path, message: error instanceof Error ? error.message : String(error) })
      depot.report('deleteFailed', { path, error })
    }
    try {
      const { failed } = await depot.get(storage).deleteMany(ids)
      // A storage names a file by its own spelling of the id.
      for (const { id, error } of failed) for (const one of ids.includes(id) ? [id] : ids) fail(one, error)
    } catch (error) {
      for (const id of ids) fail(id, error)
    }
  })
  await Promise.all(deletions)
  const left = new Set(failures.map(({ path }) => path))
  const gone = paths.filter((path) => !left.has(path))
  if (gone.length > 0) depot.report('deleted', { paths: gone })
  return failures
}
