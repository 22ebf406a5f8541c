import type { AsyncResource } from 'node:async_hooks'

/** How many ids of waiting requests are put into one batch; as many as S3 deletes with one request. */
const BATCH_SIZE = 1000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Files of one caller. Kept small: a storage that hangs may let thousands of them wait. */
interface DeletionRequest {
  readonly ids: readonly string[]
  /** Tells the caller that it is done; `undefined` when the caller waits no more. */
  done: (() => void) | undefined
}

interface Batch {
  readonly requests: readonly DeletionRequest[]
  /** True when the batch has been given up: then what becomes of it is not waited for. */
  abandoned: boolean
}

/** What a {@link DeletionQueue} is made of. */
export interface DeletionQueueOptions {
  /** How many batches are deleted at a time. */
  readonly concurrency: number
  /** How many ids may wait. */
  readonly maxPending: number
  /** In which waiting requests are begun: the end of the deletion before them has nothing to do with them. */
  readonly context: AsyncResource
  /** Deletes, and tells those who watch. Never rejects. `isAbandoned` says whether failures have been told already. */
  readonly deleteBatch: (ids: readonly string[], isAbandoned: () => boolean) => Promise<void>
  /** Called with ids that are not deleted, since too many wait already. */
  readonly refuse: (ids: readonly string[]) => void
}

/**
 * The deletions of one storage. A few batches run at a time, so that a storage that hangs takes a few connections and
 * not all of them. The rest waits as ids, and goes in batches when a place is free: the files of many transactions in one
 * request.
 */
export class DeletionQueue {
  readonly #options: DeletionQueueOptions
  readonly #running = new Set<Batch>()
  #waiting: DeletionRequest[] = []
  #waitingIds = 0
  #whenIdle: (() => void)[] = []
  constructor(options: DeletionQueueOptions) {
    this.#options = options
  }

  /** Resolves when the ids were dealt with, or after `maxWait` milliseconds; the deletion then goes on. */
  add(ids: readonly string[], maxWait: number): Promise<void> {
    const { concurrency, maxPending, refuse } = this.#options
    const request: DeletionRequest = { ids, done: undefined }
    if (this.#running.size < concurrency) {
      const settled = settledOf(request, maxWait)
      void this.#run([request])
      return settled
    }
    if (this.#waitingIds + ids.length > maxPending) {
      refuse(ids)
      return Promise.resolve()
    }
    this.#waiting.push(request)
    this.#waitingIds += ids.length
    return settledOf(request, maxWait)
  }

  get isIdle(): boolean {
    return this.#running.size === 0
  }

  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void> {
    return this.isIdle ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Gives up what runs and what waits, and returns the ids. What runs may still be carried out. */
  abandon(): string[] {
    const requests = this.#waiting
    this.#waiting = []
    this.#waitingIds = 0
    const given = [...requests]
    for (const batch of this.#running) {
      if (batch.abandoned) continue
      batch.abandoned = true
      given.unshift(...batch.requests)
    }
    for (const { done } of given) done?.()
    return given.flatMap(({ ids }) => ids)
  }

  async #run(requests: readonly DeletionRequest[]): Promise<void> {
    const batch: Batch = { requests, abandoned: false }
    this.#running.add(batch)
    const [first] = requests
    const ids = requests.length === 1 && first ? first.ids : requests.flatMap((request) => request.ids)
    await this.#options.deleteBatch(ids, () => batch.abandoned)
    this.#running.delete(batch)
    const next = this.#take()
    if (next.length > 0) this.#options.context.runInAsyncScope(() => void this.#run(next))
    for (const { done } of requests) done?.()
    if (this.#running.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  /** The requests that have waited longest, as many as fit into a batch; at least one, if there is one. */
  #take(): DeletionRequest[] {
    let count = 0
    let size = 0
    for (const { ids } of this.#waiting) {
      if (count > 0 && size + ids.length > BATCH_SIZE) break
      count++
      size += ids.length
    }
    this.#waitingIds -= size
    return this.#waiting.splice(0, count)
  }
}

/** Keeps nothing of a caller who has waited long enough. */
function settledOf(request: DeletionRequest, maxWait: number): Promise<void> {
  return new Promise((resolve) => {
    if (maxWait > LONGEST_TIMER_MS) {
      request.done = resolve
      return
    }
    const timer = setTimeout(() => {
      request.done = undefined
      resolve()
    }, maxWait)
    request.done = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}
