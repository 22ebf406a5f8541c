import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  waitUntilBucketExists,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import {
  FiledepotError,
  FileNotFoundError,
  type ByteRange,
  type DeleteReport,
  type FileBody,
  type FileInfo,
  type FileStat,
  type SignedUpload,
  type SignedUploadOptions,
  type SignedUrlOptions,
  type StorageBackend,
} from '@filedepot/core'
import type { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { abortable } from './abortable.ts'
import { bodyStream } from './body-stream.ts'
import { Bucket } from './bucket.ts'
import { contentDisposition } from './content-disposition.ts'
import { customerKeyOf, encryptionOf } from './encryption.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { headersOf, headersOfClaim, statOf, type ObjectHeaders } from './object-metadata.ts'
import { PartReader } from './part-reader.ts'
import { publicUrlOf } from './public-url.ts'
import { checkExpiresIn, checkOptions, MIN_PART_SIZE, type S3BackendOptions } from './s3-backend-options.ts'
import { codeOf, isMissing, type S3Error } from './s3-error.ts'
import { signGet, signPost, signPut } from './signed-requests.ts'
import { uploadParts } from './upload-parts.ts'

const DELETES_AT_ONCE = 1000
const EXPIRES_IN_S = 900
const BUCKET_TIMEOUT_S = 60
const NOT_IMPLEMENTED = 501
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Keeps files in a bucket of S3, or of what speaks its protocol. A file is one object: its key is the prefix and the
 * id, its metadata go with it as headers.
 *
 * Nothing is requested when it is made; the bucket has to be there.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { S3Backend } from '@filedepot/s3'
 *
 * depot.configure('default', new S3Backend({ bucket: 'uploads', region: 'eu-central-1' }))
 * ```
 */
export class S3Backend implements StorageBackend {
  /** The name of the bucket. */
  readonly bucket: string
  /** What the keys of all files start with. */
  readonly prefix: string

  readonly #options: S3BackendOptions
  readonly #bucket: Bucket
  /** True when the service has shown that the bucket is there. */
  #bucketSeen = false

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(options: S3BackendOptions) {
    checkOptions(options)
    this.#options = { ...options }
    this.#bucket = new Bucket(this.#options)
    this.bucket = options.bucket
    this.prefix = options.prefix ?? ''
  }

  /**
   * Makes the bucket where it is missing, and waits until it is there. For tests and first steps: what a bucket needs
   * in production (who may read it, lifecycle, encryption) is better said where the rest of the infrastructure is.
   *
   * ```ts
   * import { S3Backend } from '@filedepot/s3'
   *
   * const backend = new S3Backend({ bucket: 'uploads', endpoint: 'http://localhost:9000', forcePathStyle: true })
   * await backend.ensureBucket()
   * ```
   *
   * @throws S3Error
   */
  async ensureBucket(): Promise<void> {
    if (await this.#findBucket()) return
    await this.#bucket.run(async (client) => {
      try {
        await client.send(new CreateBucketCommand({ Bucket: this.bucket }))
      } catch (error) {
        // Somebody was faster: another process of ours.
        if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error
      }
      await waitUntilBucketExists({ client, maxWaitTime: BUCKET_TIMEOUT_S }, { Bucket: this.bucket })
    })
    this.#bucketSeen = true
  }

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted()
    const partSize = this.#options.partSize ?? MIN_PART_SIZE
    if (isUint8Array(body) && body.byteLength <= partSize) {
      await this.#put(id, body, info, signal)
      return
    }
    const stop = new AbortController()
    const onAbort = (): void => {
      stop.abort(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const chunks = isUint8Array(body) ? piecesOf(body, partSize) : body
      await this.#writeParts(id, new PartReader(abortable(chunks, stop.signal), partSize), info, stop)
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const input = { ...this.#object(id), ...this.#customerKey() }
    const answer = await this.#bucket
      .run((client) => client.send(new HeadObjectCommand(input)))
      .catch(unlessMissing)
    if (answer) return statOf(id, answer)
    // The answer to a HEAD does not say what is missing; "no file" would be wrong where there is no bucket.
    if (!this.#bucketSeen && !(await this.#findBucket())) throw this.#noBucket()
    return undefined
  }

  async read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    const input = { ...this.#object(id), ...this.#customerKey(), ...(range && { Range: rangeOf(range) }) }
    try {
      const { Body } = await this.#bucket.run(
        (client, options) => client.send(new GetObjectCommand(input), options),
        signal,
      )
      return bodyStream(Body as Readable, (error) => this.#bucket.explain(error), signal)
    } catch (error) {
      throw isMissing(error) ? new FileNotFoundError(id, { cause: error }) : error
    }
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const failed: { id: string; error: unknown }[] = []
    const unique = [...new Set(ids)]
    for (let start = 0; start < unique.length; start += DELETES_AT_ONCE) {
      try {
        failed.push(...(await this.#deleteBatch(unique.slice(start, start + DELETES_AT_ONCE))))
      } catch (error) {
        // A service that is down, or that does not allow it, is not asked again for each of the others.
        failed.push(...unique.slice(start).map((id) => ({ id, error })))
        break
      }
    }
    return { failed }
  }

  async *list({ after }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    let token: string | undefined
    do {
      const input = {
        Bucket: this.bucket,
        Prefix: this.prefix,
        // Keys of others can have characters that no XML can hold.
        EncodingType: 'url' as const,
        ContinuationToken: token,
        ...(after !== undefined && { StartAfter: this.prefix + after }),
      }
      const page = await this.#bucket.run((client) => client.send(new ListObjectsV2Command(input)))
      for (const { Key = '' } of page.Contents ?? []) {
        const key = page.EncodingType === 'url' ? decodeKey(Key) : Key
        const id = key.slice(this.prefix.length)
        // What is not one of our files is somebody else's.
        if (ID.test(id)) yield id
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  publicUrl(id: string): string | undefined {
    return publicUrlOf(this.#options, this.#key(id))
  }

  /** At most seven days. With a disposition it asks for the name of the file, which takes a request. */
  async signedUrl(
    id: string,
    { expiresIn = EXPIRES_IN_S, disposition, signal }: SignedUrlOptions,
  ): Promise<string> {
    checkExpiresIn(expiresIn)
    this.#checkSignable()
    signal?.throwIfAborted()
    const shown = disposition && contentDisposition(await this.#filename(id), disposition)
    signal?.throwIfAborted()
    const input = { ...this.#object(id), ResponseContentDisposition: shown }
    return await this.#bucket.run((client) => signGet(client, input, expiresIn))
  }

  /** At most seven days. */
  async signedUpload(
    id: string,
    { method = 'PUT', expiresIn = EXPIRES_IN_S, size, maxSize, signal, ...claim }: SignedUploadOptions,
  ): Promise<SignedUpload> {
    checkExpiresIn(expiresIn)
    this.#checkSignable()
    signal?.throwIfAborted()
    const input = this.#newObject(id, headersOfClaim(claim))
    return await this.#bucket.run((client) =>
      method === 'POST'
        ? signPost(client, input, { expiresIn, size, maxSize })
        : signPut(client, { ...input, ContentLength: size }, expiresIn),
    )
  }

  /** Within one service, and up to 5 GB, which is the most that S3 copies. */
  async copy(
    from: StorageBackend,
    id: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    if (!(from instanceof S3Backend)) return false
    if ((await from.#bucket.service()) !== (await this.#bucket.service())) return false
    if (from.bucket === this.bucket && from.prefix === this.prefix) return await this.#isThere(id)
    const { ACL, StorageClass, ...object } = this.#newObject(id)
    const input = {
      ...object,
      ACL,
      StorageClass,
      CopySource: `${from.bucket}/${from.#key(id).split('/').map(encodeURIComponent).join('/')}`,
      ...from.#copySourceKey(),
    }
    try {
      await this.#bucket.run((client, options) => client.send(new CopyObjectCommand(input), options), signal)
      return true
    } catch (error) {
      if (codeOf(error) === 'NoSuchKey') throw new FileNotFoundError(id, { cause: error })
      // The buckets may have other owners, the file more than 5 GB, the service no copies of such a kind.
      const { status = 0 } = error as Partial<S3Error>
      if ((status >= 400 && status < 500) || status === NOT_IMPLEMENTED) return false
      throw error
    }
  }

  /** Closes the connections; not those of a client that was given ready made. */
  async close(): Promise<void> {
    await this.#bucket.close()
  }

  /** What fits into one part is stored at once, with all its metadata; the rest goes in parts. */
  async #writeParts(id: string, reader: PartReader, info: FileInfo, stop: AbortController): Promise<void> {
    const first = (await reader.next()) ?? Buffer.alloc(0)
    const second = first.byteLength === reader.partSize ? await reader.next() : undefined
    if (!second) {
      await this.#put(id, first, info, stop.signal)
      return
    }
    const input = this.#newObject(id, headersOf(info))
    const begin = (): Promise<MultipartUpload> =>
      MultipartUpload.create(this.#bucket, input, this.#customerKey())
    try {
      await uploadParts(begin, [first, second], reader, stop)
    } finally {
      reader.close()
    }
  }

  async #put(id: string, bytes: Uint8Array, info: FileInfo, signal: AbortSignal | undefined): Promise<void> {
    const { sha256 } = info
    const checksum = sha256 !== undefined && (await this.#bucket.takesChecksums())
    const input = {
      ...this.#newObject(id, headersOf(info)),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ...(checksum && { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') }),
    }
    await this.#bucket.run((client, options) => client.send(new PutObjectCommand(input), options), signal)
  }

  async #deleteBatch(ids: readonly string[]): Promise<DeleteReport['failed']> {
    const Delete = { Quiet: true, Objects: ids.map((id) => ({ Key: this.#key(id) })) }
    const { Errors = [] } = await this.#bucket.run((client) =>
      client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete })),
    )
    return Errors.filter(({ Code }) => Code !== 'NoSuchKey').map(
      ({ Key = '', Code = 'Unknown', Message }) => ({
        id: Key.slice(this.prefix.length),
        error: this.#bucket.explain(Object.assign(new Error(Message ?? Code), { name: Code })),
      }),
    )
  }

  async #filename(id: string): Promise<string> {
    const stat = await this.stat(id)
    if (!stat) throw new FileNotFoundError(id)
    return stat.filename
  }

  async #isThere(id: string): Promise<boolean> {
    if (await this.stat(id)) return true
    throw new FileNotFoundError(id)
  }

  async #findBucket(): Promise<boolean> {
    const input = { Bucket: this.bucket }
    this.#bucketSeen = await this.#bucket
      .run((client) => client.send(new HeadBucketCommand(input)))
      .then(
        () => true,
        (error: unknown) => {
          // Credentials may be good for the files of a bucket and not for the bucket.
          if (codeOf(error) === 'AccessDenied') return true
          unlessMissing(error)
          return false
        },
      )
    return this.#bucketSeen
  }

  #noBucket(): Error {
    return this.#bucket.explain(
      Object.assign(new Error(), { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } }),
    )
  }

  #key(id: string): string {
    return this.prefix + id
  }

  #object(id: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.#key(id) }
  }

  /** What a request says that stores an object. */
  #newObject(id: string, headers?: ObjectHeaders): PutObjectCommandInput & { Bucket: string; Key: string } {
    const { acl, storageClass, encryption } = this.#options
    return {
      ...this.#object(id),
      ...headers,
      ...encryptionOf(encryption),
      ACL: acl,
      StorageClass: storageClass,
    }
  }

  #customerKey(): ReturnType<typeof customerKeyOf> {
    return customerKeyOf(this.#options.encryption)
  }

  #copySourceKey(): object {
    const key = this.#customerKey()
    return key
      ? {
          CopySourceSSECustomerAlgorithm: key.SSECustomerAlgorithm,
          CopySourceSSECustomerKey: key.SSECustomerKey,
        }
      : {}
  }

  #checkSignable(): void {
    if (!this.#customerKey()) return
    throw new FiledepotError(
      'NOT_SUPPORTED',
      'URLs cannot be signed for files that are encrypted with a key of the customer: who has them has not the key',
    )
  }
}

function rangeOf({ start, end }: ByteRange): string {
  return `bytes=${start}-${end ?? ''}`
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '))
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size))
  }
}
