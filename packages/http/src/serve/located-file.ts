import { hasCode, parseFileId, type DepotManager, type FileStorage, type StoredFile } from '@filedepot/core'
import type { RequestedFile } from './file-request.ts'

/** A place in a storage where a file could be. */
export class LocatedFile implements RequestedFile {
  constructor(
    readonly backing: FileStorage,
    readonly id: string,
  ) {}

  get storage(): string {
    return this.backing.name
  }

  get path(): string {
    return this.backing.path(this.id)
  }

  open(): Promise<StoredFile> {
    return this.backing.get(this.id)
  }
}

/** `undefined` where there is no such storage, or where the id can be none. */
export function locateFile(depot: DepotManager, name: string, id: string): LocatedFile | undefined {
  if (!depot.has(name)) return undefined
  const storage = depot.get(name)
  try {
    return new LocatedFile(storage, storage.backend.parseId?.(id) ?? parseFileId(id))
  } catch (error) {
    if (hasCode(error, 'INVALID_FILE_ID')) return undefined
    throw error
  }
}
