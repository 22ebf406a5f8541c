import type { Readable } from 'node:stream'
import type {
  ByteRange,
  DeleteReport,
  FileInfo,
  ReadBytesOptions,
  SignedUpload,
  SignedUploadOptions,
  SignedUrlOptions,
  StorageBackend,
  WriteOptions,
} from '../backend.ts'
import type { FileContent } from '../content/file-content.ts'
import { cleanFilename } from '../content/filename.ts'
import type { FileValidator } from '../content/file-validator.ts'
import { ingest, type IngestOptions } from '../content/ingest.ts'
import { resolveContent } from '../content/resolve-content.ts'
import type { ResolvedContent } from '../content/resolved-content.ts'
import { FiledepotError, FileNotFoundError } from '../errors.ts'
import { checkWholeNumber, expected } from '../expected.ts'
import { newFileId, parseFileId } from '../file-id.ts'
import { formatFilePath } from '../file-path.ts'
import { loopShare } from '../loop-share.ts'
import { collectBytes } from './collect-bytes.ts'
import { wrapError, type StorageOperation } from '../storage-error.ts'
import { StoredFile } from './stored-file.ts'

/** Options of {@link FileStorage.create} and {@link FileStorage.replace}. */
export interface StoreOptions {
  /** For display. @default the content's own name, else `unnamed` */
  filename?: string | undefined
  /** MIME type; wins over what the bytes look like. @default detected from the bytes, else from the claims */
  contentType?: string | undefined
  /** The most bytes that are stored; a larger content is refused, a stream at that byte. @default Infinity */
  maxSize?: number | undefined
  /** Run before anything is stored. */
  validators?: readonly FileValidator[] | undefined
  /** Custom metadata, kept with the file. */
  metadata?: Readonly<Record<string, string>> | undefined
  signal?: AbortSignal | undefined
}

/** All that is known of a file that has just been stored. */
export interface StoredRecord {
  readonly storage: string
  readonly id: string
  /** `storage/id`. */
  readonly path: string
  readonly filename: string
  readonly contentType: string
  readonly declaredType: string | undefined
  /** In bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly uploadedAt: Date
}

/** A signed upload, and the file that it creates. */
export interface DirectUpload extends SignedUpload {
  /** The id of the file that the upload creates. */
  readonly id: string
  /** `storage/id`. */
  readonly path: string
}

/** A file, or the id of one. */
export type FileOrId = string | Pick<StoredFile, 'id'>

/**
 * A storage as programs use it: over one raw {@link StorageBackend} it resolves what can be stored, makes and checks
 * ids, and says in every error what failed and where.
 *
 * ```ts
 * import { FileStorage, MemoryBackend } from '@filedepot/core'
 *
 * const files = new FileStorage('scratch', new MemoryBackend())
 * const id = await files.create(Buffer.from('hello'), { filename: 'hello.txt' })
 * const file = await files.get(id)
 * console.log(file.contentType, await file.text()) //=> text/plain hello
 * ```
 */
export class FileStorage {
  readonly #writing = new Set<string>()

  constructor(
    /** The name under which it is configured: the first part of its files' paths. */
    readonly name: string,
    readonly backend: StorageBackend,
  ) {}

  /**
   * Stores a content and resolves with the id of the new file.
   *
   * @throws FiledepotError `INVALID_CONTENT`, `CONTENT_CONSUMED`, `CONTENT_FAILED`, `FILE_TOO_LARGE`,
   *   `FILE_REFUSED`, `WRITE_FAILED`, `STORAGE_FULL`, `ABORTED`; nothing is stored then
   */
  async create(content: FileContent, options?: StoreOptions): Promise<string> {
    return (await this.store(content, options)).id
  }

  /** As {@link FileStorage.create}, but resolves with all that is then known of the file. */
  async store(content: FileContent, options: StoreOptions = {}): Promise<StoredRecord> {
    return await this.#writeNew(resolveContent(content), options)
  }

  /** The paths of the new files that are being written now. */
  get writing(): string[] {
    return [...this.#writing].map((id) => this.path(id))
  }

  /**
   * The file, with its metadata; its bytes are not read yet.
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `INVALID_FILE_ID`, `CORRUPT_FILE`, `READ_FAILED`
   */
  async get(file: FileOrId): Promise<StoredFile> {
    const id = this.#idOf(file)
    const stat = await this.#run('read', id, () => this.backend.stat(id))
    if (!stat) throw new FileNotFoundError(this.path(id))
    return new StoredFile(this, id, stat)
  }

  /**
   * Puts new bytes instead of a file's, at once: readers see the old ones or the new ones. The filename and
   * type stay unless the content or the options name others.
   *
   * To copy a file here from another storage, give it twice: `backup.replace(file, file)`. The copy has the id, the
   * metadata and the time of the last change; bytes that are not those of `file.size` and `file.sha256` are refused
   * (`HASH_MISMATCH`). {@link copyStorage} copies a whole storage.
   *
   * Rows do not notice: their {@link UploadedFile} describes the old bytes. Replace the value of the row instead.
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `HASH_MISMATCH`, and all that {@link FileStorage.create} throws
   */
  async replace(file: FileOrId, content: FileContent, options: StoreOptions = {}): Promise<string> {
    const id = this.#idOf(file)
    if (content instanceof StoredFile && content.id === id) {
      // Onto itself: the bytes are there already, and reading while replacing them would be a race.
      if (content.isIn(this)) return id
      if (await this.#copied(content, options)) return id
      const { size, sha256, lastModified } = content
      const copy = { ...options, expected: { size, sha256 }, lastModified }
      return (await this.#write(id, resolveContent(content), copy)).id
    }
    const existing = await this.get(id)
    const resolved = resolveContent(content)
    const filename = options.filename ?? resolved.filename
    const kept =
      filename === undefined
        ? { filename: existing.filename, declaredType: existing.contentType, metadata: existing.metadata }
        : {}
    return (await this.#write(id, { ...resolved, ...kept }, options)).id
  }

  /**
   * Stores a copy of a file under a new id, as a stream: its name, its type, its metadata and its bytes. Resolves with all
   * that is then known of the copy.
   *
   * @throws FiledepotError `HASH_MISMATCH` if the bytes are not those of `file.size` and `file.sha256`, and all that
   *   {@link FileStorage.create} throws; nothing is stored then
   */
  async copy(file: StoredFile, { signal }: Pick<StoreOptions, 'signal'> = {}): Promise<StoredRecord> {
    const { size, sha256 } = file
    return await this.#writeNew(resolveContent(file), { signal, expected: { size, sha256 } })
  }

  /**
   * Deletes a file; one that is not there counts as deleted.
   *
   * @throws FiledepotError `INVALID_FILE_ID`, `DELETE_FAILED`
   */
  async delete(file: FileOrId): Promise<void> {
    const id = this.#idOf(file)
    const { failed } = await this.deleteMany([id])
    if (failed[0]) throw failed[0].error
  }

  /** Deletes many files in as few requests as the backend can. Never rejects: the report says what is left. */
  async deleteMany(ids: readonly string[]): Promise<DeleteReport> {
    const good: string[] = []
    const failed: { id: string; error: unknown }[] = []
    for (const id of ids) {
      try {
        good.push(this.#idOf(id))
      } catch (error) {
        failed.push({ id, error })
      }
    }
    try {
      failed.push(...(await this.backend.delete(good)).failed)
    } catch (error) {
      failed.push(...good.map((id) => ({ id, error })))
    }
    return { failed: failed.map(({ id, error }) => ({ id, error: this.wrapError('delete', id, error) })) }
  }

  /** @throws FiledepotError `INVALID_FILE_ID`, `CORRUPT_FILE`, `READ_FAILED` */
  async exists(file: FileOrId): Promise<boolean> {
    const id = this.#idOf(file)
    return (await this.#run('read', id, () => this.backend.stat(id))) !== undefined
  }

  /**
   * The ids of all files in ascending order, or of those after an id. It may also have ids whose file is being written, or
   * whose process was killed while it wrote: `exists` is then false, and `delete` removes what is there.
   */
  async *list(options: { after?: FileOrId } = {}): AsyncGenerator<string> {
    const after = options.after === undefined ? undefined : this.#idOf(options.after)
    try {
      yield* this.backend.list({ after })
    } catch (error) {
      throw wrapError('list', this.name, error)
    }
  }

  /** The bytes of a file, or a part of them. {@link StoredFile.stream} is the friendlier way. */
  read(id: string, range?: ByteRange, options?: { signal?: AbortSignal | undefined }): Promise<Readable> {
    return this.#run('read', id, () => this.backend.read(this.#idOf(id), range, options), options?.signal)
  }

  /** All bytes of a file at once. {@link StoredFile.bytes} is the friendlier way. */
  readBytes(id: string, options: ReadBytesOptions = {}): Promise<Buffer> {
    const { backend } = this
    const { signal } = options
    const reading = async () => {
      const parsed = this.#idOf(id)
      signal?.throwIfAborted()
      if (!backend.readBytes) return await collectBytes(await backend.read(parsed, undefined, { signal }))
      const bytes = await backend.readBytes(parsed, options)
      signal?.throwIfAborted()
      return bytes
    }
    return this.#run('read', id, reading, signal)
  }

  /** A URL by which anyone can read the file from the storage itself, if there is one. */
  publicUrl(file: FileOrId): string | undefined {
    return this.backend.publicUrl?.(this.#idOf(file))
  }

  /** @throws FiledepotError `NOT_SUPPORTED` where the storage cannot sign URLs. */
  async signedUrl(file: FileOrId, options: SignedUrlOptions = {}): Promise<string> {
    const id = this.#idOf(file)
    if (!this.backend.signedUrl) {
      throw new FiledepotError(
        'NOT_SUPPORTED',
        `The storage "${this.name}" cannot sign URLs. Serve its files with the handler of @filedepot/http`,
      )
    }
    const { backend } = this
    const { filename } = options
    const clean = filename === undefined ? options : { ...options, filename: cleanFilename(filename) }
    return await this.#run('read', id, async () => (await backend.signedUrl?.(id, clean)) ?? '')
  }

  /**
   * Lets a client upload a new file directly to the storage: with the URL, and the headers of a `PUT` or the form fields of a
   * `POST`. The file exists when the client has sent it. Its bytes are not checked, and no row owns it yet.
   *
   * ```ts
   * import { depot } from '@filedepot/core'
   *
   * const { id, url, headers } = await depot.get().signedUpload({ contentType: 'image/png', size: 20_000 })
   * // In the browser: await fetch(url, { method: 'PUT', headers, body: picture })
   * ```
   *
   * @throws FiledepotError `NOT_SUPPORTED` where the storage cannot sign uploads, `INVALID_ARGUMENT`, `WRITE_FAILED`,
   *   `ABORTED`
   */
  async signedUpload(options: SignedUploadOptions = {}): Promise<DirectUpload> {
    const sign = this.backend.signedUpload?.bind(this.backend)
    if (!sign)
      throw new FiledepotError(
        'NOT_SUPPORTED',
        `The storage "${this.name}" cannot sign uploads. Receive the files with receiveFiles() of @filedepot/http`,
      )
    checkSignedUpload(options)
    const { filename, signal } = options
    const cleaned = { ...options, ...(filename !== undefined && { filename: cleanFilename(filename) }) }
    const id = newFileId()
    const signed = await this.#run('write', id, () => sign(id, cleaned), signal)
    return { ...signed, id, path: this.path(id) }
  }

  /** `storage/id` of a file of this storage. */
  path(id: string): string {
    return formatFilePath({ storage: this.name, id })
  }

  /** The error with what failed and where: what a backend threw becomes the `cause`. */
  wrapError(operation: StorageOperation, id: string, error: unknown, signal?: AbortSignal): FiledepotError {
    return wrapError(operation, this.path(id), error, signal)
  }

  async #writeNew(content: ResolvedContent, options: StoreOptions & IngestOptions): Promise<StoredRecord> {
    const id = newFileId()
    this.#writing.add(id)
    try {
      return await this.#write(id, content, { ...options, isNew: true })
    } finally {
      this.#writing.delete(id)
    }
  }

  async #write(
    id: string,
    content: ResolvedContent,
    options: StoreOptions & IngestOptions & Pick<WriteOptions, 'isNew'>,
  ): Promise<StoredRecord> {
    const { signal, isNew } = options
    checkWholeNumber('maxSize', options.maxSize, 0)
    const ingested = await ingest(content, options)
    const { body, declaredType, expectedSize } = ingested
    const write = async () => {
      const info = ingested.describe()
      await this.backend.write(id, body, info, { signal, expectedSize, isNew })
      return info
    }
    try {
      const info = await this.#run('write', id, async () => await loopShare.run(write), signal)
      return this.#record(id, info, declaredType)
    } catch (error) {
      await ingested.release()
      throw error
    }
  }

  #record(id: string, info: FileInfo, declaredType: string | undefined): StoredRecord {
    const { filename, contentType, size = 0, sha256 = '' } = info
    const path = this.path(id)
    const uploadedAt = new Date()
    return { storage: this.name, id, path, filename, contentType, declaredType, size, sha256, uploadedAt }
  }

  /** True where the service has copied the file itself. What is asked for beyond a copy needs the bytes. */
  async #copied(file: StoredFile, { signal, ...more }: StoreOptions): Promise<boolean> {
    if (Object.values(more).some((value) => value !== undefined)) return false
    try {
      return await file.copyTo(this.backend, { signal })
    } catch (error) {
      // Of the storage that the file is in, and said by it.
      if (error instanceof FileNotFoundError) throw error
      throw this.wrapError('write', file.id, error, signal)
    }
  }

  /** A UUID in its one spelling, or an id of the backend's own kind in its. */
  #idOf(file: FileOrId): string {
    const id = typeof file === 'string' ? file : (file as { id?: unknown } | undefined | null)?.id
    return (typeof id === 'string' ? this.backend.parseId?.(id) : undefined) ?? parseFileId(id)
  }

  async #run<T>(
    operation: StorageOperation,
    id: string,
    action: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw this.wrapError(operation, id, error, signal)
    }
  }
}

function checkSignedUpload({ method, expiresIn, size, maxSize }: SignedUploadOptions): void {
  const methods: readonly unknown[] = ['PUT', 'POST', undefined]
  if (!methods.includes(method)) throw expected('method', '"PUT" or "POST"', method)
  checkWholeNumber('expiresIn', expiresIn, 1)
  checkWholeNumber('size', size, 0)
  checkWholeNumber('maxSize', maxSize, 0)
  if (maxSize !== undefined && method !== 'POST') {
    throw expected('maxSize', 'given with the method "POST" only', maxSize)
  }
}
