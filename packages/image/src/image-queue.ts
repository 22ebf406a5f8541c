import { FiledepotError } from '@filedepot/core'
import fastq from 'fastq'
import { AsyncResource } from 'node:async_hooks'
import { availableParallelism } from 'node:os'

/** Node's threads, which sharp works in. One is left to files and name look-ups, which need them as well. */
const threads = Math.max(1, (Number(process.env.UV_THREADPOOL_SIZE) || 4) - 1)

const queue = fastq.promise(
  (work: () => Promise<unknown>) => work(),
  Math.min(availableParallelism(), threads),
)

/** Runs what decodes and encodes, a limited number at a time, each in the asynchronous context of its call. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  // What had to wait is begun by the end of another's work, which has nothing to do with it.
  return (await queue.push(queue.idle() ? work : inContext(work))) as T
}

function inContext<T>(work: () => Promise<T>): () => Promise<T> {
  const resource = new AsyncResource('filedepot.image')
  return () => resource.runInAsyncScope(work)
}

/**
 * How many images are worked on at a time in this process; more wait their turn. Each takes a thread, and memory for
 * its pixels.
 *
 * ```ts
 * import { imageConcurrency } from '@filedepot/image'
 *
 * imageConcurrency(1)
 * ```
 *
 * @param limit a whole number from 1 up. @default as many as there are processors, but one less than Node has threads
 *   in its pool (three unless `UV_THREADPOOL_SIZE` says otherwise)
 * @returns the limit
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export function imageConcurrency(limit?: number): number {
  if (limit !== undefined) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new FiledepotError(
        'INVALID_ARGUMENT',
        `Expected limit to be a whole number from 1 up, got ${limit}`,
      )
    }
    queue.concurrency = limit
  }
  return queue.concurrency
}
