import type { JsonValue } from '../json-value.ts'
import { resolveContent } from '../content/resolve-content.ts'
import type { DepotManager, UploadOptions } from '../depot/depot-manager.ts'
import { expected } from '../expected.ts'
import type { FileStorage, StoredRecord } from '../storage/file-storage.ts'
import { refuseBroken } from './broken-value.ts'
import type { FileFilter, StoreFile } from './file-filter.ts'
import { noteKeptRules } from './kept-rules.ts'
import { bindManager } from './manager-binding.ts'
import { giveBack } from './ownership.ts'
import { reportUncertain } from './report-uncertain.ts'
import type { UploadedFileData } from './uploaded-file-data.ts'
import type { PendingUpload, UploadedFile, UploadType } from './uploaded-file.ts'
import { isVerified, markVerified, unverified } from './verification.ts'

/** Uploads a pending value: its file, what its type derives from it, what filters add. All of it stays, or nothing. */
export async function uploadFile<T extends UploadedFile>(
  manager: DepotManager,
  value: T,
  options: UploadOptions,
): Promise<T> {
  const { pending } = value
  refuseBroken(value)
  if (!pending) {
    if (!isVerified(value)) throw unverified(value)
    return value
  }
  const storage = manager.get(pending.storage ?? options.storage)
  const stores = new Stores(manager, storage, pending, options)
  const { maxSize, validators, signal } = options
  try {
    const { file, metadata = {} } = await value.process(pending.content, stores.store, {
      maxSize,
      validators,
      signal,
    })
    if (!stores.records.includes(file))
      throw expected('the file of process()', 'one that store() returned', file)
    const all = await runFilters(
      options.filters ?? [],
      file,
      { ...metadata },
      { storage, pending, stores, signal },
    )
    await stores.finished()

    const files = [file.path, ...stores.records.filter((record) => record !== file).map(({ path }) => path)]
    const stored = storedValue(manager, value, file, { files, metadata: all })
    noteKeptRules(stored, { maxSize, validators, isPinned: pending.storage !== undefined })
    for (const record of stores.records) manager.report('uploaded', record)
    return stored
  } catch (error) {
    await stores.finished().catch(() => undefined)
    await manager.deleteFiles(stores.records.map(({ path }) => path))
    throw error
  }
}

function storedValue<T extends UploadedFile>(
  manager: DepotManager,
  pending: T,
  { storage, id, filename, contentType, declaredType, size, sha256, uploadedAt }: StoredRecord,
  { files, metadata }: Pick<UploadedFileData, 'files' | 'metadata'>,
): T {
  const known = {
    storage,
    id,
    filename,
    contentType,
    declaredType,
    size,
    sha256,
    uploadedAt,
    files,
    metadata,
  }
  const stored = new (pending.constructor as UploadType<T>)(known)
  markVerified(stored)
  bindManager(stored, manager)
  giveBack(stored)
  return stored
}

/** The files that one upload stores. */
class Stores {
  readonly records: StoredRecord[] = []
  readonly store: StoreFile
  readonly #running: Promise<StoredRecord>[] = []

  constructor(manager: DepotManager, storage: FileStorage, pending: PendingUpload, options: UploadOptions) {
    const { maxSize, validators, signal } = options
    this.store = (content, storeOptions = {}) => {
      // The column's rules are for what the user sent, not for what is made of it.
      const rules = content === pending.content ? { maxSize, validators } : {}
      const storing = storage.store(content, { ...rules, signal, ...storeOptions }).then((record) => {
        this.records.push(record)
        return record
      })
      storing.catch((error: unknown) => {
        reportUncertain(manager, error)
      })
      this.#running.push(storing)
      return storing
    }
  }

  /** Waits for every store() that has begun, also those without an `await`, and rejects if one failed. */
  async finished(): Promise<void> {
    // One that is begun while the others are waited for is waited for, too.
    for (let waited = -1; waited < this.#running.length;) {
      waited = this.#running.length
      await Promise.allSettled(this.#running)
    }
    await Promise.all(this.#running)
  }
}

async function runFilters(
  filters: readonly FileFilter[],
  file: StoredRecord,
  metadata: Record<string, JsonValue>,
  {
    storage,
    pending,
    stores,
    signal,
  }: {
    storage: FileStorage
    pending: PendingUpload
    stores: Stores
    signal: AbortSignal | undefined
  },
): Promise<Record<string, JsonValue>> {
  const open = async () => {
    const original = resolveContent(pending.content)
    return original.replayable ? await original.open() : await storage.read(file.id)
  }
  for (const filter of filters) await filter.onSave({ file, metadata, open, store: stores.store, signal })
  return metadata
}
