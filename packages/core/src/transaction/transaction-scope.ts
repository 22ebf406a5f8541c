import type { DepotManager } from '../depot/depot-manager.ts'
import { markRevoked } from '../upload/ownership.ts'
import type { UploadedFile } from '../upload/uploaded-file.ts'

/** An upload that belongs to a scope, finished or not. */
interface UploadEntry<T extends UploadedFile> {
  readonly uploading: Promise<T>
  /** Aborted when the scope is undone. */
  readonly signal: AbortSignal
}

/** What a transaction did to files since it began, or since one of its savepoints. */
export class TransactionScope {
  readonly #uploads: Promise<UploadedFile>[] = []
  readonly #discarded = new Set<string>()
  readonly #reverts: (() => void)[] = []
  readonly #aborts: AbortController[] = []

  begin<T extends UploadedFile>(
    upload: (signal: AbortSignal) => Promise<T>,
    revert?: () => void,
  ): UploadEntry<T> {
    const abort = new AbortController()
    const uploading = Promise.resolve(upload(abort.signal))
    // Several uploads of one statement fail one by one; whoever waits for the first does not hear of the others.
    uploading.catch(() => undefined)
    this.#uploads.push(uploading)
    this.#aborts.push(abort)
    if (revert) this.#reverts.push(revert)
    return { uploading, signal: abort.signal }
  }

  onRollback(revert: () => void): void {
    this.#reverts.push(revert)
  }

  discard(paths: Iterable<string>): void {
    for (const path of paths) this.#discarded.add(path)
  }

  absorb(inner: TransactionScope): void {
    this.#uploads.push(...inner.#uploads)
    this.#aborts.push(...inner.#aborts)
    this.#reverts.push(...inner.#reverts)
    this.discard(inner.#discarded)
  }

  /** Committed: deletes what was given up. */
  async finish(depot: DepotManager): Promise<void> {
    if (this.#discarded.size === 0) return
    const paths = [...this.#discarded]
    depot.report('discarded', { paths })
    await depot.deleteFiles(paths)
  }

  /** Rolled back: stops the uploads, waits for them, deletes what they stored. */
  async undo(depot: DepotManager): Promise<void> {
    for (const abort of this.#aborts) abort.abort()
    // The latest change of a value is undone first.
    for (const revert of this.#reverts.reverse()) revert()
    const uploaded = await this.#uploaded()
    // Marked before they are deleted: a statement that runs late, outside its transaction, must not write them.
    for (const value of uploaded) markRevoked(value)
    await depot.deleteFiles(uploaded.flatMap(({ files }) => files))
  }

  /** Nobody knows: everything stays, and those who watch are told. */
  leave(depot: DepotManager, reason: unknown): void {
    void this.#uploaded().then((uploaded) => {
      const paths = [...uploaded.flatMap(({ files }) => files), ...this.#discarded]
      if (paths.length > 0) depot.report('unsettled', { paths, reason })
    })
  }

  /** What the uploads stored; one that failed has removed its files itself. */
  async #uploaded(): Promise<UploadedFile[]> {
    const results = await Promise.allSettled(this.#uploads)
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }
}
