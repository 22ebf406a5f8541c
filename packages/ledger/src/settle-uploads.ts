import { AbortedError, parseFilePath, type DepotManager } from '@filedepot/core'
import { parseFileId } from '@filedepot/core/backend'
import type { LedgerClient } from './clients/ledger-client.ts'
import { retryDeadlocks } from './clients/retry-deadlocks.ts'
import type { LedgerDatabase } from './databases/database.ts'
import { refuseAliases } from './drain.ts'
import { LEASE } from './databases/deletion-times.ts'
import { deleteTaken, firstTry } from './delete-taken.ts'
import type { LedgerColumn } from './ledger-column.ts'
import { expectTrusted } from './ledger-context.ts'

/** Options of {@link Ledger.settleUploads}. */
export interface SettleOptions {
  /** Ends it after the files that are being deleted. */
  readonly signal?: AbortSignal | undefined
}

/** What {@link Ledger.settleUploads} has done. */
export interface SettleReport {
  readonly deleted: number
  /** Files that could not be deleted now. Later drains try again. */
  readonly failed: number
  /** Files that the ledger knows: a row refers to them, or has done so. */
  readonly kept: number
  /** The paths of files of a transaction that has not ended yet. They stay: ask again later. */
  readonly open: readonly string[]
}

/** Files that are asked about at once. */
const BATCH = 1000
export async function settleUploads(
  depot: DepotManager,
  client: LedgerClient,
  database: LedgerDatabase,
  { columns, paths, signal }: SettleOptions & { columns: readonly LedgerColumn[]; paths: readonly string[] },
): Promise<SettleReport> {
  const asked = [...new Set(paths.map((path) => spelled(depot, path)))]
  let [deleted, failed, kept] = [0, 0, 0]
  const open: string[] = []
  for (let index = 0; index < asked.length; index += BATCH) {
    if (signal?.aborted) throw new AbortedError('Settling uploads', { cause: signal.reason })
    const batch = asked.slice(index, index + BATCH)
    const { known, buried } = await retryDeadlocks(client, async (session) => {
      const known = new Set(await database.knownOf(session, batch))
      const unknown = batch.filter((path) => !known.has(path))
      if (unknown.length === 0) return { known, buried: [] }
      // A row that was not counted may refer to it.
      await expectTrusted({ depot, client, database, columns }, session)
      await refuseAliases(depot, database, session)
      return { known, buried: await database.bury(session, unknown, LEASE) }
    })
    const isBuried = new Set(buried)
    kept += known.size
    open.push(...batch.filter((path) => !known.has(path) && !isBuried.has(path)))
    if (buried.length === 0) continue
    const done = await deleteTaken({ depot, client, database }, firstTry(buried))
    deleted += done.deleted
    failed += done.failed
  }
  return { deleted, failed, kept, open }
}

/** In the one spelling that the triggers count: the name of the storage, and the id in lower case. */
function spelled(depot: DepotManager, path: string): string {
  const { storage, id } = parseFilePath(path)
  return depot.get(storage).path(parseFileId(id))
}
