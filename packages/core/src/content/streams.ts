import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { FiledepotError } from '../errors.ts'
import { reasonOf } from '../expected.ts'
import type { ResolvedContent } from './resolved-content.ts'

/** Streams that were opened once: an exhausted iterator looks like an empty file, so they are remembered. */
const opened = new WeakSet()

/** Content from a stream of any kind, or `undefined` where it is none. */
export function resolveStream(content: unknown): ResolvedContent | undefined {
  if (content instanceof Readable) return resolveReadable(content)
  if (isWebStream(content)) {
    // One that was read and let go looks like an empty file. The types of Node 20 do not say that web streams will do.
    const disturbed = Readable.isDisturbed(content as unknown as NodeJS.ReadableStream)
    return once(content, () => Readable.fromWeb(content), content.locked || disturbed)
  }
  if (isAsyncIterable(content)) return once(content, () => readChunks(content))
  return undefined
}

export function resolveBytes(content: Uint8Array): ResolvedContent {
  const bytes = ownBytes(content)
  return { bytes, size: bytes.byteLength, replayable: true, open: () => Readable.from([bytes]) }
}

/**
 * As `Readable.from`, but destroyed at once. Node waits until the iterable has ended as well, and one that hangs (a
 * generator in front of a stalled connection) never does, so that an abort would hang with it.
 */
function readChunks(chunks: AsyncIterable<unknown>): Readable {
  const stream = Readable.from(chunks)
  const endChunks = stream._destroy.bind(stream)
  stream._destroy = (error, callback) => {
    endChunks(error, () => undefined)
    callback(error)
  }
  return stream
}

/** The same memory in a class of this realm: backends may use `instanceof`, and Jest's sandboxes have a class of their own. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function resolveReadable(stream: Readable & { path?: unknown; headers?: unknown }): ResolvedContent {
  const { path } = stream
  ignoreErrors(stream)
  return {
    filename: typeof path === 'string' ? path : undefined,
    expectedSize: () => contentLengthOf(stream),
    replayable: false,
    open() {
      if (stream.errored && !opened.has(stream)) {
        const reason = reasonOf(stream.errored)
        throw new FiledepotError('CONTENT_FAILED', `Cannot read the stream, which failed: ${reason}`, {
          cause: stream.errored,
        })
      }
      return once(stream, () => stream, stream.readableEnded || stream.destroyed).open()
    },
    release() {
      stream.destroy()
    },
  }
}

/** What a request, or an answer, says of its length. */
function contentLengthOf({ headers }: { headers?: unknown }): number | undefined {
  const { 'content-length': length } = (headers ?? {}) as Record<string, unknown>
  return typeof length === 'string' && /^\d+$/.test(length) ? Number(length) : undefined
}

const heard = new WeakSet<Readable>()

/**
 * Ignores errors of a stream without a reader, before it is opened or after it is aborted. An error without a listener would
 * end the process.
 */
export function ignoreErrors(stream: Readable): void {
  if (heard.has(stream)) return
  heard.add(stream)
  stream.on('error', () => undefined)
}

function once(content: object, open: () => Readable, used = false): ResolvedContent {
  return {
    replayable: false,
    open() {
      if (used || opened.has(content)) {
        throw new FiledepotError(
          'CONTENT_CONSUMED',
          'Cannot read the stream a second time. Pass a new stream, or content that can be read again: bytes, a Blob or fromPath(…)',
        )
      }
      opened.add(content)
      return open()
    },
  }
}

function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null | undefined)?.getReader === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof (value as AsyncIterable<Uint8Array> | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
