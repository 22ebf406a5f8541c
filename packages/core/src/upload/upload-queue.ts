import { AsyncResource } from 'node:async_hooks'
import fastq from 'fastq'
import { AbortedError } from '../errors.ts'

/** Runs uploads, a limited number at a time, each in the asynchronous context of its call. */
export class UploadQueue {
  readonly #queue: fastq.queueAsPromised<() => Promise<unknown>, unknown>

  constructor(concurrency: number) {
    this.#queue = fastq.promise((upload: () => Promise<unknown>) => upload(), concurrency)
  }

  /** True while no upload runs, and none waits. */
  get isIdle(): boolean {
    return this.#queue.idle()
  }

  /** Resolves when no upload runs, and none waits. */
  idle(): Promise<void> {
    return this.#queue.drained()
  }

  /** Runs an upload when its turn has come, and not at all where it was aborted while it waited. */
  async run<T>(upload: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const task = async () => {
      if (signal?.aborted) throw new AbortedError('an upload that was waiting', { cause: signal.reason })
      return await upload()
    }
    // What had to wait is begun by the end of another's upload, which has nothing to do with it.
    return (await this.#queue.push(this.#queue.idle() ? task : inContext(task))) as T
  }
}

/** Not `AsyncResource.bind`, which costs ten times as much on Node 20. */
function inContext<T>(task: () => Promise<T>): () => Promise<T> {
  const resource = new AsyncResource('filedepot.upload')
  return () => resource.runInAsyncScope(task)
}
