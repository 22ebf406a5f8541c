import {
  FileNotFoundError,
  hasCode,
  type DepotManager,
  type FileStorage,
  type StoredFile,
} from '@filedepot/core'
import { parseFileId } from '@filedepot/core/backend'
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

/** A path that could be that of a file, and is in no storage. `authorize` is asked about it as about any other. */
export class AbsentFile implements RequestedFile {
  constructor(
    readonly storage: string,
    readonly id: string,
  ) {}

  get path(): string {
    return `${this.storage}/${this.id}`
  }

  open(): Promise<StoredFile> {
    return Promise.reject(new FileNotFoundError(this.path))
  }
}

/** A name that a storage could have, without what databases do not take as a text. */
const NAME = /^[^/\s\x00-\x1f\x7f]{1,255}$/

/** `undefined` if there can be no such file, whatever the names of the storages are. */
export function locateFile(
  depot: DepotManager,
  name: string,
  id: string,
): LocatedFile | AbsentFile | undefined {
  const storage = depot.has(name) ? depot.get(name) : undefined
  const known = storage && idIn(storage, id)
  if (storage && known !== undefined) return new LocatedFile(storage, known)
  // The same for a name that is configured and for one that is not: an id that some storage would take.
  if (!storage && !NAME.test(name)) return undefined
  for (const other of depot.storages()) {
    const good = idIn(other, id)
    if (good !== undefined) return new AbsentFile(storage?.name ?? name, good)
  }
  return undefined
}

/** The id in its one spelling, or `undefined` if the storage has no such ids. */
function idIn({ backend }: FileStorage, id: string): string | undefined {
  try {
    return backend.parseId?.(id) ?? parseFileId(id)
  } catch (error) {
    if (hasCode(error, 'INVALID_FILE_ID')) return undefined
    throw error
  }
}
