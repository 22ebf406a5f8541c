import type { DepotManager } from '../depot/depot-manager.ts'
import { parseFilePath } from '../file-path.ts'
import type { FileStorage, StoredRecord } from '../storage/file-storage.ts'
import { bindManager } from './manager-binding.ts'
import { giveBack } from './ownership.ts'
import type { UploadedFile, UploadType } from './uploaded-file.ts'
import { markVerified } from './verification.ts'

/**
 * Copies all files of a stored value into another storage, one after the other, as streams. Resolves with a value of the
 * copies, which no row has. The originals stay. All files are copied, or none.
 *
 * The copies have new ids: a deletion of an earlier copy that is still in progress must not reach a later one. The metadata
 * of the value names the copies, by id as thumbnails do, or by path.
 *
 * @throws FiledepotError `FILE_NOT_FOUND`, `HASH_MISMATCH`, `ABORTED`, and what reading and writing throw
 */
export async function copyValue<T extends UploadedFile>(
  manager: DepotManager,
  value: T,
  target: FileStorage,
  signal: AbortSignal | undefined,
): Promise<T> {
  const copies = new Map<string, StoredRecord>()
  try {
    for (const path of value.files) {
      copies.set(path, await target.copy(await manager.getFile(path), { signal }))
    }
  } catch (error) {
    await manager.deleteFiles([...copies.values()].map(({ path }) => path))
    throw error
  }
  const copy = copiedValue(value, target.name, copies)
  markVerified(copy)
  bindManager(copy, manager)
  giveBack(copy)
  for (const record of copies.values()) manager.report('uploaded', record)
  return copy
}

function copiedValue<T extends UploadedFile>(
  value: T,
  storage: string,
  copies: ReadonlyMap<string, StoredRecord>,
): T {
  const names = new Map<string, string>()
  for (const [path, copy] of copies) names.set(path, copy.path).set(parseFilePath(path).id, copy.id)
  const { id, filename, contentType, declaredType, size, sha256, uploadedAt } = value
  return new (value.constructor as UploadType<T>)({
    ...{ filename, contentType, declaredType, size, sha256, uploadedAt },
    storage,
    id: names.get(id) ?? id,
    files: [...copies.values()].map(({ path }) => path),
    metadata: renamed(value.metadata, names) as UploadedFile['metadata'],
  })
}

/** The JSON with the names of the copies instead of those of the originals. */
function renamed(json: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof json === 'string') return names.get(json) ?? json
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((inner) => renamed(inner, names))
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, renamed(inner, names)]))
}
