import type { FileContent } from '../content/file-content.ts'
import type { DepotManager, UploadOptions } from '../depot/depot-manager.ts'
import {
  isCountedBy,
  isDiscarded,
  markRevoked,
  releaseOwnership,
  shareOwnership,
  takeOwnership,
} from '../upload/ownership.ts'
import { boundManager } from '../upload/manager-binding.ts'
import type { UploadedFile, UploadType } from '../upload/uploaded-file.ts'
import { isUploadedFile, isVerified, unverified } from '../upload/verification.ts'
import { asUploadedFile, discarded, from, conformRenamed } from './attach-file.ts'

/** What a column says of its files, and what the row holds now. */
export interface StoreForRowOptions extends UploadOptions {
  /** The upload type of the column. */
  readonly type: UploadType
  /** What the row holds already, if that is known. */
  readonly current?: readonly UploadedFile[] | undefined
  /** Stands for the database whose ledger counts the row. */
  readonly books?: object | undefined
}

/** A value that a row can hold, and what has become of the one that was given. */
export interface FileForRow {
  readonly file: UploadedFile
  /** The paths of the files that were stored for the row. They go if no row refers to them. */
  readonly uploads: readonly string[]
  /** The paths of what was given, if the row gets a copy of it and nobody else has it. They go if the row is there. */
  readonly left: readonly string[]
  /** The row is not going to be there: gives back what was given, and lets no other row have what was stored. */
  readonly undo: () => void
}

/**
 * Makes a value one that rows can hold, in a database with a ledger, which counts the rows of a file: several may share it. A
 * pending value, or a bare content, is uploaded. A stored one is held against the rules of the column, and copied if it is in
 * another storage than the column's, of another depot, or of a row that this ledger does not count.
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
  given: UploadedFile | FileContent,
  options: StoreForRowOptions,
): Promise<FileForRow> {
  const { current = [], books } = options
  const value =
    isUploadedFile(given) && !given.isPending && managerOf(given, depot) === depot ? given : undefined
  // Before anything is waited for: a form that ends meanwhile must not delete it.
  const isTaken = value !== undefined && takeOwnership(value, books)
  const isShared = value !== undefined && !isTaken && isCountedBy(value, books)
  if (isShared) shareOwnership(value)
  const back = () => {
    if (isTaken || isShared) releaseOwnership(value)
  }
  try {
    const file = await store(depot, given, options)
    if (file === given || current.includes(file)) return { file, uploads: [], left: [], undo: back }
    takeOwnership(file, books)
    const undo = () => {
      markRevoked(file)
      back()
    }
    return { file, uploads: file.files, left: isTaken ? value.files : [], undo }
  } catch (error) {
    back()
    throw error
  }
}

async function store(
  depot: DepotManager,
  given: UploadedFile | FileContent,
  options: StoreForRowOptions,
): Promise<UploadedFile> {
  const { type, current = [], books } = options
  const file = asUploadedFile(given, type)
  if (file.isPending) return await depot.upload(file, options)
  const held = current.find(({ path }) => path === file.path)
  if (!isVerified(file)) {
    if (held) return held
    throw unverified(file)
  }
  const manager = managerOf(file, depot)
  if (manager === depot) {
    if (held) return await conformRenamed(depot, file, held, options)
    if (isDiscarded(file)) throw discarded(file)
    if (isCountedBy(file, books)) return await depot.conform(file, options)
  }
  const copy = from(type, await manager.getFile(file.path), file.filename)
  return await depot.upload(copy, options)
}

function managerOf(file: UploadedFile, depot: DepotManager): DepotManager {
  return boundManager(file) ?? depot
}
