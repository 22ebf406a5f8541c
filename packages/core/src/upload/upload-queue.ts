import fastq from 'fastq'
import { AbortedError } from '../errors.ts'

/** Runs uploads, a limited number at a time. */
export class UploadQueue {
  readonly #queue: fastq.queueAsPromised<() => Promise<unknown>, unknown>

  constructor(concurrency: number) {
    this.#queue = fastq.promise((upload: () => Promise<unknown>) => upload(), concurrency)
  }

  /** Runs an upload when its turn has come, and not at all where it was aborted while it waited. */
  async run<T>(upload: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return (await this.#queue.push(async () => {
      if (signal?.aborted) throw new AbortedError('an upload that was waiting', { cause: signal.reason })
      return await upload()
    })) as T
  }
}
