import type { Readable } from 'node:stream'
import type { ByteRange, FileStat, OpenedFile, SignedUrlOptions, StorageBackend } from '../backend.ts'
import { CONTENT, type ContentHolder, type ResolvedContent } from '../content/resolved-content.ts'
import { FiledepotError, FileNotFoundError } from '../errors.ts'
import { expected } from '../expected.ts'
import { collectBytes } from './collect-bytes.ts'
import type { StorageOperation } from '../storage-error.ts'

/** What a stored file needs of the storage that holds it. */
export interface HoldingStorage {
  readonly name: string
  readonly backend: StorageBackend
  path(id: string): string
  publicUrl(id: string): string | undefined
  signedUrl(id: string, options?: SignedUrlOptions): Promise<string>
  read(id: string, range: ByteRange | undefined, options: { signal?: AbortSignal }): Promise<Readable>
  readBytes(id: string, options: { signal?: AbortSignal; size?: number }): Promise<Buffer>
  wrapError(operation: StorageOperation, id: string, error: unknown, signal?: AbortSignal): unknown
}

/**
 * A file in a storage: what is known of it, and its bytes when asked for. They are fetched lazily, so a file taken
 * before it was replaced reads the new bytes.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 *
 * await using file = await depot.getFile('default/01890a5d-ac96-774b-bcce-b302099a8057')
 * console.log(file.filename, file.size)
 * for await (const chunk of file) process.stdout.write(chunk)
 * ```
 */
export class StoredFile implements FileStat, ContentHolder, AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly filename: string
  readonly contentType: string
  readonly size: number
  readonly sha256: string | undefined
  readonly lastModified: Date
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>

  readonly #storage: HoldingStorage
  readonly #open = new Set<Readable>()
  #closed = false

  /** Made by `get()` of a storage. */
  constructor(
    storage: HoldingStorage,
    /** The UUID of the file. */
    readonly id: string,
    { filename, contentType, size, sha256, lastModified, etag, metadata }: FileStat,
  ) {
    this.#storage = storage
    this.filename = filename
    this.contentType = contentType
    this.size = size
    this.sha256 = sha256
    this.lastModified = lastModified
    this.etag = etag
    this.metadata = metadata
  }

  /** The same as {@link StoredFile.filename}. */
  get name(): string {
    return this.filename
  }

  /** `storage/id`. */
  get path(): string {
    return this.#storage.path(this.id)
  }

  /** The name of the storage that holds the file. */
  get storage(): string {
    return this.#storage.name
  }

  /** True if the storage holds the very file, also under another name; a copy of it elsewhere does not count. */
  isIn(storage: { readonly backend: StorageBackend }): boolean {
    return this.#storage.backend === storage.backend
  }

  /**
   * Copies the file into another backend of the same service, without its bytes coming here. Resolves with false
   * where that cannot be done. `replace()` of a storage does it if it can.
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `FILE_CLOSED`, and what the backend throws
   */
  async copyTo(
    backend: StorageBackend,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    this.#checkOpen()
    try {
      return (await backend.copy?.(this.#storage.backend, this.id, options)) ?? false
    } catch (error) {
      throw error instanceof FileNotFoundError ? this.#storage.wrapError('read', this.id, error) : error
    }
  }

  /** True after {@link StoredFile.close}. */
  get closed(): boolean {
    return this.#closed
  }

  /** A URL by which anyone can read the file from the storage itself, if there is one. */
  get publicUrl(): string | undefined {
    return this.#storage.publicUrl(this.id)
  }

  /**
   * A URL by which anyone can read the file until it expires.
   *
   * @throws FiledepotError `NOT_SUPPORTED` where the storage cannot sign URLs.
   */
  signedUrl(options?: SignedUrlOptions): Promise<string> {
    return this.#storage.signedUrl(this.id, options)
  }

  /**
   * The bytes as a stream, or the part of them in `range`.
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `FILE_CLOSED`, `READ_FAILED`; `INVALID_ARGUMENT` for a range that lies
   *   outside the file
   */
  async stream(range?: ByteRange, options: { signal?: AbortSignal } = {}): Promise<Readable> {
    this.#checkOpen()
    if (range) checkRange(range, this.size)
    const stream = await this.#storage.read(this.id, range, options)
    if (this.#closed) stream.destroy()
    this.#checkOpen()
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    return stream
  }

  /**
   * Opens the bytes to read them into buffers of your own, which may be used again; `undefined` where the storage only
   * has streams. Whoever opens it closes it.
   *
   * ```ts
   * import type { StoredFile } from '@filedepot/core'
   *
   * async function firstBytes(file: StoredFile): Promise<Uint8Array | undefined> {
   *   const opened = await file.openBytes()
   *   if (!opened) return undefined
   *   const buffer = Buffer.alloc(16)
   *   return buffer.subarray(0, await opened.read(buffer, 0).finally(() => opened.close()))
   * }
   * ```
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `FILE_CLOSED`, `CORRUPT_FILE`, `READ_FAILED`
   */
  async openBytes(): Promise<OpenedFile | undefined> {
    this.#checkOpen()
    try {
      return await this.#storage.backend.openFile?.(this.id)
    } catch (error) {
      throw this.#storage.wrapError('read', this.id, error)
    }
  }

  /** All bytes at once. For a file that may be large, use {@link StoredFile.stream}. */
  async bytes(options: { signal?: AbortSignal } = {}): Promise<Buffer> {
    this.#checkOpen()
    if (this.#storage.backend.readBytes) {
      const bytes = await this.#storage.readBytes(this.id, { ...options, size: this.size })
      this.#checkOpen()
      return bytes
    }
    const stream = await this.stream(undefined, options)
    try {
      return await collectBytes(stream)
    } catch (error) {
      throw this.#storage.wrapError('read', this.id, error, options.signal)
    }
  }

  /** The bytes as UTF-8 text. */
  async text(options?: { signal?: AbortSignal }): Promise<string> {
    return (await this.bytes(options)).toString('utf8')
  }

  /** The bytes as an `ArrayBuffer` of their own. */
  async arrayBuffer(options?: { signal?: AbortSignal }): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(await this.bytes(options))
    return bytes.buffer
  }

  /** The bytes as a `Blob` with the file's type. */
  async blob(options?: { signal?: AbortSignal }): Promise<Blob> {
    return new Blob([await this.arrayBuffer(options)], { type: this.contentType })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield* (await this.stream()) as AsyncIterable<Uint8Array>
  }

  /** For filedepot itself. */
  [CONTENT](): ResolvedContent {
    const { filename, contentType, metadata, size } = this
    return {
      filename,
      contentType,
      metadata,
      size,
      replayable: true,
      open: (signal) => this.stream(undefined, signal && { signal }),
    }
  }

  /** Ends the streams that are still open; reading afterwards rejects with `FILE_CLOSED`. */
  close(): Promise<void> {
    this.#closed = true
    for (const stream of this.#open) stream.destroy()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new FiledepotError(
        'FILE_CLOSED',
        `Cannot read the file "${this.path}" after it was closed. Open it again`,
      )
  }
}

function checkRange({ start, end }: ByteRange, size: number): void {
  const good = Number.isSafeInteger(start) && start >= 0 && start < size
  const goodEnd = end === undefined || (Number.isSafeInteger(end) && end >= start)
  if (!good || !goodEnd) {
    throw expected('range', `within the ${size} bytes of the file`, `${start}-${end ?? ''}`)
  }
}
