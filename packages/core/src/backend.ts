import type { Readable } from 'node:stream'

/** What is known of a file while it is written. */
export interface FileInfo {
  /** For display only, never part of a key. At most 255 bytes of UTF-8, without control characters or path parts. */
  readonly filename: string
  /** MIME type, for example `image/png`. */
  readonly contentType: string
  /** In bytes. Of a stream it is known when the stream has ended, and `undefined` before. */
  readonly size: number | undefined
  /** SHA-256 of the bytes, in lower-case hex. Of a stream it is known when the stream has ended. */
  readonly sha256: string | undefined
  /** Custom metadata, kept with the file. */
  readonly metadata: Readonly<Record<string, string>>
  /** Of a copy: when the original was last changed, which the file then says, at least to the second. @default now */
  readonly lastModified?: Date | undefined
}

/** What a storage knows of a file that it holds. */
export interface FileStat {
  readonly filename: string
  readonly contentType: string
  /** In bytes. */
  readonly size: number
  /** Lower-case hex; `undefined` where the storage does not know it. */
  readonly sha256: string | undefined
  readonly lastModified: Date
  /** Changes whenever the bytes change; without quotes. */
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
}

/** A part of a file: `start` and `end` are offsets of bytes, both included, as in HTTP. */
export interface ByteRange {
  readonly start: number
  /** Default: the last byte. An end behind the last byte means the last byte. */
  readonly end?: number | undefined
}

/** A file that was opened to be read: its bytes are those of that moment, also where it is replaced or deleted since. */
export interface OpenedFile {
  /** In bytes. */
  readonly size: number
  /** The {@link FileStat.etag} of these bytes. */
  readonly etag: string

  /**
   * Fills a buffer with the bytes from `position` on, and resolves with how many it has got: fewer than there is room
   * for at the end of the file only, and behind it none.
   */
  read(buffer: Uint8Array, position: number): Promise<number>

  /** Has to be called, also where reading has failed. */
  close(): Promise<void>
}

/** Options of {@link StorageBackend.readBytes}. */
export interface ReadBytesOptions {
  /**
   * In bytes: the size that your own row or a look before says. It is a hint, as the file may have been replaced since.
   * Never take it from a client. @default not known
   */
  size?: number | undefined
  signal?: AbortSignal | undefined
}

/** Options of {@link StorageBackend.write}. */
export interface WriteOptions {
  signal?: AbortSignal | undefined
  /**
   * True: the id is new and unknown outside. A backend need not look for a file to replace.
   * @default false
   */
  isNew?: boolean | undefined
  /**
   * In bytes: how long a body that is a stream will probably be. It is a hint, for a service that takes a file in parts. The body
   * itself decides, and it may be shorter or longer. @default not known
   */
  expectedSize?: number | undefined
}

/** The bytes of a file for a storage: one `Uint8Array` if they are few, else a stream of chunks. */
export type FileBody = Uint8Array | AsyncIterable<Uint8Array>

/** How a {@link StorageBackend.delete} went. Ids that are not listed are gone, or never were. */
export interface DeleteReport {
  readonly failed: readonly { readonly id: string; readonly error: unknown }[]
}

/** Options of {@link StorageBackend.signedUrl}. */
export interface SignedUrlOptions {
  /** In seconds. @default 900 */
  expiresIn?: number
  /** The `Content-Disposition` that the answer carries. */
  disposition?: 'inline' | 'attachment'
  /** The name under which the file is saved. @default the name that it was stored with */
  filename?: string | undefined
  /**
   * What the file was stored as, if your code knows that: a storage that has to name the file or its disposition is then not
   * asked for it. Take it from a row, never from a client. @default the storage is asked
   */
  contentType?: string | undefined
  signal?: AbortSignal
}

/** Options of {@link StorageBackend.signedUpload}. */
export interface SignedUploadOptions {
  /** `PUT` sends the bytes as they are; `POST` is the form of a browser, whose policy can limit the size. @default 'PUT' */
  method?: 'PUT' | 'POST'
  /** In seconds. @default 900 */
  expiresIn?: number
  /** For display; kept with the file. @default 'unnamed' */
  filename?: string
  /** MIME type that the upload has to have; kept with the file. @default 'application/octet-stream' */
  contentType?: string
  /** In bytes, exactly: an upload of another size is refused. @default any size */
  size?: number
  /** In bytes, at most; of `POST` only, as a signed `PUT` has no room for a limit. @default Infinity */
  maxSize?: number
  signal?: AbortSignal
}

/** What a client needs to upload a file past this program. */
export interface SignedUpload {
  readonly method: 'PUT' | 'POST'
  readonly url: string
  /** Headers that a `PUT` has to send, as they are; none of a `POST`. */
  readonly headers: Readonly<Record<string, string>>
  /** Fields of the form of a `POST`, before the field `file`; none of a `PUT`. */
  readonly fields: Readonly<Record<string, string>>
}

/** Options of {@link StorageBackend.sweepLeftovers}. */
export interface LeftoverOptions {
  /** What began later may still be under way. */
  readonly olderThan: Date
  /** Of ids up to this one nothing need be looked for. @default all ids */
  readonly after?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The contract of a storage: five required methods. A backend checks no inputs, creates no ids and wraps no errors:
 * {@link FileStorage} does that. Optional methods are for abilities that only some services have.
 *
 * `describeBackend` of `@filedepot/testing` checks the whole contract; `docs/writing-a-backend.md` leads through it.
 *
 * ```ts
 * import type { StorageBackend } from '@filedepot/core'
 *
 * async function holds(backend: StorageBackend, id: string): Promise<boolean> {
 *   return (await backend.stat(id)) !== undefined
 * }
 * ```
 */
export interface StorageBackend {
  /**
   * Stores the whole body under a new or an existing id. Atomic: a reader sees the old file or the new one, and a
   * write that fails, or is aborted, leaves what was there. If the body is a stream, `info.size` and
   * `info.sha256` are complete once it has ended. If the body throws, rejects with what it threw. If the service does
   * not say whether it has stored the file, looks it up, and rejects with {@link WriteUncertainError} if that is not
   * possible. A backend that is done when it returns may return nothing, and then throws in the place of rejecting.
   */
  write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): void | Promise<void>

  /** What is known of the file, without its bytes; `undefined` where no file has the id. */
  stat(id: string): Promise<FileStat | undefined>

  /** The bytes, or the part of them in `range`. Rejects with {@link FileNotFoundError} where no file has the id. */
  read(id: string, range?: ByteRange, options?: { signal?: AbortSignal | undefined }): Promise<Readable>

  /**
   * Deletes files; ids that no file has count as deleted. Batched: one request per 1,000 files where the service
   * can. Resolves with the ids that are still there.
   */
  delete(ids: readonly string[]): Promise<DeleteReport>

  /**
   * The ids of all files in ascending order, or of those after `after` only. Never holds the whole list in memory. It may
   * also have ids whose file is being written, or whose process was killed while it wrote: {@link StorageBackend.delete}
   * removes what is there.
   */
  list(options?: { after?: string | undefined }): AsyncIterable<string>

  /**
   * Opens the file for reads into reused buffers. Implement it only if it costs less than a stream. It must return the same
   * bytes as {@link StorageBackend.read}, and reject with the same errors.
   */
  openFile?(id: string): Promise<OpenedFile>

  /**
   * All bytes of the file at once: for backends for which that costs less than a stream. Rejects as
   * {@link StorageBackend.read} does.
   */
  readBytes?(id: string, options?: ReadBytesOptions): Promise<Buffer>

  /** A URL by which anyone can read the file without this program, if there is one. */
  publicUrl?(id: string): string | undefined

  /** A URL by which anyone can read the file until it expires. */
  signedUrl?(id: string, options: SignedUrlOptions): Promise<string>

  /**
   * Returns what a client needs to upload the file with this id itself, until it expires. The service refuses an upload that
   * does not match the options. The bytes are not checked: the type of the file is the claim of the client.
   */
  signedUpload?(id: string, options: SignedUploadOptions): Promise<SignedUpload>

  /**
   * The path of a file of this machine that holds the bytes as they are, for a web server that sends it by itself;
   * `undefined` where no file has the id. It is good until the file is replaced or deleted.
   */
  localPath?(id: string): Promise<string | undefined>

  /**
   * Copies a file here from another backend of the same service, id and metadata kept, so that its bytes stay there;
   * atomic as a write is. Resolves with false where it cannot, and the caller then sends the bytes. Rejects with
   * {@link FileNotFoundError} where `from` has no such file.
   */
  copy?(from: StorageBackend, id: string, options?: { signal?: AbortSignal | undefined }): Promise<boolean>

  /**
   * The one spelling of an id that is no UUID, if the backend also has files of another program with ids of their
   * own kind; `undefined` where the text is no such id. New files always get UUIDs.
   */
  parseId?(id: string): string | undefined

  /**
   * Who deletes here what no row refers to: the text of the last {@link StorageBackend.writeOwner}, or `undefined`. Rejects if
   * the storage is not there, such as a folder whose disk is not mounted.
   */
  readOwner?(): Promise<string | undefined>

  /** Stores who deletes here, instead of another one. It is no file: nothing lists or deletes it. */
  writeOwner?(owner: string): Promise<void>

  /**
   * Removes what killed processes have left that {@link StorageBackend.list} does not show, such as parts of an upload.
   * Resolves with how many things it has removed.
   */
  sweepLeftovers?(options: LeftoverOptions): Promise<number>

  /** Releases connections. The storage is not used afterwards. */
  close?(): Promise<void>
}
