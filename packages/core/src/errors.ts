import { isNativeError } from 'node:util/types'

/**
 * What every error code means. `docs/errors.md` holds the same table for readers; a test keeps the two equal.
 */
export const ERROR_CODES = {
  ABORTED:
    'The caller aborted the operation through its AbortSignal, or its transaction was rolled back meanwhile.',
  CONCURRENT_CHANGE:
    'Others wrote rows between the moment in which a statement looked for them and the one in which it changed them.',
  CONTENT_CONSUMED: 'A stream was given that has been read, destroyed or locked before.',
  CONTENT_FAILED: 'The content could not be read to its end; the cause says why. Nothing was stored.',
  COPY_INCOMPLETE:
    'A storage could not be copied whole; the error says which files are missing. The others are there.',
  CORRUPT_FILE: 'A storage holds a file whose metadata or bytes cannot be read back.',
  DELETE_FAILED: 'A storage could not delete one or more files.',
  DELETE_QUEUE_FULL: 'Too many files wait to be deleted from a storage already, so this one is not deleted.',
  DEPOT_CLOSED: 'The depot was closed before the file was deleted, or while it was being written.',
  FILE_CLOSED: 'A stored file was read after it was closed.',
  FILE_DISCARDED:
    'The form or request that brought the file was over before a row had taken it, so the file is deleted.',
  FILE_GONE:
    'A row was to refer to a file that is deleted, or about to be. The database has refused the write, because of its ledger.',
  FILE_NOT_FOUND: 'No file has the id.',
  FILE_REFUSED: 'A validator refused the file: its type, its extension or a rule of your own.',
  FILE_TOO_LARGE: 'The file is larger than `maxSize`. Nothing was stored.',
  GARBAGE_LIMIT:
    'More files would be deleted than is likely to be garbage, such as with a column left out. The rest stays.',
  HASH_MISMATCH:
    'The bytes of a file that was copied are not those that its size and hash say. No copy was kept.',
  IMAGE_TIMED_OUT:
    'Decoding an image, or making another of it, took longer than `timeout`. Nothing was stored.',
  INVALID_ARGUMENT: 'An argument or option has the wrong type or is out of its range.',
  INVALID_CONTENT:
    "A value was given as the content of a file that is none: text, null, a plain object, JSON of another row's file.",
  INVALID_FILE_ID: 'A file id is not a UUID.',
  INVALID_VALUE:
    'A column holds something that is not the JSON of an uploaded file, or `fromJSON` was given such a thing.',
  INVALID_VERDICT:
    'The function `authorize` answered something else than true, "public", the uploaded file, false, 401, 403 or 404. The request is refused.',
  LEDGER_BUSY:
    'The ledger of a database is being installed by another process, or its tables are held by others.',
  LEDGER_DENIED:
    'The database does not let the ledger create triggers or write: the user lacks a right, or the server only reads.',
  LEDGER_INCOMPLETE:
    'The ledger of a database lacks triggers, or the rows have not been counted. Nothing is deleted.',
  LEDGER_NEWER:
    'The ledger of a database was installed by a newer version of filedepot. Nothing is changed and nothing is deleted.',
  LEDGER_NOT_OWNER:
    'Another database, or a copy of this one, deletes in the storage, or the storage has lost its owner. Nothing is deleted.',
  MALFORMED_UPLOAD: 'A request to upload files is no multipart form, or a broken one.',
  MOVE_INCOMPLETE:
    'Values of rows could not be moved, or made anew; the error says which. They are as they were, and the others are done.',
  NOT_AN_IMAGE: 'A file was to be used as an image that is none, or is damaged. Nothing was stored.',
  NOT_SUPPORTED: 'The storage, or the way in which rows are written, has no such ability.',
  PENDING_FILE: 'An uploaded file was used as a stored one before it was uploaded.',
  READ_FAILED: 'A storage could not read or list files.',
  STORAGE_EXISTS: 'A storage or alias of this name is configured already.',
  STORAGE_FULL: 'The storage has no room left. Nothing was stored.',
  STORAGE_NOT_FOUND: 'No storage or alias of this name is configured.',
  STORAGE_UNAVAILABLE:
    'The folder of a local storage is not there, or is another one: its disk is not mounted. Nothing was changed.',
  TOO_MANY_PARTS: 'A request to upload files has more files, fields or bytes than its receiver takes.',
  TOO_MANY_PIXELS:
    'An image has more pixels than `limitInputPixels`, with all of its frames, or a side longer than `limitInputSide`. Nothing was stored.',
  TRANSACTION_ABORTED:
    'The database has given up the transaction after an error in it, so that it can only be rolled back.',
  TRANSACTION_SETTLED: 'A write, or a nested transaction, came to its transaction after the end.',
  TURN_TIMEOUT:
    'A write has waited too long for another one, with which it shares a connection or a transaction, to end.',
  UNSUPPORTED_FORMAT:
    'An image is of a format that is not accepted, or that cannot be read or written. Nothing was stored.',
  UPLOAD_TIMED_OUT:
    'A client sent nothing for too long, or took too long for its whole upload. Nothing was stored.',
  WRITE_FAILED: 'A storage could not write a file. Nothing was stored.',
  WRITE_UNCERTAIN:
    'A storage did not say whether it has stored the file. It may be there, or come to be there; no row refers to it.',
  WRONG_UPLOAD_TYPE: 'A value is not of the upload type that its column declares.',
} as const

/** One of the stable codes that {@link FiledepotError.code} carries. */
export type ErrorCode = keyof typeof ERROR_CODES

/**
 * The base of every error that filedepot throws.
 *
 * Compare {@link FiledepotError.code | `code`}: it is stable, and works across copies of the package and across
 * realms, where `instanceof` does not.
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

/** No file has the id. Backends reject {@link StorageBackend.read | `read`} with it. */
export class FileNotFoundError extends FiledepotError {
  override readonly name = 'FileNotFoundError'

  constructor(
    /** The id, or the path with the storage's name, that was asked for. */
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super('FILE_NOT_FOUND', `no file "${path}"`, options)
  }
}

/**
 * A write whose outcome is not known: the storage did not answer, and could not be asked afterwards. Backends reject
 * {@link StorageBackend.write | `write`} with it, if a file may be left. A depot then emits `unsettled` with the path.
 */
export class WriteUncertainError extends FiledepotError {
  override readonly name = 'WriteUncertainError'

  constructor(
    /** The id, or the path with the storage's name, under which the file may be. */
    readonly path: string,
    options?: ErrorOptions,
  ) {
    const { message: reason = 'no reason was given' } = (options?.cause ?? {}) as { message?: string }
    super('WRITE_UNCERTAIN', `cannot tell whether "${path}" was stored, delete it later: ${reason}`, options)
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

/** A copy does not have the bytes of its original. Either the original is damaged, or it changed meanwhile. */
export class HashMismatchError extends FiledepotError {
  override readonly name = 'HashMismatchError'

  constructor(file: string, expected: KnownBytes, got: KnownBytes) {
    super('HASH_MISMATCH', `expected "${file}" to be ${phrase(expected)}, got ${phrase(got)}`)
  }
}

interface KnownBytes {
  readonly size: number
  readonly sha256: string | undefined
}

function phrase({ size, sha256 = 'unknown' }: KnownBytes): string {
  return `${size} bytes with the SHA-256 ${sha256}`
}

/** An `AbortSignal` ended the operation; its reason is the `cause`. */
export class AbortedError extends FiledepotError {
  override readonly name = 'AbortError'

  constructor(what: string, options?: ErrorOptions) {
    super('ABORTED', `${what} was aborted`, options)
  }
}

/**
 * True where `error` is filedepot's own, also one of another copy of the package, and has one of the codes.
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
