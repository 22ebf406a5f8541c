import type { UploadedFile } from '@filedepot/core'
import type { FileTransaction } from '@filedepot/core/integration'
import type { FileField } from '../../fields/file-fields.ts'

/** A file that was uploaded for one field of one row. */
interface Preupload {
  readonly pending: UploadedFile
  readonly field: FileField
  readonly stored: UploadedFile
}

/** Files that were uploaded before the transaction was opened whose operations are going to write them. */
export class Preuploads {
  readonly files: FileTransaction
  readonly #uploads: Preupload[] = []

  constructor(files: FileTransaction) {
    this.files = files
  }

  add(upload: Preupload): void {
    this.#uploads.push(upload)
  }

  /** The file of a pending value, for one row. */
  take(pending: UploadedFile, field: FileField): UploadedFile | undefined {
    const at = this.#uploads.findIndex((one) => one.pending === pending && one.field === field)
    return at < 0 ? undefined : this.#uploads.splice(at, 1)[0]?.stored
  }
}
