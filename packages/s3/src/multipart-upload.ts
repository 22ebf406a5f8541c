import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import type { Bucket } from './bucket.ts'
import type { CustomerKey } from './encryption.ts'
import { codeOf } from './s3-error.ts'
import { settle } from './settle.ts'

const MAX_PARTS = 10_000

/** An object that is uploaded in parts: it comes to exist when it is completed, and never when it is aborted. */
export class MultipartUpload {
  readonly #bucket: Bucket
  readonly #object: { readonly Bucket: string; readonly Key: string; readonly UploadId: string }
  readonly #customerKey: CustomerKey | undefined
  readonly #parts: CompletedPart[] = []

  private constructor(
    bucket: Bucket,
    object: { Bucket: string; Key: string; UploadId: string },
    customerKey: CustomerKey | undefined,
  ) {
    this.#bucket = bucket
    this.#object = object
    this.#customerKey = customerKey
  }

  static async create(
    bucket: Bucket,
    input: CreateMultipartUploadCommandInput & { Bucket: string; Key: string },
    customerKey: CustomerKey | undefined,
  ): Promise<MultipartUpload> {
    const { Bucket, Key } = input
    const { UploadId } = await bucket.run((client) => client.send(new CreateMultipartUploadCommand(input)))
    if (UploadId === undefined) throw new Error('the service began an upload without an id')
    return new MultipartUpload(bucket, { Bucket, Key, UploadId }, customerKey)
  }

  /** Parts count from 1 and may be sent at the same time. */
  async sendPart(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (number > MAX_PARTS) {
      const most = `${MAX_PARTS} parts of ${bytes.byteLength} bytes`
      throw new Error(`the file is larger than ${most}: raise the option "partSize"`)
    }
    const part = await this.#bucket.run(
      (client, options) =>
        client.send(
          new UploadPartCommand({
            ...this.#object,
            ...this.#customerKey,
            PartNumber: number,
            Body: bytes,
            ContentLength: bytes.byteLength,
          }),
          options,
        ),
      signal,
    )
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = part
    this.#parts[number - 1] = {
      PartNumber: number,
      ETag,
      ChecksumCRC32,
      ChecksumCRC32C,
      ChecksumCRC64NVME,
      ChecksumSHA1,
      ChecksumSHA256,
    }
  }

  async complete(signal: AbortSignal): Promise<void> {
    const input = { ...this.#object, ...this.#customerKey, MultipartUpload: { Parts: this.#parts } }
    await settle(signal, async (late) => {
      try {
        await this.#bucket.run(
          (client, options) => client.send(new CompleteMultipartUploadCommand(input), options),
          late,
        )
      } catch (error) {
        // Where only the answer was lost, the second attempt finds no upload any more, but its object.
        if (codeOf(error) === 'NoSuchUpload' && (await this.#isComplete(late))) return
        throw error
      }
    })
  }

  /** Removes the parts. A part that is still on its way may stay, so wait for all of them before. */
  async abort(): Promise<void> {
    await this.#bucket.run((client) => client.send(new AbortMultipartUploadCommand(this.#object)))
  }

  async #isComplete(signal: AbortSignal | undefined): Promise<boolean> {
    const { Bucket, Key } = this.#object
    const input = { Bucket, Key, ...this.#customerKey }
    const { ETag } = await this.#bucket.run(
      (client, options) => client.send(new HeadObjectCommand(input), options),
      signal,
    )
    return ETag?.replaceAll('"', '') === etagOf(this.#parts)
  }
}

/** S3's etag of an object in parts: the MD5 of their MD5s, and their number. */
function etagOf(parts: readonly CompletedPart[]): string {
  const hash = createHash('md5')
  for (const { ETag = '' } of parts) hash.update(ETag.replaceAll('"', ''), 'hex')
  return `${hash.digest('hex')}-${parts.length}`
}
