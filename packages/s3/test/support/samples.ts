import { randomBytes } from 'node:crypto'
import type { FiledepotError } from '@filedepot/core'
import type { FileInfo } from '@filedepot/core/backend'

export const MIB = 1024 * 1024

const PATTERN = randomBytes(65_521)

/** Bytes of any size, in which a part that is missing or out of its place shows. */
export function bytesOf(size: number): Buffer {
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, PATTERN)
}

/** The bytes as a stream of chunks of 64 KiB. */
export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 65_536) {
    yield await Promise.resolve(bytes.subarray(start, start + 65_536))
  }
}

/** A stream that gives the bytes and then never anything again. */
export async function* hangingAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes)
  await new Promise(() => undefined)
}

export function infoOf(info: Partial<FileInfo> = {}): FileInfo {
  return {
    filename: 'a.txt',
    contentType: 'text/plain',
    size: undefined,
    sha256: undefined,
    metadata: {},
    ...info,
  }
}

/** What the promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<FiledepotError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error as FiledepotError
  throw new Error('Expected a rejection', { cause: outcome.value })
}

export async function listOf(ids: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const id of ids) list.push(id)
  return list
}
