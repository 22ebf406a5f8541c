import type { FileContent } from '../content/file-content.ts'
import type { DepotManager, UploadOptions } from '../depot/depot-manager.ts'
import { isDiscarded } from '../upload/ownership.ts'
import { boundManager } from '../upload/manager-binding.ts'
import type { UploadedFile, UploadType } from '../upload/uploaded-file.ts'
import { isVerified, unverified } from '../upload/verification.ts'
import { asUploadedFile, discarded, from, conformRenamed } from './attach-file.ts'

/** What a column says of its files, and what the row holds now. */
export interface StoreForRowOptions extends UploadOptions {
  /** The upload type of the column. */
  readonly type: UploadType
  /** What the row holds already, if that is known. */
  readonly current?: readonly UploadedFile[] | undefined
}

/**
 * Makes a value one that rows can hold, in a database with a ledger, which counts the rows of a file: several may share it. A
 * pending value, or a bare content, is uploaded. A stored one is held against the rules of the column, and copied if it is in
 * another storage than the column's, or of another depot.
 *
 * A value of {@link UploadedFile.fromJSON} is refused, unless `current` has its file.
 *
 * For integrations with a ledger; others use {@link attachFile}.
 *
 * @throws FiledepotError `WRONG_UPLOAD_TYPE`, `INVALID_CONTENT`, `INVALID_VALUE`, `FILE_DISCARDED`, `FILE_TOO_LARGE`,
 *   `FILE_REFUSED`, `ABORTED`, and what the upload throws
 */
export async function storeForRow(
  depot: DepotManager,
  value: UploadedFile | FileContent,
  options: StoreForRowOptions,
): Promise<UploadedFile> {
  const { type, current = [] } = options
  const file = asUploadedFile(value, type)
  if (file.isPending) return await depot.upload(file, options)
  const held = current.find(({ path }) => path === file.path)
  if (!isVerified(file)) {
    if (held) return held
    throw unverified(file)
  }
  const manager = boundManager(file) ?? depot
  if (manager !== depot) {
    const copy = from(type, await manager.getFile(file.path), file.filename)
    return await depot.upload(copy, options)
  }
  if (held) return await conformRenamed(depot, file, held, options)
  if (isDiscarded(file)) throw discarded(file)
  return await depot.conform(file, options)
}
