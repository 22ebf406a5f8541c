import type { Readable } from 'node:stream'
import type { File } from '@google-cloud/storage'
import {
  FiledepotError,
  FileNotFoundError,
  type ByteRange,
  type SignedUrlOptions,
  type StorageBackend,
} from '@filedepot/core'
import {
  abortable,
  dispositionOf,
  readOwnerFile,
  writeOwnerFile,
  type DeleteReport,
  type FileBody,
  type FileInfo,
  type FileStat,
  type SignedUpload,
  type SignedUploadOptions,
} from '@filedepot/core/backend'
import { Connections } from './connections.ts'
import { downloadOf } from './download.ts'
import { ensureBucket, type EnsureBucketOptions } from './ensure-bucket.ts'
import { discard, GcsApi } from './gcs-api.ts'
import { settingsOf, type GcsBackendOptions, type GcsSettings } from './gcs-backend-options.ts'
import { GcsError, isMissingObject } from './gcs-error.ts'
import { inParallel } from './in-parallel.ts'
import { makeStorage } from './make-storage.ts'
import { contentDispositionOf, statOf, type GcsObject } from './object-metadata.ts'
import { ObjectWriter } from './object-writer.ts'
import { isRetryable } from './retrying.ts'
import { signRead, signUpload } from './url-signer.ts'

export type { EnsureBucketOptions } from './ensure-bucket.ts'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** As many names as the service gives at once. */
const PAGE_SIZE = '1000'

/**
 * Keeps files in a bucket of Google Cloud Storage: each is one object, named by its id behind the prefix.
 *
 * Nothing is asked of the service before the first file. The bucket has to be there.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { GcsBackend } from '@filedepot/gcs'
 *
 * depot.configure('default', new GcsBackend({ bucket: 'my-files' }))
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for options that are invalid
 */
export class GcsBackend implements StorageBackend {
  readonly #options: GcsBackendOptions
  readonly #settings: GcsSettings
  readonly #connections: Connections
  #opening: Promise<{ api: GcsApi; writer: ObjectWriter }> | undefined

  constructor(options: GcsBackendOptions) {
    this.#settings = settingsOf(options)
    this.#options = { ...options }
    this.#connections = new Connections(this.#settings.timeout, options.agent)
  }

  /** The name of the bucket. */
  get bucket(): string {
    return this.#settings.bucket
  }

  /** What the names of the objects begin with. */
  get prefix(): string {
    return this.#settings.prefix
  }

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted()
    const { writer } = await this.#open()
    await writer.write(this.#name(id), body, info, signal)
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const object = await this.#find(id)
    return object && statOf(id, object)
  }

  async read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    const { api } = await this.#open()
    const headers = {
      // The bytes as they are stored: the service would unpack what somebody has stored packed.
      'accept-encoding': 'gzip',
      ...(range && { range: `bytes=${range.start}-${range.end ?? ''}` }),
    }
    try {
      return await api.send(
        { method: 'GET', path: this.#path(id), params: { alt: 'media' }, headers, signal },
        (answer) => downloadOf(answer, signal),
      )
    } catch (error) {
      if (isMissingObject(error)) throw new FileNotFoundError(id, { cause: error })
      if (error instanceof GcsError && error.code === 416) {
        const got = `${range?.start ?? 0}-${range?.end ?? ''}`
        const message = `Expected range to be within the file "${id}", got ${got}`
        throw new FiledepotError('INVALID_ARGUMENT', message, { cause: error })
      }
      throw error
    }
  }

  /** One request for each file, `deletesAtOnce` at a time: the service has none that deletes many. */
  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const failed: { id: string; error: unknown }[] = []
    await inParallel(new Set(ids), this.#settings.deletesAtOnce, async (id) => {
      await this.#delete(id).catch((error: unknown) => failed.push({ id, error }))
    })
    return { failed }
  }

  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    const { api } = await this.#open()
    const { prefix, bucket } = this.#settings
    let pageToken: string | undefined
    do {
      const page = await api.json<{ items?: { name: string }[]; nextPageToken?: string }>({
        method: 'GET',
        path: `/storage/v1/b/${encodeURIComponent(bucket)}/o`,
        params: {
          prefix,
          // Ids have no slash, so what lies deeper is not ours, however much of it there is.
          delimiter: '/',
          startOffset: prefix + after,
          fields: 'items/name,nextPageToken',
          maxResults: PAGE_SIZE,
          pageToken,
        },
      })
      for (const { name } of page.items ?? []) {
        const id = name.slice(prefix.length)
        if (id > after && ID.test(id)) yield id
      }
      pageToken = page.nextPageToken
    } while (pageToken !== undefined)
  }

  /** The owner is an object `.filedepot-owner` behind the prefix. */
  readOwner(): Promise<string | undefined> {
    return readOwnerFile(this)
  }

  writeOwner(owner: string): Promise<void> {
    return writeOwnerFile(this, owner)
  }

  publicUrl(id: string): string | undefined {
    const { publicBase } = this.#settings
    return publicBase && publicBase + this.#name(id).split('/').map(encodeURIComponent).join('/')
  }

  /**
   * Signed with the key of the credentials, or by the service if they have no key (`iam.serviceAccounts.signBlob`). The
   * disposition `inline` is granted only to types that are stored inline: every other file stays an attachment.
   */
  async signedUrl(id: string, options: SignedUrlOptions): Promise<string> {
    const { disposition, filename, contentType, signal } = options
    const signing = async (): Promise<string> => {
      if (disposition === undefined && filename === undefined) {
        return await signRead(await this.#file(id), options, undefined)
      }
      const known =
        filename !== undefined && contentType !== undefined ? { filename, contentType } : await this.stat(id)
      if (!known) throw new FileNotFoundError(id)
      const { inlineTypes } = this.#settings
      const granted =
        disposition === 'attachment'
          ? disposition
          : dispositionOf(contentType ?? known.contentType, inlineTypes)
      const header = contentDispositionOf(granted, filename ?? known.filename)
      return await signRead(await this.#file(id), options, header)
    }
    return await abortable(signing(), signal)
  }

  async signedUpload(id: string, options: SignedUploadOptions): Promise<SignedUpload> {
    const signing = async (): Promise<SignedUpload> =>
      await signUpload(await this.#file(id), options, this.#settings)
    return await abortable(signing(), options.signal)
  }

  /** Copies from another bucket, or another prefix, that the credentials of this backend may read. */
  async copy(
    from: StorageBackend,
    id: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    signal?.throwIfAborted()
    if (!(from instanceof GcsBackend)) return false
    const [source, { api, writer }] = await Promise.all([from.#open(), this.#open()])
    if (source.api.storage.apiEndpoint !== api.storage.apiEndpoint) return false
    const stat = await from.stat(id)
    if (!stat) throw new FileNotFoundError(id)
    try {
      await writer.copy({ path: from.#path(id), generation: stat.etag }, this.#name(id), stat, signal)
      return true
    } catch (error) {
      if (isMissingObject(error)) throw new FileNotFoundError(id, { cause: error })
      // The two have credentials of their own, and these may not read there.
      if (error instanceof GcsError && error.code === 403) return false
      throw error
    }
  }

  /**
   * Makes the bucket where it is not there yet, with uniform bucket-level access unless an access list was asked for.
   * Resolves with true where it made it. Changes nothing of a bucket that is there.
   *
   * ```ts
   * import { GcsBackend } from '@filedepot/gcs'
   *
   * const backend = new GcsBackend({ bucket: 'my-files' })
   * await backend.ensureBucket({ location: 'EUROPE-WEST1' })
   * ```
   */
  async ensureBucket(options: EnsureBucketOptions = {}): Promise<boolean> {
    const { api } = await this.#open()
    const { bucket, acl, aclIsDefault } = this.#settings
    return await ensureBucket(api, bucket, { uniformAccess: aclIsDefault || acl === undefined, ...options })
  }

  /** Closes the connections. What is being read or written breaks off. */
  close(): Promise<void> {
    this.#connections.close()
    return Promise.resolve()
  }

  #open(): Promise<{ api: GcsApi; writer: ObjectWriter }> {
    const opening = (this.#opening ??= makeStorage(this.#options).then((storage) => {
      const api = new GcsApi(storage, this.#connections)
      return { api, writer: new ObjectWriter(api, this.#settings) }
    }))
    // What could not be made is made anew the next time.
    opening.catch(() => (this.#opening = undefined))
    return opening
  }

  #name(id: string): string {
    return this.#settings.prefix + id
  }

  #path(id: string): string {
    const { bucket } = this.#settings
    return `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(this.#name(id))}`
  }

  /** The object as the client has it, which can sign. */
  async #file(id: string): Promise<File> {
    const { api } = await this.#open()
    return api.storage.bucket(this.#settings.bucket).file(this.#name(id))
  }

  async #find(id: string): Promise<GcsObject | undefined> {
    const { api } = await this.#open()
    try {
      return await api.json<GcsObject>({ method: 'GET', path: this.#path(id) })
    } catch (error) {
      if (isMissingObject(error)) return undefined
      throw error
    }
  }

  async #delete(id: string): Promise<void> {
    const { api } = await this.#open()
    const request = { method: 'DELETE', path: this.#path(id) } as const
    try {
      await api.sendOnce(request, discard)
    } catch (error) {
      if (isMissingObject(error)) return
      if (!isRetryable(error, api.storage.retryOptions)) throw error
      // It may have been done, and only the answer was lost; then what is there now is another file. So the one that is
      // found is deleted, and none that comes after it.
      const object = await this.#find(id)
      if (!object) return
      const params = { ifGenerationMatch: object.generation }
      await api.send({ ...request, params }, discard).catch((again: unknown) => {
        if (!isMissingObject(again) && !isReplaced(again)) throw again
      })
    }
  }
}

/** True where another generation is there than the one that was meant. */
function isReplaced(error: unknown): boolean {
  return error instanceof GcsError && error.code === 412
}
