import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { abortable } from '../abortable.ts'
import { cleanFilename } from '../content/filename.ts'
import { HashMismatchError, hasCode } from '../errors.ts'
import type { FileStorage } from './file-storage.ts'
import type { StoredFile } from './stored-file.ts'

/** Options of {@link copyFile}. */
export interface CopyFileOptions {
  /** Reads a new copy back, whole, and holds its bytes against the hash. @default false */
  readonly readBack?: boolean | undefined
  /** False if the target is known not to have the id, and need not be asked. @default true */
  readonly isPresent?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link copyFile} has found, and done. */
export interface FileCopy {
  /** The original. */
  readonly file: StoredFile
  /** False if a copy was there already, and right. */
  readonly isNew: boolean
}

/** A file that keeps changing while it is copied is given up. */
const ATTEMPTS = 3

/**
 * Copies one file into another storage, with its id, filename, type, times, hash and custom metadata. The copy has the size and
 * the SHA-256 of its original, or is not there. If both storages are of one service that can, it copies the file itself. For
 * integrations: {@link copyStorage} copies all files.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { copyFile } from '@filedepot/core/integration'
 *
 * const [from, to] = [depot.get('documents'), depot.get('backup')]
 * const copy = await copyFile(from, to, '01890a5d-ac96-774b-bcce-b302099a8057')
 * console.log(copy === undefined ? 'no such file' : copy.isNew ? 'copied' : 'it was there')
 * ```
 *
 * @returns `undefined` if there is no such file
 * @throws FiledepotError `HASH_MISMATCH`, `INVALID_FILE_ID`, `CORRUPT_FILE`, `READ_FAILED`, `WRITE_FAILED`, `STORAGE_FULL`; if
 *   `signal` has fired, what it says
 */
export async function copyFile(
  from: FileStorage,
  to: FileStorage,
  id: string,
  { readBack = false, isPresent = true, signal }: CopyFileOptions = {},
): Promise<FileCopy | undefined> {
  for (let attempt = 1; ; attempt++) {
    const file = await find(from, id, signal)
    if (!file) return undefined
    if (isPresent && isCopyOf(await findCopy(to, id, signal), file)) return { file, isNew: false }
    try {
      await to.replace(file, file, signal && { signal })
      await check(to, file, { readBack, signal })
      return { file, isNew: true }
    } catch (error) {
      if (attempt === ATTEMPTS || signal?.aborted || !(await hasChanged(from, file, signal))) throw error
    }
  }
}

/** Looks at what has arrived; what is not the file is removed. */
async function check(
  to: FileStorage,
  file: StoredFile,
  { readBack, signal }: { readBack: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const copy = await findCopy(to, file.id, signal)
  const got = copy && readBack ? await bytesOf(copy, signal) : copy
  const wanted = { size: file.size, sha256: file.sha256 ?? copy?.sha256 }
  if (got && sameBytes(got, wanted)) return
  await to.delete(file.id).catch(() => undefined)
  throw new HashMismatchError(to.path(file.id), wanted, got ?? { size: 0, sha256: undefined })
}

async function bytesOf(copy: StoredFile, signal: AbortSignal | undefined): Promise<KnownBytes> {
  const hash = createHash('sha256')
  let size = 0
  const stream = await copy.stream(undefined, signal && { signal })
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    hash.update(chunk)
    size += chunk.byteLength
  }
  return { size, sha256: hash.digest('hex') }
}

/** The file was replaced or deleted since; then it is not its fault that it could not be copied. */
async function hasChanged(
  from: FileStorage,
  file: StoredFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await find(from, file.id, signal))?.etag !== file.etag
  } catch {
    return false
  }
}

/** One that cannot be read is as good as none. */
async function findCopy(
  to: FileStorage,
  id: string,
  signal: AbortSignal | undefined,
): Promise<StoredFile | undefined> {
  try {
    return await find(to, id, signal)
  } catch (error) {
    if (hasCode(error, 'CORRUPT_FILE')) return undefined
    throw error
  }
}

async function find(
  storage: FileStorage,
  id: string,
  signal: AbortSignal | undefined,
): Promise<StoredFile | undefined> {
  try {
    return await abortable(storage.get(id), signal)
  } catch (error) {
    if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}

/** True if the copy needs not be made again. */
function isCopyOf(copy: StoredFile | undefined, file: StoredFile): boolean {
  if (!copy || !sameBytes(copy, file)) return false
  const bothHashed = copy.sha256 !== undefined && file.sha256 !== undefined
  return (
    // Without hashes, one that was made after the last change of the file. Some storages know seconds only.
    (bothHashed || seconds(copy.lastModified) >= seconds(file.lastModified)) &&
    cleanFilename(copy.filename) === cleanFilename(file.filename) &&
    copy.contentType === file.contentType &&
    isDeepStrictEqual({ ...copy.metadata }, { ...file.metadata })
  )
}

interface KnownBytes {
  readonly size: number
  readonly sha256: string | undefined
}

function sameBytes(one: KnownBytes, other: KnownBytes): boolean {
  const { sha256 = other.sha256 } = one
  return one.size === other.size && (other.sha256 === undefined || sha256 === other.sha256)
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}
