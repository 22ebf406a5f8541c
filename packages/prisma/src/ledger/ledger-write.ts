import {
  boundManager,
  FiledepotError,
  giveBack,
  shareOwnership,
  storeForRow,
  takeOwnership,
  takingOf,
  type DepotManager,
  type UploadedFile,
} from '@filedepot/core'
import type { FileField } from '../fields/file-fields.ts'
import { toJson } from '../fields/field-values.ts'
import { ClonedFile, readWritten } from '../fields/written-values.ts'
import type { FileSlot } from './file-slots.ts'

/** The files of one write: uploaded before it is sent, and put into its arguments as JSON. */
export class LedgerWrite {
  readonly #depot: DepotManager
  readonly #abort = new AbortController()
  /** A value is stored once for a field, whichever rows get it: the ledger counts them. */
  readonly #stored = new Map<UploadedFile, Map<FileField, Promise<UploadedFile>>>()
  /** Values that were stored before, and that nobody had taken: what has brought them, such as a form, is not to delete them. */
  readonly #taken = new Map<UploadedFile, number>()
  /** The paths of the files that were stored for this write. */
  readonly uploads: string[] = []

  constructor(depot: DepotManager) {
    this.#depot = depot
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
      await this.#depot.deleteFiles(this.uploads)
      for (const [file, taking] of this.#taken) giveBack(file, taking)
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

  async #storeNew(field: FileField, file: UploadedFile): Promise<UploadedFile> {
    const { type, upload, model, name } = field
    this.#take(file)
    try {
      const stored = await storeForRow(this.#depot, file, { type, ...upload, signal: this.#abort.signal })
      if (stored !== file) {
        this.uploads.push(...stored.files)
        // The row has a copy, so that the original is still whoever's has brought it.
        this.#giveBack(file)
      }
      return stored
    } catch (error) {
      if (error instanceof FiledepotError) error.message = `${model.name}.${name}: ${error.message}`
      throw error
    }
  }

  /** Before anything is waited for: a form that ends meanwhile must not delete it. */
  #take(file: UploadedFile): void {
    if (file.isPending || (boundManager(file) ?? this.#depot) !== this.#depot) return
    if (takeOwnership(file)) this.#taken.set(file, takingOf(file))
    else if (!this.#taken.has(file)) shareOwnership(file)
  }

  #giveBack(file: UploadedFile): void {
    const taking = this.#taken.get(file)
    if (taking === undefined) return
    this.#taken.delete(file)
    giveBack(file, taking)
  }
}

function refused({ model, name }: FileField, { path }: ClonedFile): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    `expected ${model.name}.${name} to be an uploaded file, got JSON that names ${path}: give the UploadedFile that a row or an ` +
      'upload has given, or leave the field out. JSON of a client is never written',
  )
}
