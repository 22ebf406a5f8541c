import { createHash } from 'node:crypto'
import { addAbortSignal, type Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import type { FileBody, FileInfo } from '../backend.ts'
import { AbortedError, FiledepotError, FileTooLargeError, HashMismatchError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import { cleanFilename } from './filename.ts'
import type { FileValidator } from './file-validator.ts'
import { hearErrors, ownBytes, type ResolvedContent } from './resolve-content.ts'

/** Up to this many bytes a stream is collected and stored whole: a small file costs more as a stream. */
const WHOLE_BYTES = 64 * 1024

/** Options of {@link ingest}. */
export interface IngestOptions {
  filename?: string | undefined
  contentType?: string | undefined
  /** In bytes. @default Infinity */
  maxSize?: number | undefined
  validators?: readonly FileValidator[] | undefined
  metadata?: Readonly<Record<string, string>> | undefined
  /** Of a copy: what its bytes have to be. Others are refused when their end is reached. */
  expected?: ExpectedBytes | undefined
  /** Of a copy: when the original was last changed. */
  lastModified?: Date | undefined
  signal?: AbortSignal | undefined
}

/** What is known beforehand of the bytes of a file that is copied. */
interface ExpectedBytes {
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string | undefined
}

/** A content that is ready to flow into a backend. */
export interface Ingested {
  readonly body: FileBody
  /** Complete once the body has ended. */
  readonly info: FileInfo
  readonly declaredType: string | undefined
  /** Gives up the content where the backend did not read it. */
  release(): void
}

/**
 * One pass over a content: while its bytes flow to the backend, at the backend's pace, they are counted, hashed and
 * held against the limit. What the first bytes show (the type) is known before the backend sees anything, and so is
 * the verdict of the validators. Memory stays constant whatever the size.
 */
export async function ingest(content: ResolvedContent, options: IngestOptions): Promise<Ingested> {
  const { maxSize = Infinity, signal, expected, lastModified } = options
  const filename = cleanFilename(options.filename ?? content.filename)
  if (signal?.aborted) {
    content.release?.()
    throw new AbortedError(`storing "${filename}"`, { cause: signal.reason })
  }
  if (content.size !== undefined && content.size > maxSize) throw new FileTooLargeError(filename, maxSize)

  const meter = new Meter(filename, { maxSize, expected })
  const source = content.bytes ? undefined : await Source.open(content, filename, signal)
  try {
    const head = source ? await source.readHead() : (content.bytes ?? new Uint8Array())
    const whole = source?.ended !== false
    if (whole) meter.add(head)

    const { declaredType } = content
    const { detectContentType } = await contentTypes()
    const contentType = detectContentType(head, {
      contentType: options.contentType ?? content.contentType,
      declaredType,
      filename,
    })
    const size = whole ? head.byteLength : content.size
    for (const validate of options.validators ?? [])
      await validate({ filename, contentType, declaredType, size })

    const metadata = options.metadata ?? content.metadata ?? {}
    const known = { filename, contentType, metadata, lastModified }
    const sha256 = whole ? meter.digest() : undefined
    return {
      body: source && !whole ? metered(head, source, meter) : head,
      info: whole ? { ...known, size, sha256 } : meter.info(known),
      declaredType,
      release: () => source?.destroy(),
    }
  } catch (error) {
    source?.destroy()
    throw error
  }
}

let loading: Promise<typeof import('./content-type.ts')> | undefined

/**
 * Loaded with the first upload: its tables are half of what importing this package would cost. Kept, as Node looks for
 * a module anew in each `import()`.
 */
function contentTypes(): Promise<typeof import('./content-type.ts')> {
  return (loading ??= import('./content-type.ts'))
}

/** Counts and hashes, and holds the sum against what was expected. */
class Meter {
  readonly #hash = createHash('sha256')
  readonly #filename: string
  readonly #maxSize: number
  readonly #expected: ExpectedBytes | undefined
  #size = 0
  #sha256: string | undefined

  constructor(
    filename: string,
    { maxSize, expected }: { maxSize: number; expected?: ExpectedBytes | undefined },
  ) {
    this.#filename = filename
    this.#maxSize = maxSize
    this.#expected = expected
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength
    if (this.#size > this.#maxSize) throw new FileTooLargeError(this.#filename, this.#maxSize)
    this.#hash.update(chunk)
  }

  digest(): string {
    const sha256 = this.#hash.digest('hex')
    this.#check(sha256)
    return (this.#sha256 = sha256)
  }

  /** The info of a stream: its size and hash appear when they are known, which of a copy is from the start. */
  info(known: Omit<FileInfo, 'size' | 'sha256'>): FileInfo {
    const size = () => (this.#sha256 === undefined ? this.#expected?.size : this.#size)
    const sha256 = () => this.#sha256 ?? this.#expected?.sha256
    return {
      ...known,
      get size() {
        return size()
      },
      get sha256() {
        return sha256()
      },
    }
  }

  #check(sha256: string): void {
    if (!this.#expected) return
    const { size, sha256: hash = sha256 } = this.#expected
    if (size === this.#size && hash === sha256) return
    throw new HashMismatchError(this.#filename, { size, sha256: hash }, { size: this.#size, sha256 })
  }
}

/** The chunks of a content's stream, checked, with its failures told apart from those of the backend. */
class Source {
  readonly #content: ResolvedContent
  readonly #filename: string
  readonly #signal: AbortSignal | undefined
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<unknown>
  ended = false

  private constructor(
    content: ResolvedContent,
    stream: Readable,
    filename: string,
    signal: AbortSignal | undefined,
  ) {
    this.#content = content
    this.#filename = filename
    this.#signal = signal
    this.#stream = signal ? addAbortSignal(signal, stream) : stream
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  static async open(content: ResolvedContent, filename: string, signal?: AbortSignal): Promise<Source> {
    return new Source(content, await content.open(signal), filename, signal)
  }

  /** The first bytes: the whole content where it is small, which {@link Source.ended} then says. */
  async readHead(): Promise<Uint8Array> {
    const head: Uint8Array[] = []
    let size = 0
    while (size <= WHOLE_BYTES) {
      const chunk = await this.next()
      if (chunk === undefined) break
      head.push(chunk)
      size += chunk.byteLength
    }
    return head.length === 1 && head[0] ? head[0] : Buffer.concat(head, size)
  }

  /** The next chunk, or `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const step: IteratorResult<unknown, unknown> = await this.#chunks.next()
      if (!step.done) return checkChunk(step.value)
      this.ended = true
      this.#content.checkComplete?.()
      return undefined
    } catch (cause) {
      if (this.#signal?.aborted)
        throw new AbortedError(`storing "${this.#filename}"`, { cause: this.#signal.reason })
      if (cause instanceof FiledepotError) throw cause
      const reason = reasonOf(cause)
      throw new FiledepotError('CONTENT_FAILED', `cannot read "${this.#filename}": ${reason}`, { cause })
    }
  }

  destroy(): void {
    hearErrors(this.#stream)
    this.#stream.destroy()
  }
}

function checkChunk(chunk: unknown): Uint8Array {
  if (isUint8Array(chunk)) return ownBytes(chunk)
  throw new FiledepotError(
    'INVALID_CONTENT',
    `expected a stream of bytes, got a chunk that is ${describe(chunk)}`,
  )
}

async function* metered(head: Uint8Array, source: Source, meter: Meter): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk: Uint8Array | undefined = head; chunk; chunk = await source.next()) {
      meter.add(chunk)
      yield chunk
    }
    meter.digest()
  } finally {
    source.destroy()
  }
}
