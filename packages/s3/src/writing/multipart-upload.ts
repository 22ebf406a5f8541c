import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'
import type { Bucket } from '../client/bucket.ts'
import type { CustomerKey } from '../encryption.ts'
import { MAX_PARTS } from './part-plan.ts'
import {
  marked,
  markOf,
  newMark,
  resolveWrite,
  type FoundObject,
  type WrittenObject,
} from './resolve-write.ts'
import { codeOf } from '../client/s3-error.ts'
import { settle } from './settle.ts'
import { WriteAttempts } from './write-attempts.ts'

const ABORT_MS = 3_000

/** An object that is uploaded in parts: it comes to exist when it is completed, and never when it is aborted. */
export class MultipartUpload {
  readonly #bucket: Bucket
  readonly #object: { readonly Bucket: string; readonly Key: string; readonly UploadId: string }
  readonly #customerKey: CustomerKey | undefined
  readonly #mark: string
  readonly #parts: CompletedPart[] = []

  private constructor(
    bucket: Bucket,
    object: { Bucket: string; Key: string; UploadId: string },
    customerKey: CustomerKey | undefined,
    mark: string,
  ) {
    this.#bucket = bucket
    this.#object = object
    this.#customerKey = customerKey
    this.#mark = mark
  }

  static async create(
    bucket: Bucket,
    input: CreateMultipartUploadCommandInput & { Bucket: string; Key: string },
    customerKey: CustomerKey | undefined,
  ): Promise<MultipartUpload> {
    const { Bucket, Key } = input
    const mark = newMark()
    const command = new CreateMultipartUploadCommand({ ...input, Metadata: marked(input.Metadata, mark) })
    const { UploadId } = await bucket.run((client) => client.send(command))
    if (UploadId === undefined) throw new Error('The service began an upload without an id')
    return new MultipartUpload(bucket, { Bucket, Key, UploadId }, customerKey, mark)
  }

  /** Parts count from 1 and may be sent at the same time. */
  async sendPart(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (number > MAX_PARTS) {
      throw new Error(`The file has more than ${MAX_PARTS} parts. Raise the option "partSize"`)
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

  /** @throws `WriteUncertainError` if it is not known whether the object is there */
  async complete(signal: AbortSignal): Promise<void> {
    const input = { ...this.#object, ...this.#customerKey, MultipartUpload: { Parts: this.#parts } }
    const command = new CompleteMultipartUploadCommand(input)
    const attempts = new WriteAttempts()
    attempts.watch(command)
    try {
      await settle(signal, (late) =>
        this.#bucket.run((client, options) => client.send(command, options), late),
      )
    } catch (error) {
      // If only the answer was lost, the second attempt finds no upload any more, but its object.
      const isOver =
        codeOf(error) === 'NoSuchUpload' || (attempts.mayHaveArrived && (await this.#isAborted()))
      const mayHaveArrived = attempts.mayHaveArrived || isOver
      // An attempt that is still in progress finds no upload, and makes nothing.
      await resolveWrite(
        this.#written,
        { mayHaveArrived, isUnanswered: !isOver && attempts.isUnanswered },
        error,
      )
    }
  }

  /** Removes the parts. A part that is still in progress may stay, so wait for all of them before. */
  async abort(signal?: AbortSignal): Promise<void> {
    await this.#bucket.run(
      (client, options) => client.send(new AbortMultipartUploadCommand(this.#object), options),
      signal,
    )
  }

  /** True when the service says that the upload is over, or was never there. */
  async #isAborted(): Promise<boolean> {
    try {
      await this.abort(AbortSignal.timeout(ABORT_MS))
      return true
    } catch (error) {
      return codeOf(error) === 'NoSuchUpload'
    }
  }

  get #written(): WrittenObject {
    const { Bucket, Key } = this.#object
    const isIt = (found: FoundObject): boolean => markOf(found) === this.#mark
    return { bucket: this.#bucket, object: { Bucket, Key }, customerKey: this.#customerKey, isIt }
  }
}
