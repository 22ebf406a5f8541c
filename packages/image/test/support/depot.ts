import { DepotManager, MemoryBackend, type StorageBackend } from '@filedepot/core'

/** A depot of one storage. */
export function memoryDepot(backend: StorageBackend = new MemoryBackend()): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', backend)
  return depot
}

/** The paths of all files in all storages. */
export async function pathsOf(depot: DepotManager): Promise<string[]> {
  const paths: string[] = []
  for (const storage of depot.storages()) for await (const id of storage.list()) paths.push(storage.path(id))
  return paths.sort()
}
