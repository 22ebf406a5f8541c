import { addAbortSignal, type Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { AbortedError, FiledepotError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import type { ResolvedContent } from './resolved-content.ts'
import { ignoreErrors, ownBytes } from './streams.ts'

/** The chunks of a content's stream, checked, with its failures told apart from those of the backend. */
export class Source {
  readonly #content: ResolvedContent
  readonly #filename: string
  readonly #signal: AbortSignal | undefined
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<unknown>
  #head: Uint8Array | undefined
  /** True when the stream has come to its end. */
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

  /** How many bytes the whole content will probably have, if anything says so before it is read. */
  async expectedSize(): Promise<number | undefined> {
    return this.#content.size ?? (await this.#content.expectedSize?.())
  }

  /** The bytes from the start, more than `length` of them or the whole content; {@link Source.next} begins with them. */
  async peek(length: number): Promise<Uint8Array> {
    const head: Uint8Array[] = []
    let size = 0
    while (size <= length) {
      const chunk = await this.next()
      if (chunk === undefined) break
      head.push(chunk)
      size += chunk.byteLength
    }
    return (this.#head = head.length === 1 && head[0] ? head[0] : Buffer.concat(head, size))
  }

  /** The next chunk, or `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const head = this.#head
    if (head) {
      this.#head = undefined
      return head
    }
    if (this.ended) return undefined
    try {
      const step: IteratorResult<unknown, unknown> = await this.#chunks.next()
      if (!step.done) return checkChunk(step.value)
      this.ended = true
      this.#content.checkComplete?.()
      return undefined
    } catch (cause) {
      if (this.#signal?.aborted)
        throw new AbortedError(`Storing "${this.#filename}"`, { cause: this.#signal.reason })
      if (cause instanceof FiledepotError) throw cause
      const reason = reasonOf(cause)
      throw new FiledepotError('CONTENT_FAILED', `Cannot read "${this.#filename}": ${reason}`, { cause })
    }
  }

  destroy(): void {
    ignoreErrors(this.#stream)
    this.#stream.destroy()
  }
}

function checkChunk(chunk: unknown): Uint8Array {
  if (isUint8Array(chunk)) return ownBytes(chunk)
  throw new FiledepotError(
    'INVALID_CONTENT',
    `Expected a stream of bytes, got a chunk that is ${describe(chunk)}`,
  )
}
