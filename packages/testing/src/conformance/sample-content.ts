import { createHash, randomBytes } from 'node:crypto'
import type { FileInfo } from '@filedepot/core/backend'

export const MIB = 1024 * 1024

/** A picture of one pixel: its type shows in its bytes. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

export const HELLO = Buffer.from('hello, world')

/** Chunks of 64 KiB, as Node's own streams have them. */
const CHUNK_BYTES = 64 * 1024

/** 65,521 is prime, so a part that was cut at a wrong offset, or put in a wrong place, never looks right. */
const PATTERN = randomBytes(65_521)

/** Bytes of any size that show where they come from. */
export function patternBytes(size: number): Buffer {
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, PATTERN)
}

/** The bytes as a stream of fresh chunks. */
export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    yield await Promise.resolve(Buffer.from(bytes.subarray(start, start + CHUNK_BYTES)))
  }
}

/** A stream that breaks off after the bytes. */
export async function* breakingAfter(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes)
  throw error
}

/** A stream that gives the bytes and then never anything again, not even an end. */
export async function* hangingAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes)
  await new Promise(() => undefined)
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What a backend is told of bytes that come whole. */
export function infoOf(bytes: Uint8Array, known: Partial<FileInfo> = {}): FileInfo {
  return { ...unnamed, size: bytes.byteLength, sha256: sha256Of(bytes), ...known }
}

/** A body as a backend gets it of a stream, and the info that is complete only when the body has ended. */
export function streamed(
  chunks: AsyncIterable<Uint8Array>,
  known: Partial<FileInfo> = {},
): { body: AsyncIterable<Uint8Array>; info: FileInfo } {
  const hash = createHash('sha256')
  let size = 0
  let sha256: string | undefined
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      size += chunk.byteLength
      hash.update(chunk)
      yield chunk
    }
    sha256 = hash.digest('hex')
  }
  return {
    body: measured(),
    info: {
      ...unnamed,
      ...known,
      get size() {
        return sha256 === undefined ? undefined : size
      },
      get sha256() {
        return sha256
      },
    },
  }
}

const unnamed = { filename: 'unnamed', contentType: 'application/octet-stream', metadata: {} }
