import { Readable } from 'node:stream'
import type { ByteRange, DeleteReport, FileBody, FileInfo, FileStat, StorageBackend } from '../backend.ts'
import { FileNotFoundError } from '../errors.ts'

interface MemoryFile {
  bytes: Buffer
  stat: FileStat
}

/**
 * Keeps files in the memory of the process: for tests, and as the backend to copy from when you write one.
 *
 * ```ts
 * import { depot, MemoryBackend } from '@filedepot/core'
 *
 * depot.configure('scratch', new MemoryBackend())
 * ```
 */
export class MemoryBackend implements StorageBackend {
  readonly #files = new Map<string, MemoryFile>()
  #writes = 0
  #owner: string | undefined

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    const chunks: Uint8Array[] = []
    if (body instanceof Uint8Array) chunks.push(body)
    else for await (const chunk of body) chunks.push(chunk)
    signal?.throwIfAborted()

    const bytes = Buffer.concat(chunks)
    const { filename, contentType, sha256, metadata, lastModified = new Date() } = info
    const etag = sha256 ?? String(++this.#writes)
    const stat = {
      filename,
      contentType,
      sha256,
      metadata: { ...metadata },
      etag,
      size: bytes.byteLength,
      lastModified,
    }
    this.#files.set(id, { bytes, stat })
  }

  stat(id: string): Promise<FileStat | undefined> {
    return Promise.resolve(this.#files.get(id)?.stat)
  }

  read(id: string, range?: ByteRange): Promise<Readable> {
    const file = this.#files.get(id)
    if (!file) return Promise.reject(new FileNotFoundError(id))
    const part = range ? file.bytes.subarray(range.start, (range.end ?? Infinity) + 1) : file.bytes
    // An empty chunk would end a stream that is not in object mode, so an empty file is a stream without chunks.
    // A copy, because the reader may change the bytes.
    const chunks = part.byteLength > 0 ? [Buffer.from(part)] : []
    return Promise.resolve(Readable.from(chunks, { objectMode: false }))
  }

  delete(ids: readonly string[]): Promise<DeleteReport> {
    for (const id of ids) this.#files.delete(id)
    return Promise.resolve({ failed: [] })
  }

  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    yield* await Promise.resolve([...this.#files.keys()].filter((id) => id > after).sort())
  }

  readOwner(): Promise<string | undefined> {
    return Promise.resolve(this.#owner)
  }

  writeOwner(owner: string): Promise<void> {
    this.#owner = owner
    return Promise.resolve()
  }
}
