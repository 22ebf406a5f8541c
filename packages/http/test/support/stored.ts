import type { DepotManager } from '@filedepot/core'

/** The names and texts of all files of a depot. */
export async function storedIn(depot: DepotManager): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const storage of depot.storages()) {
    for await (const id of storage.list()) {
      const file = await storage.get(id)
      found[file.filename] = await file.text()
    }
  }
  return found
}
