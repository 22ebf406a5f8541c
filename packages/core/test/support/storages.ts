import type { StorageBackend } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { DepotManager, type DepotOptions } from '../../src/depot/depot-manager.ts'
import { FileStorage } from '../../src/storage/file-storage.ts'

export function memoryStorage(name = 'scratch', backend: StorageBackend = new MemoryBackend()): FileStorage {
  return new FileStorage(name, backend)
}

/** A manager with one storage, `default`. */
export function memoryDepot(
  backend: StorageBackend = new MemoryBackend(),
  options?: DepotOptions,
): DepotManager {
  const depot = new DepotManager(options)
  depot.configure('default', backend)
  return depot
}

export async function idsOf(storage: FileStorage): Promise<string[]> {
  const ids: string[] = []
  for await (const id of storage.list()) ids.push(id)
  return ids
}

/** The paths of all files of all storages. */
export async function pathsOf(depot: DepotManager): Promise<string[]> {
  const lists = await Promise.all(
    depot.storages().map(async (storage) => (await idsOf(storage)).map((id) => storage.path(id))),
  )
  return lists.flat()
}
