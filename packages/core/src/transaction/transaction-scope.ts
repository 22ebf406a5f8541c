import type { DepotManager } from '../depot/depot-manager.ts'
import { reasonOf } from '../expected.ts'
import { markRevoked, movedFrom } from '../upload/ownership.ts'
import type { UploadedFile } from '../upload/uploaded-file.ts'
import { waitUpTo } from './wait-up-to.ts'

/** An upload that belongs to a scope. */
export interface ScopeUpload<T extends UploadedFile = UploadedFile> {
  readonly uploading: Promise<T>
  /** Aborted where the scope ends before the upload, or is undone. */
  readonly abort: AbortController
  finished: boolean
  /** A value that was stored before: it is not removed if it is what comes out. */
  readonly given: UploadedFile | undefined
}

/** What a transaction did to files since it began, or since one of its savepoints. */
export class TransactionScope {
  readonly #uploads: ScopeUpload[] = []
  readonly #discarded = new Set<string>()
  readonly #reverts: (() => void)[] = []
  readonly #absorbed: TransactionScope[] = []

  get isQuiet(): boolean {
    return this.#discarded.size === 0 && !this.isUploading
  }

  get isUploading(): boolean {
    return this.#uploads.some(({ finished }) => !finished)
  }

  /** True for this scope, and for those that were released into it. */
  includes(scope: object): boolean {
    return scope === this || this.#absorbed.some((inner) => inner.includes(scope))
  }

  begin<T extends UploadedFile>(
    upload: (signal: AbortSignal) => Promise<T>,
    revert?: () => void,
    given?: UploadedFile,
  ): ScopeUpload<T> {
    const abort = new AbortController()
    const entry: ScopeUpload<T> = {
      uploading: Promise.resolve(upload(abort.signal)),
      abort,
      finished: false,
      given,
    }
    const finish = () => {
      entry.finished = true
    }
    // Heard here too: of several uploads that fail, whoever began them waits for the first only.
    entry.uploading.then(finish, finish)
    this.#uploads.push(entry)
    if (revert) this.#reverts.push(revert)
    return entry
  }

  onRollback(revert: () => void): void {
    this.#reverts.push(revert)
  }

  discard(paths: Iterable<string>): void {
    for (const path of paths) this.#discarded.add(path)
  }

  absorb(inner: TransactionScope): void {
    this.#absorbed.push(inner)
    this.#uploads.push(...inner.#uploads)
    this.#reverts.push(...inner.#reverts)
    this.discard(inner.#discarded)
  }

  /**
   * Committed: deletes what was given up. An upload that is still in flight is in no row, as the statement that would
   * write it has to wait for it; so it is stopped, and removed.
   *
   * @param maxWait how long to wait for that, in milliseconds
   */
  async finish(depot: DepotManager, maxWait: number): Promise<void> {
    const late = this.#uploads.filter(({ finished }) => !finished)
    const paths = [...this.#discarded]
    if (paths.length === 0 && late.length === 0) return
    if (paths.length > 0) depot.report('discarded', { paths })
    const deleting = depot.deleteFiles(paths, { maxWait })
    await (late.length === 0
      ? deleting
      : waitUpTo(maxWait, Promise.all([deleting, remove(depot, late, maxWait)])))
  }

  /** Stops the uploads that are in flight. */
  stop(): void {
    for (const { abort, finished } of this.#uploads) if (!finished) abort.abort()
  }

  /** Rolled back: stops the uploads, waits for them, deletes what they stored. */
  async undo(depot: DepotManager, maxWait: number): Promise<void> {
    const isWaitedFor = this.#uploads.some(({ finished }) => !finished)
    const removing = remove(depot, this.#uploads, maxWait)
    // The latest change of a value is undone first.
    for (const revert of this.#reverts.reverse()) {
      try {
        revert()
      } catch (error) {
        // The database has rolled back whatever becomes of the objects in memory.
        process.emitWarning(`a value could not be put back: ${reasonOf(error)}`, 'FiledepotWarning')
      }
    }
    await (isWaitedFor ? waitUpTo(maxWait, removing) : removing)
  }

  /** For an unknown outcome: keeps all files, and emits `unsettled`. */
  async leave(depot: DepotManager, reason: unknown): Promise<void> {
    const values = await valuesOf(this.#uploads)
    // Of a value that was moved, the row has the copy or not, so that either it or the original is nobody's.
    const moved = values.flatMap((value) => movedFrom(value)?.files ?? [])
    const paths = [...new Set([...values.flatMap(({ files }) => files), ...moved, ...this.#discarded])]
    if (paths.length > 0) depot.report('unsettled', { paths, reason })
  }
}

async function remove(depot: DepotManager, uploads: readonly ScopeUpload[], maxWait: number): Promise<void> {
  for (const { abort } of uploads) abort.abort()
  const values = await valuesOf(uploads)
  // Marked before they are deleted: a statement that runs late, outside its transaction, must not write them.
  for (const value of values) markRevoked(value)
  const paths = values.flatMap(({ files }) => files)
  await depot.deleteFiles(paths, { maxWait })
}

/** What the uploads stored; one that failed has removed its files itself. */
async function valuesOf(uploads: readonly ScopeUpload[]): Promise<UploadedFile[]> {
  const results = await Promise.allSettled(uploads.map(({ uploading }) => uploading))
  return results.flatMap((result, index) =>
    result.status === 'fulfilled' && result.value !== uploads[index]?.given ? [result.value] : [],
  )
}
