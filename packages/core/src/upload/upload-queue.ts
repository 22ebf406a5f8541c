import { AsyncResource } from 'node:async_hooks'
import { AbortedError } from '../errors.ts'

/** An upload that waits for its turn. */
interface Waiting {
  begin: () => void
  before: Waiting | undefined
  after: Waiting | undefined
}

/** Runs uploads, a limited number at a time, each in the asynchronous context of its call. */
export class UploadQueue {
  readonly #concurrency: number
  /** How many have a turn. */
  #running = 0
  /** How many run without one. */
  #beside = 0
  // A list of its own, as the queues of packages have no way to take out what was aborted.
  #first: Waiting | undefined
  #last: Waiting | undefined
  #idle: (() => void)[] = []

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  /** How many uploads run now. */
  get count(): number {
    return this.#running + this.#beside
  }

  /** True while no upload runs, and none waits. */
  get isIdle(): boolean {
    return this.count === 0
  }

  /** Resolves when no upload runs, and none waits. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /**
   * Runs an upload when its turn has come. If it is aborted while it waits, it rejects at once, never runs, and is held no
   * longer.
   */
  run<T>(upload: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(abortedWaiting(signal))
    return this.#running < this.#concurrency ? this.#start(upload) : this.#wait(upload, signal)
  }

  /** Runs an upload at once, outside of the queue: for a source that may be slow, such as a client. */
  async runBeside<T>(upload: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) throw abortedWaiting(signal)
    this.#beside++
    try {
      return await upload()
    } finally {
      this.#beside--
      this.#tellIdle()
    }
  }

  async #start<T>(upload: () => Promise<T>): Promise<T> {
    this.#running++
    try {
      return await upload()
    } finally {
      this.#running--
      const next = this.#first
      if (next) {
        this.#remove(next)
        next.begin()
      } else this.#tellIdle()
    }
  }

  #wait<T>(upload: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    // What had to wait is begun by the end of another's upload, which has nothing to do with it. Not
    // `AsyncResource.bind`, which costs ten times as much on Node 20.
    const resource = new AsyncResource('filedepot.upload')
    return new Promise((resolve, reject) => {
      const aborted = () => {
        this.#remove(waiting)
        reject(abortedWaiting(signal))
      }
      const begin = () => {
        signal?.removeEventListener('abort', aborted)
        resolve(resource.runInAsyncScope(() => this.#start(upload)))
      }
      const waiting: Waiting = { begin, before: this.#last, after: undefined }
      if (this.#last) this.#last.after = waiting
      else this.#first = waiting
      this.#last = waiting
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  #remove({ before, after }: Waiting): void {
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
  }

  #tellIdle(): void {
    if (!this.isIdle) return
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }
}

function abortedWaiting(signal: AbortSignal | undefined): AbortedError {
  return new AbortedError('An upload that was waiting', { cause: signal?.reason })
}
