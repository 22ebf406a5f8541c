import { UploadedFile, type FileTransaction } from '@filedepot/core'
import type { FileField } from '../../fields/file-fields.ts'
import { FileWrite, type WriteParts } from '../writes/file-write.ts'
import type { WritePlan } from '../plan/write-plan.ts'

/** Files that were uploaded before the transaction was opened whose operations are going to write them. */
export class Preuploads {
  readonly #files: FileTransaction
  readonly #uploads: {
    readonly pending: UploadedFile
    readonly field: FileField
    readonly stored: UploadedFile
  }[] = []

  constructor(files: FileTransaction) {
    this.#files = files
  }

  /** Uploads what is pending in some operations. */
  async upload(parts: WriteParts, plans: readonly WritePlan[]): Promise<void> {
    await Promise.all(
      plans.map(async (plan) => {
        const write = new FileWrite(parts, plan, this.#files, undefined)
        await write.upload()
        for (const { slot, index, stored } of write.stored()) {
          const pending = slot.files[index]
          if (pending instanceof UploadedFile) this.#uploads.push({ pending, field: slot.field, stored })
        }
      }),
    )
  }

  /** The file of a pending value, for one row. */
  take(pending: UploadedFile, field: FileField): UploadedFile | undefined {
    const at = this.#uploads.findIndex((one) => one.pending === pending && one.field === field)
    return at < 0 ? undefined : this.#uploads.splice(at, 1)[0]?.stored
  }
}
