import { parseFilePath, type DepotManager } from '@filedepot/core'
import { parseFileId } from '@filedepot/core/backend'
import { buryFiles } from './bury-files.ts'
import { refuseAliases } from './drain.ts'
import { inBatches } from './in-lanes.ts'
import { runStep, throwIfAborted, type LedgerContext } from './ledger-context.ts'

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

/** The number of files in one query. */
const BATCH = 1000

export async function settleUploads(
  context: LedgerContext,
  paths: readonly string[],
  { signal }: SettleOptions,
): Promise<SettleReport> {
  const { depot, database } = context
  const knownOf = async (asked: readonly string[]) =>
    new Set(await runStep(context, (session) => database.knownOf(session, asked)))
  let [deleted, failed, kept] = [0, 0, 0]
  const open: string[] = []
  for await (const batch of inBatches(new Set(paths.map((path) => spelled(depot, path))), BATCH)) {
    throwIfAborted('Settling uploads', signal)
    const known = await knownOf(batch)
    const unknown = batch.filter((path) => !known.has(path))
    kept += known.size
    if (unknown.length === 0) continue
    await runStep(context, (session) => refuseAliases(depot, database, session))
    const done = await buryFiles(context, { unknown, again: [] })
    deleted += done.deleted
    failed += done.failed
    if (done.kept.length === 0) continue
    // A row may have taken some of them since.
    const taken = await knownOf(done.kept)
    kept += taken.size
    open.push(...done.kept.filter((path) => !taken.has(path)))
  }
  return { deleted, failed, kept, open }
}

/** In the one spelling that the triggers count: the name of the storage, and the id in lower case. */
function spelled(depot: DepotManager, path: string): string {
  const { storage, id } = parseFilePath(path)
  return depot.get(storage).path(parseFileId(id))
}
