import { AsyncResource } from 'node:async_hooks'
import { FiledepotError } from '../errors.ts'
import { formatFilePath, parseFilePath } from '../file-path.ts'
import { DeletionQueue } from './deletion-queue.ts'
import type { DepotManager } from './depot-manager.ts'

/** Options of {@link Deletions}. */
export interface DeletionsOptions {
  readonly concurrency: number
  readonly maxPending: number
}

/** The deletions of a depot: a queue for each storage, so that one that hangs stops no other. */
export class Deletions {
  readonly #depot: DepotManager
  readonly #options: DeletionsOptions
  readonly #context = new AsyncResource('filedepot.deletions')
  readonly #queues = new Map<string, DeletionQueue>()

  constructor(depot: DepotManager, options: DeletionsOptions) {
    this.#depot = depot
    this.#options = options
  }

  /**
   * Deletes files of any storages. Never rejects: what cannot be deleted is told by the event `deleteFailed`, as the
   * caller has a committed transaction behind it.
   */
  async delete(paths: Iterable<string>, maxWait: number): Promise<void> {
    const byStorage = new Map<string, string[]>()
    for (const path of new Set(paths)) {
      try {
        const { storage, id } = parseFilePath(path)
        const ids = byStorage.get(storage)
        if (ids) ids.push(id)
        else byStorage.set(storage, [id])
      } catch (error) {
        this.#depot.report('deleteFailed', { path, error })
      }
    }
    await Promise.all([...byStorage].map(([storage, ids]) => this.#queueOf(storage).add(ids, maxWait)))
  }

  get isIdle(): boolean {
    return [...this.#queues.values()].every(({ isIdle }) => isIdle)
  }

  /** Resolves when no file is being deleted, and none waits for it. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all([...this.#queues.values()].map((queue) => queue.idle()))
  }

  /** Gives up what is not done yet, and tells it. */
  abandon(error: unknown): void {
    for (const [storage, queue] of this.#queues) this.#fail(storage, queue.abandon(), error)
  }

  #queueOf(storage: string): DeletionQueue {
    let queue = this.#queues.get(storage)
    if (!queue) {
      const { concurrency, maxPending } = this.#options
      queue = new DeletionQueue({
        concurrency,
        maxPending,
        context: this.#context,
        deleteBatch: (ids, isAbandoned) => this.#deleteFrom(storage, ids, isAbandoned),
        refuse: (ids) => {
          const message =
            `Cannot queue the deletion: ${maxPending} files already wait to be deleted from the storage "${storage}". ` +
            'Delete this file when the storage works again'
          this.#fail(storage, ids, new FiledepotError('DELETE_QUEUE_FULL', message))
        },
      })
      this.#queues.set(storage, queue)
    }
    return queue
  }

  async #deleteFrom(storage: string, ids: readonly string[], isAbandoned: () => boolean): Promise<void> {
    const failures = new Map<string, unknown>()
    try {
      const { failed } = await this.#depot.get(storage).deleteMany(ids)
      for (const { id, error } of failed) failures.set(id, error)
    } catch (error) {
      // The storage is not configured any more.
      for (const id of ids) failures.set(id, error)
    }

    const paths = ids.filter((id) => !failures.has(id)).map((id) => formatFilePath({ storage, id }))
    if (paths.length > 0) this.#depot.report('deleted', { paths })
    if (isAbandoned()) return
    for (const [id, error] of failures) this.#fail(storage, [id], error)
  }

  #fail(storage: string, ids: readonly string[], error: unknown): void {
    for (const id of ids) this.#depot.report('deleteFailed', { path: formatFilePath({ storage, id }), error })
  }
}
