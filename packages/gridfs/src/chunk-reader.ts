import type { Collection } from 'mongodb'
import { contentOf, type ChunkDocument, type FileDocument } from './file-document.ts'

/** How many bytes are fetched at a time; the next ones are under way while these are read. */
const BATCH_BYTES = 2 * 1024 * 1024

/** A chunk is missing, or has the wrong length. The caller finds out why. */
export class MissingChunkError extends Error {
  constructor(file: FileDocument, n: number) {
    super(`chunk ${n} of the file "${file._id.toString()}" is missing or has the wrong size`)
  }
}

/** The bytes from `start` to `end`, the latter included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Fetches the chunks of a file, in order, by a query for each few of them: the driver sends a query again where the
 * connection breaks, and a server forgets no cursor however slow the reader is.
 */
export class ChunkReader {
  readonly #chunks: Collection<ChunkDocument>
  readonly #file: FileDocument
  readonly #span: Span
  readonly #signal: AbortSignal | undefined
  #n: number
  #batch: Buffer[] = []
  #next: Promise<Buffer[]> | undefined

  constructor(
    chunks: Collection<ChunkDocument>,
    file: FileDocument,
    span: Span,
    signal: AbortSignal | undefined,
  ) {
    this.#chunks = chunks
    this.#file = file
    this.#span = span
    this.#signal = signal
    this.#n = span.start <= span.end ? Math.floor(span.start / file.chunkSize) : 0
  }

  /** Fetches the first chunks, so that what is wrong with the file is known before anything is read of it. */
  async open(): Promise<void> {
    this.#batch = await this.#fetch()
    this.#next = this.#fetchAhead()
  }

  /** The next bytes, or `null` at the end. @throws MissingChunkError */
  async read(): Promise<Buffer | null> {
    if (this.#batch.length === 0 && this.#next) {
      this.#batch = await this.#next
      this.#next = this.#batch.length > 0 ? this.#fetchAhead() : undefined
    }
    return this.#batch.shift() ?? null
  }

  #fetchAhead(): Promise<Buffer[]> {
    const fetching = this.#fetch()
    // It is awaited when its bytes are wanted; until then its failure must not count as unhandled.
    fetching.catch(() => undefined)
    return fetching
  }

  async #fetch(): Promise<Buffer[]> {
    const { start, end } = this.#span
    const { chunkSize } = this.#file
    const first = this.#n
    const last = Math.min(
      start <= end ? Math.floor(end / chunkSize) : -1,
      first + Math.max(1, Math.floor(BATCH_BYTES / chunkSize)) - 1,
    )
    if (first > last) return []
    this.#n = last + 1
    const found = await this.#chunks
      .find(
        { files_id: contentOf(this.#file), n: { $gte: first, $lte: last } },
        { sort: { n: 1 }, batchSize: last - first + 2, ...(this.#signal && { signal: this.#signal }) },
      )
      .toArray()
    return Array.from({ length: last - first + 1 }, (_, index) => this.#part(first + index, found[index]))
  }

  /** What the span wants of a chunk, which is checked. */
  #part(n: number, chunk: ChunkDocument | undefined): Buffer {
    const { start, end } = this.#span
    const { chunkSize, length } = this.#file
    const offset = n * chunkSize
    const data = chunk?.data as Buffer | undefined
    const wholeSize = Math.min(chunkSize, length - offset)
    if (chunk?.n !== n || data?.byteLength !== wholeSize) throw new MissingChunkError(this.#file, n)
    return data.subarray(Math.max(0, start - offset), end - offset + 1)
  }
}
