import type { FileBody } from '@filedepot/core/backend'
import { Binary, ObjectId, type Collection } from 'mongodb'
import { abortable, untilAborted } from './abortable.ts'
import { deleteChunks } from './delete-chunks.ts'
import type { ChunkDocument } from './file-document.ts'

/** How many bytes go in one message. While it is under way, the next ones are collected. */
const BATCH_BYTES = 2 * 1024 * 1024

/**
 * Writes bytes as chunks under a new `files_id`. Until a file names this id, no reader sees them, and the old content
 * is unchanged.
 */
export class ContentUpload {
  readonly content = new ObjectId()
  readonly #chunks: Collection<ChunkDocument>
  readonly #chunkSize: number
  readonly #signal: AbortSignal | undefined
  #sending: Promise<unknown> = Promise.resolve()
  #sent = 0

  constructor(chunks: Collection<ChunkDocument>, chunkSize: number, signal: AbortSignal | undefined) {
    this.#chunks = chunks
    this.#chunkSize = chunkSize
    this.#signal = signal
  }

  /** Stores all bytes and resolves with their number. */
  async send(body: FileBody): Promise<number> {
    let length = 0
    let batch: Uint8Array[] = []
    const most = Math.max(1, Math.floor(BATCH_BYTES / this.#chunkSize))
    for await (const piece of piecesOf(body, this.#chunkSize, this.#signal)) {
      length += piece.byteLength
      batch.push(piece)
      if (batch.length < most) continue
      await this.#insert(batch)
      batch = []
    }
    await this.#insert(batch)
    await abortable(this.#sending, this.#signal)
    return length
  }

  /** Removes what was stored, when nothing more is in progress. */
  async undo(): Promise<void> {
    await this.#sending.catch(() => undefined)
    if (this.#sent > 0) await deleteChunks(this.#chunks, [this.content])
  }

  async #insert(pieces: readonly Uint8Array[]): Promise<void> {
    await abortable(this.#sending, this.#signal)
    this.#signal?.throwIfAborted()
    if (pieces.length === 0) return
    const documents = pieces.map((piece, index) => ({
      files_id: this.content,
      n: this.#sent + index,
      data: new Binary(piece),
    }))
    this.#sent += pieces.length
    this.#sending = this.#chunks.insertMany(documents)
    // It is awaited a batch later; until then its failure must not count as unhandled.
    this.#sending.catch(() => undefined)
  }
}

/** The bytes in pieces of one size. The last piece may be smaller. */
async function* piecesOf(
  body: FileBody,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let start = 0; start < body.byteLength; start += size) yield body.subarray(start, start + size)
    return
  }
  let piece = Buffer.allocUnsafe(size)
  let filled = 0
  for await (const chunk of untilAborted(body, signal)) {
    for (let start = 0; start < chunk.byteLength;) {
      const part = chunk.subarray(start, start + size - filled)
      piece.set(part, filled)
      filled += part.byteLength
      start += part.byteLength
      if (filled < size) continue
      yield piece
      piece = Buffer.allocUnsafe(size)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
