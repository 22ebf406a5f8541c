import { abortable } from '../abortable.ts'
import { AbortedError } from '../errors.ts'
import { checkWholeNumber, expected } from '../expected.ts'
import { copyFile } from './copy-file.ts'
import { CopyIncompleteError, type CopyFailure, type CopyReport } from './copy-incomplete-error.ts'
import { FileStorage } from './file-storage.ts'
import { markPresent, type ListedFile } from './mark-present.ts'
import { Pace } from './pace.ts'
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
  /** How many files are in progress at the same time. @default 8 */
  concurrency?: number
  /**
   * Reads each new copy back, whole, and holds its bytes against the hash, if one of the storages knows it.
   * @default false
   */
  readBack?: boolean
  /** After so many files that could not be copied no other is begun. @default 100 */
  maxFailures?: number
  /**
   * Copies so many bytes in a second, in the mean: after a file the next one waits until the time of its bytes is over.
   * @default Infinity
   */
  bytesPerSecond?: number
  /** Called after each file. What it throws ends the copying. */
  onProgress?: (progress: CopyProgress) => void
  signal?: AbortSignal
}

/**
 * Copies all files of a storage into another one, with their ids, filenames, types, times, hashes and custom metadata:
 * a backup, or a move to another service.
 *
 * Files that are there already, and right, are not copied again, so a second run does what an interrupted one has left.
 * If both are of one service that can, it copies the files itself, and their bytes do not come here. Each copy has
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
  checkWholeNumber('bytesPerSecond', options.bytesPerSecond, 1)
  return await new StorageCopy(from, to, options).run()
}

class StorageCopy {
  readonly #from: FileStorage
  readonly #to: FileStorage
  readonly #options: CopyStorageOptions
  readonly #signal: AbortSignal | undefined
  readonly #count = { copied: 0, skipped: 0, vanished: 0, bytes: 0, leftovers: [] as string[] }
  readonly #failures: CopyFailure[] = []
  readonly #pace: Pace
  #leftovers = 0
  #stopped = false

  constructor(from: FileStorage, to: FileStorage, options: CopyStorageOptions) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#signal = options.signal
    this.#pace = new Pace(options.bytesPerSecond)
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
      const what = `Copying the storage "${this.#from.name}" to "${this.#to.name}"`
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
        await this.#pace.wait(this.#signal)
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
        this.#pace.count(outcome.size)
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
    const { readBack } = this.#options
    const copy = await copyFile(this.#from, this.#to, id, { readBack, isPresent, signal: this.#signal })
    if (!copy) return (await this.#isListed(id)) ? 'leftover' : 'vanished'
    return copy.isNew ? copy.file : 'skipped'
  }

  /** True if the source still lists an id without a file. */
  async #isListed(id: string): Promise<boolean> {
    // A text that sorts right before the id. Backends compare texts, and make nothing of them.
    for await (const listed of this.#from.backend.list({ after: id.slice(0, -1) })) return listed === id
    return false
  }
}

const MOST_LEFTOVERS = 1000

/** More than any service takes; `Infinity` is as good. */
const MOST_LANES = 1000
