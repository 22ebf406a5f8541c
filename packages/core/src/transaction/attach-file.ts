import { LocalBackend } from '../backends/local/local-backend.ts'
import type { FileContent } from '../content/file-content.ts'
import { resolveContent } from '../content/resolve-content.ts'
import type { DepotManager, UploadOptions } from '../depot/depot-manager.ts'
import { FiledepotError } from '../errors.ts'
import { describe } from '../expected.ts'
import { refuseBroken } from '../upload/broken-value.ts'
import { isDiscarded } from '../upload/ownership.ts'
import { boundManager } from '../upload/manager-binding.ts'
import { UploadedFile, type UploadType } from '../upload/uploaded-file.ts'
import { isUploadedFile, isVerified, unverified } from '../upload/verification.ts'
import type { FileTransaction } from './file-transaction.ts'

/** What a column says of its files, and what the row holds now. */
export interface AttachOptions extends Omit<UploadOptions, 'signal'> {
  /** The upload type of the column. */
  readonly type: UploadType
  /** What the row holds already, as {@link readRowValue} has read it. */
  readonly current?: readonly UploadedFile[]
  /** Called on a rollback, if the value was uploaded here. */
  readonly revert?: () => void
}

/**
 * Turns a value into one that a row can hold. It uploads a pending value or a content within the transaction. It accepts a
 * value that was uploaded before. It copies a value of another row, because a file belongs to one row.
 *
 * The rules of the column hold for each of them, except for what the row holds already. One that was uploaded before is
 * checked by its size and by the validators that have not seen it. If it is in another storage than the column's, its
 * files are copied there, and the row gets the copy: {@link movedFrom} names the original. One that the row holds under
 * another name is checked by the validators, because they may look at the name.
 *
 * A value of {@link UploadedFile.fromJSON} is refused, unless the row holds its file: then the row keeps the value that it
 * holds, and that is what this resolves with.
 *
 * For integrations.
 *
 * @throws FiledepotError `WRONG_UPLOAD_TYPE`, `INVALID_CONTENT`, `INVALID_VALUE`, `FILE_TOO_LARGE`, `FILE_REFUSED`, and what the upload throws
 */
export async function attachFile(
  depot: DepotManager,
  transaction: FileTransaction,
  value: UploadedFile | FileContent,
  options: AttachOptions,
): Promise<UploadedFile> {
  const { type, current = [], revert } = options
  const file = asUploadedFile(value, type)
  if (!file.isPending) {
    const held = current.find(({ path }) => path === file.path)
    if (!isVerified(file)) {
      if (held) return held
      throw unverified(file)
    }
    const manager = boundManager(file) ?? depot
    if (manager === depot) {
      if (held) return await conformRenamed(depot, file, held, options)
      if (isDiscarded(file)) throw discarded(file)
      const conform = (signal: AbortSignal) => depot.conform(file, { ...options, signal })
      const adopted = transaction.adoptConforming(file, conform, revert)
      if (adopted) return await adopted
    }
    return await transaction.add(async (signal) => {
      const copy = from(type, await manager.getFile(file.path), file.filename)
      return await depot.upload(copy, { ...options, signal })
    }, revert)
  }
  return await transaction.add((signal) => depot.upload(file, { ...options, signal }), revert)
}

/**
 * True if storing the value may run code of the program: a type, a validator, a filter, a stream or a backend of its own.
 * For integrations that give such code an asynchronous context: that slows down every promise of the process.
 *
 * @throws FiledepotError as {@link attachFile} does for a value that it refuses
 */
export function mayRunProgramCode(
  depot: DepotManager,
  value: UploadedFile | FileContent,
  { type, storage, validators, filters }: AttachOptions,
): boolean {
  const file = asUploadedFile(value, type)
  const { pending } = file
  if (!pending || validators?.length || filters?.length) return true
  if (file.process !== UploadedFile.prototype.process) return true
  const { backend } = depot.get(pending.storage ?? storage)
  const isOwnBackend = !(backend instanceof LocalBackend) || backend.write !== LocalBackend.prototype.write
  return isOwnBackend || resolveContent(pending.content).bytes === undefined
}

export function discarded({ filename }: UploadedFile): FiledepotError {
  return new FiledepotError(
    'FILE_DISCARDED',
    `Cannot save "${filename}": its form or request ended before a row referred to it, so the file was deleted. Await the ` +
      'save within the block of `await using`, before discard(), and before the response ends',
  )
}

export function asUploadedFile(value: UploadedFile | FileContent, type: UploadType): UploadedFile {
  if (!isUploadedFile(value)) {
    if (!(value instanceof UploadedFile)) return from(type, value)
    throw new FiledepotError(
      'INVALID_CONTENT',
      'Expected an uploaded file, got an object with the prototype of one',
    )
  }
  refuseBroken(value)
  if (value instanceof type) return value
  throw new FiledepotError(
    'WRONG_UPLOAD_TYPE',
    `Expected a file of type ${type.name}, got ${describe(value)}. Create it with ${type.name}.from(content), or receive it ` +
      `with a rule that has the type ${type.name}`,
  )
}

export function from(type: UploadType, content: FileContent, filename?: string): UploadedFile {
  return UploadedFile.from.call(type, content, { filename })
}

/**
 * Holds a file that its row has already against the validators, if it gets another name: they may look at that. Nothing else of
 * it is checked again. For integrations.
 *
 * @param held what the row holds
 * @throws FiledepotError `FILE_REFUSED`, and what validators throw
 */
export async function conformRenamed(
  depot: DepotManager,
  file: UploadedFile,
  held: Pick<UploadedFile, 'filename'>,
  { validators }: Pick<UploadOptions, 'validators'>,
): Promise<UploadedFile> {
  return file.filename === held.filename ? file : await depot.conform(file, { validators })
}
