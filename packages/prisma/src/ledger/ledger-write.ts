import { FiledepotError, type UploadedFile } from '@filedepot/core'
import { storeForRow } from '@filedepot/core/integration'
import type { FileField } from '../fields/file-fields.ts'
import { toJson, type FilesHome } from '../fields/field-values.ts'
import { ClonedFile, readWritten } from '../fields/written-values.ts'
import type { FileSlot } from './file-slots.ts'

/** The files of one write: uploaded before it is sent, and put into its arguments as JSON. */
export class LedgerWrite {
  readonly #home: FilesHome
  readonly #abort = new AbortController()
  /** A value is stored once for a field, whichever rows get it: the ledger counts them. */
  readonly #stored = new Map<UploadedFile, Map<FileField, Promise<UploadedFile>>>()
  /** Gives back what was given. */
  readonly #undo: (() => void)[] = []
  /** The paths of the files that were stored for this write. */
  readonly uploads: string[] = []

  constructor(home: FilesHome) {
    this.#home = home
  }

  /** @throws FiledepotError what an upload throws, and for what is no file; nothing is left in the storages then */
  async prepare(slots: readonly FileSlot[]): Promise<void> {
    const preparing = slots.map((slot) => this.#prepare(slot))
    try {
      await Promise.all(preparing)
    } catch (error) {
      this.#abort.abort(error)
      await Promise.allSettled([
        ...preparing,
        ...[...this.#stored.values()].flatMap((one) => [...one.values()]),
      ])
      await this.#home.depot.deleteFiles(this.uploads)
      for (const undo of this.#undo.reverse()) undo()
      throw error
    }
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
    if (!storing) known.set(field, (storing = this.#storeNew(field, file)))
    return storing
  }

  async #storeNew(field: FileField, given: UploadedFile): Promise<UploadedFile> {
    const { type, upload, model, name } = field
    try {
      const { depot, books } = this.#home
      const options = { type, ...upload, books, signal: this.#abort.signal }
      const { file, uploads, left, undo } = await storeForRow(depot, given, options)
      this.uploads.push(...uploads)
      // If the row has a copy, the original still belongs to the caller.
      if (left.length > 0) undo()
      else this.#undo.push(undo)
      return file
    } catch (error) {
      if (error instanceof FiledepotError) error.message = `${model.name}.${name}: ${error.message}`
      throw error
    }
  }
}

function refused({ model, name }: FileField, { path }: ClonedFile): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    `Expected ${model.name}.${name} to be an uploaded file, got JSON that names ${path}. Pass the UploadedFile of a row or an ` +
      'upload, or leave the field out. filedepot never writes JSON from a client',
  )
}
