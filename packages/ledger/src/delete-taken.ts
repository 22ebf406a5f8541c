import type { DepotManager } from '@filedepot/core'
import type { TakenFile } from './databases/database.ts'
import { runStep, type LedgerContext } from './ledger-context.ts'

/** Deletes files that are marked as gone, and settles them. Those that could not be deleted are tried again by later drains. */
export async function deleteTaken(
  { depot, client, database }: Pick<LedgerContext, 'depot' | 'client' | 'database'>,
  taken: readonly TakenFile[],
): Promise<{ deleted: number; failed: number }> {
  const reasons = await deleteFiles(
    depot,
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
async function deleteFiles(depot: DepotManager, paths: readonly string[]): Promise<Map<string, string>> {
  const reasons = new Map<string, string>()
  const byStorage = new Map<string, string[]>()
  for (const path of paths) {
    const slash = path.indexOf('/')
    // Rows may hold anything.
    if (slash < 1) {
      reasons.set(path, 'expected a path to be "storage/id"')
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
      reasons.set(path, error instanceof Error ? error.message : String(error))
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
  const gone = paths.filter((path) => !reasons.has(path))
  if (gone.length > 0) depot.report('deleted', { paths: gone })
  return reasons
}
