import { FiledepotError, hasCode } from '@filedepot/core'
import type { FailedDeletion, TakenFile } from './databases/database.ts'
import { runStep, type LedgerContext } from './ledger-context.ts'
import { ensureOwner } from './storage-owner.ts'

/**
 * Deletes files that are marked as gone, and settles them. Those that could not be deleted are tried again by later drains. So
 * are those in a storage that another database owns, or that is not the one that was swept.
 */
export async function deleteTaken(
  context: LedgerContext,
  taken: readonly TakenFile[],
): Promise<{ deleted: number; failed: number }> {
  const { client, database } = context
  const reasons = await deleteFiles(
    context,
    taken.map(({ path }) => path),
  )
  const gone = taken.filter(({ path }) => !reasons.has(path))
  const failures = taken.flatMap((file) => {
    const reason = reasons.get(file.path)
    return reason ? [{ ...file, ...reason }] : []
  })
  await runStep({ client }, async (session) => {
    if (gone.length > 0) await database.deleted(session, gone)
    if (failures.length > 0) await database.failed(session, failures)
  })
  return { deleted: gone.length, failed: failures.length }
}

/** Files that were marked as gone because the ledger did not have them. */
export function firstTry(paths: readonly string[]): TakenFile[] {
  return paths.map((path) => ({ path, attempts: 1 }))
}

type Reason = Pick<FailedDeletion, 'message' | 'isFinal'>

/** Resolves with those that are still there, or may be, and why. */
async function deleteFiles(context: LedgerContext, paths: readonly string[]): Promise<Map<string, Reason>> {
  const { depot } = context
  const reasons = new Map<string, Reason>()
  const fail = (path: string, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    reasons.set(path, { message, isFinal: hasCode(error, 'INVALID_FILE_ID') })
    depot.report('deleteFailed', { path, error })
  }
  const byStorage = new Map<string, string[]>()
  for (const path of paths) {
    const slash = path.indexOf('/')
    // Rows may hold anything.
    if (slash < 1) {
      fail(path, new FiledepotError('INVALID_FILE_ID', `Expected a path to be "storage/id", got "${path}"`))
      continue
    }
    const [storage, id] = [path.slice(0, slash), path.slice(slash + 1)]
    const ids = byStorage.get(storage)
    if (ids) ids.push(id)
    else byStorage.set(storage, [id])
  }
  const deletions = [...byStorage].map(async ([name, ids]) => {
    try {
      const storage = depot.get(name)
      await ensureOwner(context, storage)
      const { failed } = await storage.deleteMany(ids)
      // A storage names a file by its own spelling of the id.
      for (const { id, error } of failed)
        for (const one of ids.includes(id) ? [id] : ids) fail(`${name}/${one}`, error)
    } catch (error) {
      for (const id of ids) fail(`${name}/${id}`, error)
    }
  })
  await Promise.all(deletions)
  const gone = paths.filter((path) => !reasons.has(path))
  if (gone.length > 0) depot.report('deleted', { paths: gone })
  return reasons
}
