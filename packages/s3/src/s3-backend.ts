import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type HeadObjectCommandOutput,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import {
  FiledepotError,
  FileNotFoundError,
  type ByteRange,
  type SignedUrlOptions,
  type StorageBackend,
} from '@filedepot/core'
import {
  dispositionOf,
  readOwnerFile,
  writeOwnerFile,
  type DeleteReport,
  type FileBody,
  type FileInfo,
  type FileStat,
  type LeftoverOptions,
  type SignedUpload,
  type SignedUploadOptions,
  type WriteOptions,
} from '@filedepot/core/backend'
import type { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { abortable } from './client/abortable.ts'
import { bodyStream } from './body-stream.ts'
import { Bucket } from './client/bucket.ts'
import { contentDisposition } from './content-disposition.ts'
import { deleteObjects } from './delete-objects.ts'
import { customerKeyOf, encryptionOf } from './encryption.ts'
import { listIds } from './list-ids.ts'
import { MultipartUpload } from './writing/multipart-upload.ts'
import { headersOf, headersOfClaim, statOf, type ObjectHeaders } from './object-metadata.ts'
import { PartPlan } from './writing/part-plan.ts'
import { PartReader } from './writing/part-reader.ts'
import { publicUrlOf } from './public-url.ts'
import { checkExpiresIn, checkOptions, MIN_PART_SIZE, type S3BackendOptions } from './s3-backend-options.ts'
import {
  markOf,
  marked,
  newMark,
  resolveWrite,
  type FoundObject,
  type WrittenObject,
} from './writing/resolve-write.ts'
import { codeOf, isMissing, type S3Error } from './client/s3-error.ts'
import { settle } from './writing/settle.ts'
import { signGet, signPost, signPut } from './signed-requests.ts'
import { sweepUploads } from './writing/sweep-uploads.ts'
import { uploadParts } from './writing/upload-parts.ts'
import { WriteAttempts } from './writing/write-attempts.ts'

const EXPIRES_IN_S = 900
const NOT_IMPLEMENTED = 501

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
    await this.#bucket.ensure()
  }

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal, expectedSize }: WriteOptions,
  ): Promise<void> {
    signal?.throwIfAborted()
    const partSize = this.#options.partSize ?? MIN_PART_SIZE
    if (isUint8Array(body) && body.byteLength <= partSize) {
      await this.#put(id, body, info, signal)
      return
    }
    const { filename } = info
    const known = isUint8Array(body) ? body.byteLength : expectedSize
    const plan = new PartPlan(partSize, { filename, expectedSize: known })
    const stop = new AbortController()
    const onAbort = (): void => {
      stop.abort(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const chunks = isUint8Array(body) ? piecesOf(body, partSize) : body
      await this.#writeParts(id, new PartReader(abortable(chunks, stop.signal), plan), info, stop)
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const answer = await this.#head(id).catch(unlessMissing)
    if (answer) return statOf(id, answer)
    // The answer to a HEAD does not say what is missing; "no file" would be wrong where there is no bucket.
    await this.#bucket.expectThere()
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

  delete(ids: readonly string[]): Promise<DeleteReport> {
    return deleteObjects(this.#bucket, this.prefix, ids)
  }

  list({ after }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    return listIds(this.#bucket, this.prefix, after)
  }

  /** The owner is an object `.filedepot-owner` behind the prefix. */
  readOwner(): Promise<string | undefined> {
    return readOwnerFile(this)
  }

  writeOwner(owner: string): Promise<void> {
    return writeOwnerFile(this, owner)
  }

  /**
   * Aborts uploads in parts that were never completed. Removes nothing if the credentials lack `s3:ListBucketMultipartUploads`, or
   * the service cannot list uploads: then have a lifecycle rule of the bucket abort them.
   */
  sweepLeftovers(options: LeftoverOptions): Promise<number> {
    return sweepUploads(this.#bucket, this.prefix, options)
  }

  publicUrl(id: string): string | undefined {
    return publicUrlOf(this.#options, this.#key(id))
  }

  /**
   * At most seven days. With a disposition or a filename it asks for the name and the type of the file, which takes a request,
   * unless both are given. `inline` is granted only to types that are stored inline: every other file stays an attachment.
   */
  async signedUrl(
    id: string,
    { expiresIn = EXPIRES_IN_S, signal, ...wish }: SignedUrlOptions,
  ): Promise<string> {
    checkExpiresIn(expiresIn)
    this.#checkSignable()
    signal?.throwIfAborted()
    const shown = await this.#shown(id, wish)
    signal?.throwIfAborted()
    const input = { ...this.#object(id), ResponseContentDisposition: shown }
    return await this.#bucket.run((client) => signGet(client, input, expiresIn))
  }

  /**
   * At most seven days. A `PUT` stores a new file only: it is refused with the status 412 if the file is there. S3 has no
   * such condition for a `POST`, which can be sent again until it expires.
   */
  async signedUpload(
    id: string,
    { method = 'PUT', expiresIn = EXPIRES_IN_S, size, maxSize, signal, ...claim }: SignedUploadOptions,
  ): Promise<SignedUpload> {
    checkExpiresIn(expiresIn)
    this.#checkSignable()
    signal?.throwIfAborted()
    const input = this.#newObject(id, headersOfClaim(claim, this.#options.inlineTypes))
    return await this.#bucket.run((client) =>
      method === 'POST'
        ? signPost(client, input, { expiresIn, size, maxSize })
        : signPut(
            client,
            {
              ...input,
              ContentLength: size,
              ...(this.#options.signedUploadsOnce !== false && { IfNoneMatch: '*' }),
            },
            expiresIn,
          ),
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
    const command = new CopyObjectCommand(input)
    const attempts = new WriteAttempts()
    attempts.watch(command)
    try {
      await settle(signal, (late) =>
        this.#bucket.run((client, options) => client.send(command, options), late),
      )
      return true
    } catch (error) {
      if (codeOf(error) === 'NoSuchKey') throw new FileNotFoundError(id, { cause: error })
      // The buckets may have other owners, the file more than 5 GB, the service no copies of such a kind.
      const { status = 0 } = error as Partial<S3Error>
      if ((status >= 400 && status < 500) || status === NOT_IMPLEMENTED) return false
      const original = attempts.mayHaveArrived ? await from.#head(id).catch(() => undefined) : undefined
      await resolveWrite(
        this.#written(id, (found) => isCopy(found, original)),
        attempts,
        error,
      )
      return true
    }
  }

  /** Closes the connections; not those of a client that was given ready made. */
  async close(): Promise<void> {
    await this.#bucket.close()
  }

  /** What fits into one part is stored at once, with all its metadata; the rest goes in parts. */
  async #writeParts(id: string, reader: PartReader, info: FileInfo, stop: AbortController): Promise<void> {
    const first = (await reader.next()) ?? Buffer.alloc(0)
    const second = first.byteLength === reader.plan.sizeOf(1) ? await reader.next() : undefined
    if (!second) {
      await this.#put(id, first, info, stop.signal)
      return
    }
    const input = this.#newObject(id, headersOf(info, this.#options.inlineTypes))
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
    const object = this.#newObject(id, headersOf(info, this.#options.inlineTypes))
    const mark = newMark()
    const command = new PutObjectCommand({
      ...object,
      Metadata: marked(object.Metadata, mark),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ...(checksum && { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') }),
    })
    const attempts = new WriteAttempts()
    attempts.watch(command)
    try {
      await settle(signal, (late) =>
        this.#bucket.run((client, options) => client.send(command, options), late),
      )
    } catch (error) {
      await resolveWrite(
        this.#written(id, (found) => markOf(found) === mark),
        attempts,
        error,
      )
    }
  }

  /** How a write to this id is looked up. */
  #written(id: string, isIt: WrittenObject['isIt']): WrittenObject {
    return { bucket: this.#bucket, object: this.#object(id), customerKey: this.#customerKey(), isIt }
  }

  /** The header by which a signed URL shows or saves a file. */
  async #shown(
    id: string,
    { disposition, filename, contentType }: SignedUrlOptions,
  ): Promise<string | undefined> {
    if (disposition === undefined && filename === undefined) return undefined
    const known =
      filename !== undefined && contentType !== undefined ? { filename, contentType } : await this.stat(id)
    if (!known) throw new FileNotFoundError(id)
    const type =
      disposition === 'attachment'
        ? disposition
        : dispositionOf(contentType ?? known.contentType, this.#options.inlineTypes)
    return contentDisposition(filename ?? known.filename, type)
  }

  #head(id: string): Promise<HeadObjectCommandOutput> {
    const input = { ...this.#object(id), ...this.#customerKey() }
    return this.#bucket.run((client) => client.send(new HeadObjectCommand(input)))
  }

  async #isThere(id: string): Promise<boolean> {
    if (await this.stat(id)) return true
    throw new FileNotFoundError(id)
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
      'Cannot sign URLs for files that are encrypted with a customer key, because a client has no such key. Serve them with the ' +
        'handler of @filedepot/http',
    )
  }
}

function rangeOf({ start, end }: ByteRange): string {
  return `bytes=${start}-${end ?? ''}`
}

/** A copy has the metadata of its original, and so its mark; older files, and those of other programs, have none. */
function isCopy(found: FoundObject, original: FoundObject | undefined): boolean {
  if (!original) return false
  const mark = markOf(original)
  return mark === undefined ? found.ETag === original.ETag : markOf(found) === mark
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size))
  }
}
