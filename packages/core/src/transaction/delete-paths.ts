import type { DepotManager } from '../depot/depot-manager.ts'
import { formatFilePath, parseFilePath } from '../file-path.ts'

/**
 * Deletes files of any storages, with one call for each storage. Never rejects: what cannot be deleted is told by the
 * event `deleteFailed`, as whoever waits for this has a committed transaction behind him.
 */
export async function deletePaths(depot: DepotManager, paths: Iterable<string>): Promise<void> {
  const byStorage = new Map<string, string[]>()
  for (const path of new Set(paths)) {
    try {
      const { storage, id } = parseFilePath(path)
      const ids = byStorage.get(storage)
      if (ids) ids.push(id)
      else byStorage.set(storage, [id])
    } catch (error) {
      depot.report('deleteFailed', { path, error })
    }
  }
  await Promise.all([...byStorage].map(([storage, ids]) => deleteFrom(depot, storage, ids)))
}

async function deleteFrom(depot: DepotManager, storage: string, ids: readonly string[]): Promise<void> {
  const failures = new Map<string, unknown>()
  try {
    const { failed } = await depot.get(storage).deleteMany(ids)
    for (const { id, error } of failed) failures.set(id, error)
  } catch (error) {
    // The storage is not configured any more.
    for (const id of ids) failures.set(id, error)
  }

  const paths = ids.filter((id) => !failures.has(id)).map((id) => formatFilePath({ storage, id }))
  if (paths.length > 0) depot.report('deleted', { paths })
  for (const [id, error] of failures)
    depot.report('deleteFailed', { path: formatFilePath({ storage, id }), error })
}
