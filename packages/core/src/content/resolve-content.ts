import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { isAnyArrayBuffer, isUint8Array } from 'node:util/types'
import { FiledepotError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import { StoredFile } from '../storage/stored-file.ts'
import { FileIntent, FileOnDisk } from './file-intent.ts'
import { resolveMultipart } from './multipart.ts'
import { SpooledFile } from './spooled-file.ts'

/** A content in the one form that the rest of core works with. */
export interface ResolvedContent {
  /** The name that the content itself carries, as it came. */
  readonly filename?: string | undefined
  /** The type that our own program says it has; believed. */
  readonly contentType?: string | undefined
  /** The type that a client says it has; believed only as far as the bytes agree. */
  readonly declaredType?: string | undefined
  /** Custom metadata that comes with a stored file. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** In bytes, where it is known beforehand. */
  readonly size?: number | undefined
  /** In bytes: a size that may have changed when the content is read, or that only a client has said. */
  readonly expectedSize?: (() => number | undefined | Promise<number | undefined>) | undefined
  /** The whole content, where it is in memory. */
  readonly bytes?: Uint8Array | undefined
  /** True where {@link ResolvedContent.open} can be called again. */
  readonly replayable: boolean
  /** The content as a stream. Throws `CONTENT_CONSUMED` where it has been read. */
  readonly open: (signal?: AbortSignal) => Readable | Promise<Readable>
  /** Gives up a stream that is not going to be opened, so that what it holds open is closed. */
  readonly release?: (() => void) | undefined
  /** Called when the stream has ended: throws where the parser had cut it short. */
  readonly checkComplete?: (() => void) | undefined
}

/** Streams that were opened once: an exhausted iterator looks like an empty file, so they are remembered. */
const opened = new WeakSet()

/**
 * Finds out what a value is, without reading it.
 *
 * @throws FiledepotError `INVALID_CONTENT`
 */
export function resolveContent(content: unknown): ResolvedContent {
  if (content instanceof FileIntent) return resolveIntent(content)
  if (content instanceof StoredFile) return resolveStoredFile(content)
  if (content instanceof SpooledFile) return resolveSpooled(content)
  if (content instanceof FileOnDisk)
    return {
      filename: content.path,
      expectedSize: () => content.size(),
      replayable: true,
      open: () => content.open(),
    }
  if (isUint8Array(content)) return resolveBytes(content)
  if (isAnyArrayBuffer(content)) return resolveBytes(new Uint8Array(content))
  if (isBlob(content)) return resolveBlob(content)
  const found = resolveStream(content) ?? resolveMultipart(content)
  if (found) return found
  throw new FiledepotError(
    'INVALID_CONTENT',
    typeof content === 'string'
      ? 'Cannot store text as a file. Pass its bytes, for example Buffer.from(text)'
      : `Expected the content of a file (bytes, a Blob, a stream, an upload), got ${describe(content)}`,
  )
}

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

export function resolveSpooled(file: SpooledFile): ResolvedContent {
  const { filename, contentType, declaredType, size, place } = file
  const known = { filename, contentType, declaredType, size, replayable: true, open: () => file.open() }
  return typeof place === 'string' ? known : { ...known, bytes: place }
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

function resolveIntent({ content, filename, contentType }: FileIntent): ResolvedContent {
  const inner = resolveContent(content)
  const { declaredType, metadata, size, expectedSize, bytes, replayable, open, release, checkComplete } =
    inner
  // Spread, it would take twice as long, for each small file twice; whatever is added there has to be added here.
  return {
    filename: filename ?? inner.filename,
    contentType: contentType ?? inner.contentType,
    declaredType,
    metadata,
    size,
    expectedSize,
    bytes,
    replayable,
    open,
    release,
    checkComplete,
  } satisfies Record<keyof ResolvedContent, unknown>
}

function resolveStoredFile(file: StoredFile): ResolvedContent {
  const { filename, contentType, metadata, size } = file
  return {
    filename,
    contentType,
    metadata,
    size,
    replayable: true,
    open: (signal) => file.stream(undefined, signal && { signal }),
  }
}

function resolveBlob(blob: Blob & { name?: unknown }): ResolvedContent {
  return {
    filename: typeof blob.name === 'string' ? blob.name : undefined,
    declaredType: blob.type === '' ? undefined : blob.type,
    size: blob.size,
    replayable: true,
    open: () => Readable.fromWeb(blob.stream()),
  }
}

function resolveReadable(stream: Readable & { path?: unknown; headers?: unknown }): ResolvedContent {
  const { path } = stream
  hearErrors(stream)
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
 * A stream can fail while nobody reads it: before it is opened, or when it is given up. An error that nobody hears
 * ends a process.
 */
export function hearErrors(stream: Readable): void {
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

function isBlob(value: unknown): value is Blob {
  const tag = (value as { [Symbol.toStringTag]?: unknown } | null | undefined)?.[Symbol.toStringTag]
  return (tag === 'Blob' || tag === 'File') && typeof (value as Blob).stream === 'function'
}

function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as ReadableStream | null | undefined)?.getReader === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof (value as AsyncIterable<Uint8Array> | null | undefined)?.[Symbol.asyncIterator] === 'function'
}
