import type { TakenFile } from './databases/database.ts'
import { runStep, type LedgerContext } from './ledger-context.ts'
import { expectOwner } from './storage-owner.ts'

type Context = Pick<LedgerContext, 'depot' | 'client' | 'database'>

/**
 * Deletes files that are marked as gone, and settles them. Those that could not be deleted are tried again by later drains. So
 * are those in a storage that another database owns, or that is not the one that was swept.
 */
export async function deleteTaken(
  context: Context,
  taken: readonly TakenFile[],
): Promise<{ deleted: number; failed: number }> {
  const { client, database } = context
  const reasons = await deleteFiles(
    context,
    taken.map(({ path }) => path),
  )
  const gone = taken.filter(({ path }) => !reasons.has(path))
  const failures = taken.flatMap((file) => {
    const message = reasons.get(file.path)
    return message === undefined ? [] : [{ ...file, message }]
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

/** Resolves with those that are still there, or may be, and why. */
async function deleteFiles(context: Context, paths: readonly string[]): Promise<Map<string, string>> {
  const { depot } = context
  const reasons = new Map<string, string>()
  const byStorage = new Map<string, string[]>()
  for (const path of paths) {
    const slash = path.indexOf('/')
    // Rows may hold anything.
    if (slash < 1) {
      reasons.set(path, 'Expected a path to be "storage/id"')
      continue
    }
    const [storage, id] = [path.slice(0, slash), path.slice(slash + 1)]
    const ids = byStorage.get(storage)
    if (ids) ids.push(id)
    else byStorage.set(storage, [id])
  }
  const deletions = [...byStorage].map(async ([name, ids]) => {
    const fail = (id: string, error: unknown) => {
      const path = `${name}/${id}`
      reasons.set(path, error instanceof Error ? error.message : String(error))
      depot.report('deleteFailed', { path, error })
    }
    try {
      const storage = depot.get(name)
      await expectOwner(context, storage)
      const { failed } = await storage.deleteMany(ids)
      // A storage names a file by its own spelling of the id.
      for (const { id, error } of failed) for (const one of ids.includes(id) ? [id] : ids) fail(one, error)
    } catch (error) {
      for (const id of ids) fail(id, error)
    }
  })
  await Promise.all(deletions)
  const gone = paths.filter((path) => !reasons.has(path))
  if (gone.length > 0) depot.report('deleted', { paths: gone })
  return reasons
}
