import { isNativeError } from 'node:util/types'

/**
 * The meaning of every error code. `docs/errors.md` has the same sentences for readers, and a test keeps them equal.
 */
export const ERROR_CODES = {
  ABORTED: 'The caller aborted the operation with its `AbortSignal`, or its transaction was rolled back.',
  CONCURRENT_CHANGE: 'Another transaction changed the affected rows while a statement wrote them.',
  CONTENT_CONSUMED: 'The stream was already read, destroyed or locked.',
  CONTENT_FAILED: 'The content could not be read to its end; the cause says why. Nothing was stored.',
  COPY_INCOMPLETE:
    'A storage was copied incompletely; the error lists the missing files. All other files were copied.',
  CORRUPT_FILE: 'The metadata or the bytes of a file in a storage are damaged.',
  DELETE_FAILED: 'A storage could not delete one or more files.',
  DELETE_QUEUE_FULL: 'Too many files already wait to be deleted from a storage, so this one is not deleted.',
  DEPOT_CLOSED: 'The depot was closed before the file was deleted, or while it was being written.',
  FILE_CLOSED: 'A stored file was read after it was closed.',
  FILE_DISCARDED:
    'The form or request of the file ended before a row referred to the file, so the file was deleted.',
  FILE_GONE:
    'A row would refer to a file that is deleted, or is being deleted. The ledger made the database refuse the write.',
  FILE_NOT_FOUND: 'No file has this path.',
  FILE_REFUSED: 'A validator refused the file: its type, its extension or a rule of your own.',
  FILE_TOO_LARGE: 'The file is larger than `maxSize`. Nothing was stored.',
  GARBAGE_LIMIT:
    'More files would be deleted than are likely to be garbage. A column may be missing. The rest is kept.',
  HASH_MISMATCH: 'The copied bytes do not match the expected size or SHA-256. The copy was discarded.',
  IMAGE_TIMED_OUT: 'Decoding or converting an image took longer than `timeout`. Nothing was stored.',
  INVALID_ARGUMENT: 'An argument or option has the wrong type or is out of range.',
  INVALID_CONTENT:
    'The value cannot be stored as a file, for example text, null, a plain object or JSON from a client.',
  INVALID_FILE_ID: 'A file id is not a UUID.',
  INVALID_VALUE: 'A column, or the argument of `fromJSON`, does not hold the JSON of an uploaded file.',
  INVALID_VERDICT: 'The function `authorize` returned an unexpected value, so the request is refused.',
  LEDGER_BUSY: 'Another process installs the ledger of a database, or locks its tables.',
  LEDGER_DENIED:
    'The database does not allow the ledger to create triggers or to write. A right is missing, or the server is read-only.',
  LEDGER_INCOMPLETE:
    'The ledger of a database lacks triggers, or its rows were not counted. Nothing is deleted.',
  LEDGER_NEWER:
    'A newer version of filedepot installed the ledger of this database. Nothing is changed and nothing is deleted.',
  LEDGER_NOT_OWNER:
    'Another database, or a copy of this one, deletes in the storage, or the storage lost its owner. Nothing is deleted.',
  MALFORMED_UPLOAD: 'The request is not a multipart form, or the form is damaged.',
  MOVE_INCOMPLETE:
    'Some values of rows could not be moved or regenerated; the error lists them. They are unchanged, and all others are done.',
  NOT_AN_IMAGE: 'The file is not an image, or the image is damaged. Nothing was stored.',
  NOT_SUPPORTED: 'The storage, the database or this way of writing rows does not support the operation.',
  PENDING_FILE: 'The operation needs a stored file, but the file was not uploaded yet.',
  READ_FAILED: 'A storage could not read or list files.',
  STORAGE_EXISTS: 'A storage or alias of this name is already configured.',
  STORAGE_FULL: 'The storage has no room left. Nothing was stored.',
  STORAGE_NOT_FOUND: 'No storage or alias of this name is configured.',
  STORAGE_UNAVAILABLE:
    'The folder of a local storage is missing, or belongs to another storage: its disk is not mounted. Nothing was changed.',
  TOO_MANY_PARTS: 'A form has more files, fields or bytes than its receiver allows.',
  TOO_MANY_PIXELS:
    'All frames of an image together exceed `limitInputPixels`, or a side exceeds `limitInputSide`. Nothing was stored.',
  TRANSACTION_ABORTED: 'The database aborted the transaction after an error, so it can only be rolled back.',
  TRANSACTION_SETTLED: 'A write or a nested transaction started after the end of its transaction.',
  TURN_TIMEOUT: 'A write waited too long for another write on the same connection or transaction.',
  UNSUPPORTED_FORMAT:
    'The format of an image is not accepted, or cannot be read or written. Nothing was stored.',
  UPLOAD_TIMED_OUT:
    'A client sent nothing for too long, or its whole upload took too long. Nothing was stored.',
  WRITE_FAILED: 'A storage could not write a file. Nothing was stored.',
  WRITE_UNCERTAIN:
    'A storage did not confirm a write. The file may exist now or later, but no row refers to it.',
  WRONG_UPLOAD_TYPE: 'The value does not have the upload type of its column.',
} as const

/** One of the stable codes that {@link FiledepotError.code} carries. */
export type ErrorCode = keyof typeof ERROR_CODES

/**
 * The base class of every error that filedepot throws.
 *
 * Compare {@link FiledepotError.code | `code`}, which is stable. It works across copies of the package and across
 * realms, and `instanceof` does not.
 *
 * ```ts
 * import { depot, FiledepotError } from '@filedepot/core'
 *
 * try {
 *   await depot.get().create(Buffer.from('hello'), { maxSize: 3 })
 * } catch (error) {
 *   if (error instanceof FiledepotError && error.code === 'FILE_TOO_LARGE') console.log('too large')
 *   else throw error
 * }
 * ```
 */
export class FiledepotError extends Error {
  override readonly name: string = 'FiledepotError'

  constructor(
    /** Which kind of error this is, for programs. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** No file has this path. Backends reject {@link StorageBackend.read | `read`} with it. */
export class FileNotFoundError extends FiledepotError {
  override readonly name = 'FileNotFoundError'

  constructor(
    /** The id, or the path with the name of the storage, of the file that is missing. */
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super('FILE_NOT_FOUND', `No file has the path "${path}"`, options)
  }
}

/**
 * The outcome of a write is unknown, because the storage did not answer. Backends reject
 * {@link StorageBackend.write | `write`} with it if a file may exist. The depot then emits `unsettled` with the path.
 */
export class WriteUncertainError extends FiledepotError {
  override readonly name = 'WriteUncertainError'

  constructor(
    /** The id, or the path with the name of the storage, under which the file may exist. */
    readonly path: string,
    options?: ErrorOptions,
  ) {
    const { message: reason = 'no reason was given' } = (options?.cause ?? {}) as { message?: string }
    super('WRITE_UNCERTAIN', `Cannot tell whether "${path}" was stored: ${reason}. Delete it later`, options)
  }
}

/** The content is larger than the limit; `maxSize` says which. */
export class FileTooLargeError extends FiledepotError {
  override readonly name = 'FileTooLargeError'

  constructor(
    readonly filename: string,
    /** The limit, in bytes. */
    readonly maxSize: number,
  ) {
    super('FILE_TOO_LARGE', `"${filename}" is larger than ${maxSize} bytes`)
  }
}

/** A copy does not have the bytes of its original. The original is damaged, or it changed during the copy. */
export class HashMismatchError extends FiledepotError {
  override readonly name = 'HashMismatchError'

  constructor(file: string, expected: KnownBytes, got: KnownBytes) {
    super('HASH_MISMATCH', `Expected the copy of "${file}" to be ${phrase(expected)}, got ${phrase(got)}`)
  }
}

interface KnownBytes {
  readonly size: number
  readonly sha256: string | undefined
}

function phrase({ size, sha256 = 'unknown' }: KnownBytes): string {
  return `${size} bytes with the SHA-256 ${sha256}`
}

/** An `AbortSignal` ended the operation. Its reason is the `cause`. */
export class AbortedError extends FiledepotError {
  override readonly name = 'AbortError'

  constructor(what: string, options?: ErrorOptions) {
    super('ABORTED', `${what} was aborted`, options)
  }
}

/**
 * True if `error` is an error of filedepot, also of another copy of the package, and has one of the codes.
 *
 * ```ts
 * import { depot, hasCode } from '@filedepot/core'
 *
 * const file = await depot.getFile('avatars/01890a5d-ac96-774b-bcce-b302099a8057').catch((error: unknown) => {
 *   if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
 *   throw error
 * })
 * ```
 */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is FiledepotError {
  const code = (error as { code?: unknown } | undefined | null)?.code
  return isNativeError(error) && codes.includes(code as ErrorCode)
}
