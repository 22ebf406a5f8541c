import {
  attachFile,
  FiledepotError,
  FileTransaction,
  isRevoked,
  type DepotManager,
  type UploadedFile,
} from '@filedepot/core'
import type { FileField } from '../file-fields.ts'
import { toJson } from '../stored-json.ts'
import { ClonedFile, readWritten } from '../written-values.ts'
import type { FileSlot } from './file-slots.ts'

/** The files of one write: uploaded before it is sent, and put into its arguments as JSON. */
export class LedgerWrite {
  readonly #depot: DepotManager
  readonly #files: FileTransaction
  /** A pending value is uploaded once for a field, whichever rows get it: the ledger counts them. */
  readonly #stored = new Map<UploadedFile, Map<FileField, Promise<UploadedFile>>>()
  /** The paths of the files that were stored for this write. */
  readonly uploads: string[] = []

  constructor(depot: DepotManager) {
    this.#depot = depot
    this.#files = new FileTransaction(depot)
  }

  /** @throws FiledepotError what an upload throws, and for what is no file; nothing is left in the storages then */
  async prepare(slots: readonly FileSlot[]): Promise<void> {
    const preparing = slots.map((slot) => this.#prepare(slot))
    try {
      await Promise.all(preparing)
    } catch (error) {
      this.#files.stopUploads()
      await Promise.allSettled(preparing)
      await this.#files.settle('rolledBack')
      throw error
    }
    await this.#files.settle('committed')
  }

  async #prepare({ field, holder }: FileSlot): Promise<void> {
    const files = readWritten(field, { value: holder[field.name], original: undefined })
    if (!files || files.length === 0) return
    const values = files.map((file) => {
      if (file instanceof ClonedFile) throw refused(field, file)
      return file
    })
    const stored = await Promise.all(values.map((file) => this.#store(field, file)))
    holder[field.name] = field.isList ? toJson(stored) : stored[0]?.toJSON()
  }

  #store(field: FileField, file: UploadedFile): Promise<UploadedFile> {
    const known = this.#stored.get(file) ?? new Map<FileField, Promise<UploadedFile>>()
    this.#stored.set(file, known)
    let storing = known.get(field)
    if (!storing) known.set(field, (storing = this.#attach(field, file)))
    return storing
  }

  async #attach(field: FileField, file: UploadedFile): Promise<UploadedFile> {
    const { type, upload } = field
    try {
      if (!file.isPending && isRevoked(file)) throw discarded(file)
      // A stored value keeps its file, whichever rows have it.
      const current = file.isPending ? [] : [file]
      let stored = await attachFile(this.#depot, this.#files, file, { type, ...upload, current })
      if (stored === file) stored = await this.#conform(field, file)
      if (stored !== file) this.uploads.push(...stored.files)
      return stored
    } catch (error) {
      if (error instanceof FiledepotError)
        error.message = `${field.model.name}.${field.name}: ${error.message}`
      throw error
    }
  }

  /** The rules of the field hold for a stored value, too. A copy is made if it is to be in another storage. */
  async #conform({ upload }: FileField, file: UploadedFile): Promise<UploadedFile> {
    const stored = await this.#depot.conform(file, upload)
    if (stored !== file) return await this.#files.add(() => Promise.resolve(stored))
    // What has brought it, such as a form, is not to delete it any more.
    this.#files.adopt(file)
    return file
  }
}

function refused({ model, name }: FileField, { path }: ClonedFile): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    `expected ${model.name}.${name} to be an uploaded file, got JSON that names ${path}: give the UploadedFile that a row or an ` +
      'upload has given, or leave the field out. JSON of a client is never written',
  )
}

function discarded({ filename }: UploadedFile): FiledepotError {
  return new FiledepotError(
    'FILE_DISCARDED',
    `"${filename}" was deleted, as the form or request that brought it was over before a row had taken it: await the write ` +
      'within the block of `await using`, before discard(), and before the response ends',
  )
}
