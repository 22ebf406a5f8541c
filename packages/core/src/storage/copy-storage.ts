import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { abortable } from '../abortable.ts'
import { cleanFilename } from '../content/filename.ts'
import { AbortedError, HashMismatchError, hasCode } from '../errors.ts'
import { checkWholeNumber, expected } from '../expected.ts'
import { CopyIncompleteError, type CopyFailure, type CopyReport } from './copy-incomplete-error.ts'
import { FileStorage } from './file-storage.ts'
import { markPresent, type ListedFile } from './mark-present.ts'
import type { StoredFile } from './stored-file.ts'

/** How far a {@link copyStorage} has come, after each file. */
export interface CopyProgress extends CopyReport {
  /** The id of the file that was just looked at. */
  readonly id: string
  /** How many files have been looked at. */
  readonly done: number
  /** How many of them could not be copied. */
  readonly failed: number
}

/** Options of {@link copyStorage}. */
export interface CopyStorageOptions {
  /** How many files are on their way at the same time. @default 8 */
  concurrency?: number
  /**
   * Reads each new copy back, whole, and holds its bytes against the hash, where one of the storages knows it.
   * @default false
   */
  readBack?: boolean
  /** After so many files that could not be copied no other is begun. @default 100 */
  maxFailures?: number
  /** Called after each file. What it throws ends the copying. */
  onProgress?: (progress: CopyProgress) => void
  signal?: AbortSignal
}

/** A file that keeps changing while it is copied is given up. */
const ATTEMPTS = 3

/**
 * Copies all files of a storage into another one, with their ids, filenames, types, times, hashes and custom metadata:
 * a backup, or a move to another service.
 *
 * Files that are there already, and right, are not copied again, so a second run does what an interrupted one has left.
 * Where both are of one service that can, it copies the files itself, and their bytes do not come here. Each copy has
 * the size and the SHA-256 of its original, or is not there. What a killed process has left in the source is named in the
 * report. A file that cannot be copied stops no other; in the end
 * the error lists them all. Nothing is ever deleted from the target that it is not about to get anew.
 *
 * ```ts
 * import { copyStorage, depot } from '@filedepot/core'
 *
 * const { copied, skipped } = await copyStorage(depot.get('documents'), depot.get('backup'), {
 *   onProgress: ({ done, bytes }) => console.log(`${done} files, ${bytes} bytes copied`),
 *   signal: AbortSignal.timeout(3_600_000),
 * })
 * console.log(`${copied} new files, ${skipped} were there already`)
 * ```
 *
 * @throws CopyIncompleteError `COPY_INCOMPLETE` where files could not be copied
 * @throws FiledepotError `ABORTED`; `READ_FAILED` where a storage cannot list its files; `INVALID_ARGUMENT`
 */
export async function copyStorage(
  from: FileStorage,
  to: FileStorage,
  options: CopyStorageOptions = {},
): Promise<CopyReport> {
  if (!(from instanceof FileStorage)) throw expected('from', 'a storage, as depot.get(…) returns', from)
  if (!(to instanceof FileStorage)) throw expected('to', 'a storage, as depot.get(…) returns', to)
  if (from.backend === to.backend) throw expected('to', 'another storage than the one to copy', to.name)
  checkWholeNumber('concurrency', options.concurrency, 1)
  checkWholeNumber('maxFailures', options.maxFailures, 1)
  return await new StorageCopy(from, to, options).run()
}

class StorageCopy {
  readonly #from: FileStorage
  readonly #to: FileStorage
  readonly #options: CopyStorageOptions
  readonly #signal: AbortSignal | undefined
  readonly #count = { copied: 0, skipped: 0, vanished: 0, bytes: 0, leftovers: [] as string[] }
  readonly #failures: CopyFailure[] = []
  #leftovers = 0
  #stopped = false

  constructor(from: FileStorage, to: FileStorage, options: CopyStorageOptions) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#signal = options.signal
  }

  async run(): Promise<CopyReport> {
    const { concurrency = 8 } = this.#options
    const files = markPresent(this.#from.list(), this.#to.list())
    const lanes = Array.from({ length: Math.min(concurrency, MOST_LANES) }, () => this.#lane(files))
    const outcomes = await Promise.allSettled(lanes)
    // Not awaited: a list that hangs does not end.
    void files.return(undefined).catch(() => undefined)
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (this.#signal?.aborted) {
      const what = `copying the storage "${this.#from.name}" to "${this.#to.name}"`
      throw new AbortedError(what, { cause: this.#signal.reason })
    }
    if (failed) throw failed.reason
    if (this.#failures.length > 0) {
      throw new CopyIncompleteError([this.#from.name, this.#to.name], this.#count, this.#failures)
    }
    return this.#count
  }

  /** Takes one file after the other. What is thrown here stops all lanes when their files are done. */
  async #lane(files: AsyncGenerator<ListedFile>): Promise<void> {
    try {
      while (!this.#stopped) {
        const step = await abortable(files.next(), this.#signal)
        if (step.done) return
        await this.#settle(step.value)
      }
    } catch (error) {
      this.#stopped = true
      throw error
    }
  }

  async #settle({ id, isPresent }: ListedFile): Promise<void> {
    const { onProgress, maxFailures = 100 } = this.#options
    const count = this.#count
    try {
      const outcome = await this.#bring(id, isPresent)
      if (outcome === 'leftover') {
        this.#leftovers++
        if (count.leftovers.length < MOST_LEFTOVERS) count.leftovers.push(id)
      } else if (typeof outcome === 'string') count[outcome]++
      else {
        count.copied++
        count.bytes += outcome.size
      }
    } catch (error) {
      this.#signal?.throwIfAborted()
      this.#failures.push({ id, error })
      if (this.#failures.length >= maxFailures) this.#stopped = true
    }
    const failed = this.#failures.length
    const done = count.copied + count.skipped + count.vanished + this.#leftovers + failed
    onProgress?.({ ...count, id, failed, done })
  }

  async #bring(id: string, isPresent: boolean): Promise<StoredFile | 'skipped' | 'vanished' | 'leftover'> {
    for (let attempt = 1; ; attempt++) {
      const file = await this.#find(this.#from, id)
      if (!file) return (await this.#isListed(id)) ? 'leftover' : 'vanished'
      if (isPresent && isCopyOf(await this.#findCopy(id), file)) return 'skipped'
      try {
        await this.#to.replace(file, file, this.#signal && { signal: this.#signal })
        await this.#check(file)
        return file
      } catch (error) {
        if (attempt === ATTEMPTS || this.#signal?.aborted || !(await this.#hasChanged(file))) throw error
      }
    }
  }

  /** Looks at what has arrived; what is not the file is removed. */
  async #check(file: StoredFile): Promise<void> {
    const copy = await this.#findCopy(file.id)
    const got = copy && this.#options.readBack ? await this.#readBack(copy) : copy
    const wanted = { size: file.size, sha256: file.sha256 ?? copy?.sha256 }
    if (got && sameBytes(got, wanted)) return
    await this.#to.delete(file.id).catch(() => undefined)
    throw new HashMismatchError(this.#to.path(file.id), wanted, got ?? { size: 0, sha256: undefined })
  }

  async #readBack(copy: StoredFile): Promise<KnownBytes> {
    const hash = createHash('sha256')
    let size = 0
    const stream = await copy.stream(undefined, this.#signal && { signal: this.#signal })
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      size += chunk.byteLength
    }
    return { size, sha256: hash.digest('hex') }
  }

  /** The file was replaced or deleted since; then it is not its fault that it could not be copied. */
  async #hasChanged(file: StoredFile): Promise<boolean> {
    try {
      return (await this.#find(this.#from, file.id))?.etag !== file.etag
    } catch {
      return false
    }
  }

  /** True if the source still lists an id of which it has no file. */
  async #isListed(id: string): Promise<boolean> {
    // A text that sorts right before the id. Backends compare texts, and make nothing of them.
    for await (const listed of this.#from.backend.list({ after: id.slice(0, -1) })) return listed === id
    return false
  }

  /** One that cannot be read is as good as none. */
  async #findCopy(id: string): Promise<StoredFile | undefined> {
    try {
      return await this.#find(this.#to, id)
    } catch (error) {
      if (hasCode(error, 'CORRUPT_FILE')) return undefined
      throw error
    }
  }

  async #find(storage: FileStorage, id: string): Promise<StoredFile | undefined> {
    try {
      return await abortable(storage.get(id), this.#signal)
    } catch (error) {
      if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
      throw error
    }
  }
}

const MOST_LEFTOVERS = 1000

/** More than any service takes; `Infinity` is as good. */
const MOST_LANES = 1000

/** True where the copy needs not be made again. */
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
