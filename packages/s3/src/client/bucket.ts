import {
  CreateBucketCommand,
  HeadBucketCommand,
  waitUntilBucketExists,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { S3BackendOptions } from '../s3-backend-options.ts'
import { makeClient } from './s3-client.ts'
import { codeOf, explainError, isMissing } from './s3-error.ts'

const BUCKET_TIMEOUT_S = 60

/** A bucket and the client that reaches it, made on first use. */
export class Bucket {
  readonly name: string
  readonly #options: S3BackendOptions
  #client: Promise<S3Client> | undefined
  /** True when the service has shown that the bucket is there. */
  #seen = false

  constructor(options: S3BackendOptions) {
    this.name = options.bucket
    this.#options = options
  }

  /** Runs requests, and explains what they reject with. */
  async run<T>(
    requests: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await requests(await this.client(), signal ? { abortSignal: signal } : {})
    } catch (error) {
      throw this.explain(error)
    }
  }

  client(): Promise<S3Client> {
    // What fails to make a client is asked again with the next request.
    return (this.#client ??= this.#makeClient().catch((error: unknown) => {
      this.#client = undefined
      throw error
    }))
  }

  explain(error: unknown): Error {
    return explainError(error, { bucket: this.name, service: this.#options.endpoint ?? 'S3' })
  }

  /** True if the service holds checksums against the bytes that it gets. */
  async takesChecksums(): Promise<boolean> {
    const { config } = await this.client()
    return (await config.requestChecksumCalculation()) === 'WHEN_SUPPORTED'
  }

  /** The host of the service, or `undefined` for AWS: what two buckets of one service have in common. */
  async service(): Promise<string | undefined> {
    const { endpoint } = (await this.client()).config
    if (!endpoint) return undefined
    const { hostname, port } = await endpoint()
    return `${hostname}:${port ?? ''}`
  }

  /** Makes the bucket where it is missing, and waits until it is there. */
  async ensure(): Promise<void> {
    if (await this.#find()) return
    const input = { Bucket: this.name }
    await this.run(async (client) => {
      try {
        await client.send(new CreateBucketCommand(input))
      } catch (error) {
        // Another process of the application was faster.
        if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error
      }
      await waitUntilBucketExists({ client, maxWaitTime: BUCKET_TIMEOUT_S }, input)
    })
    this.#seen = true
  }

  /** Asks the service only until it has shown the bucket once. */
  async expectThere(): Promise<void> {
    if (this.#seen || (await this.#find())) return
    const missing = { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } }
    throw this.explain(Object.assign(new Error(), missing))
  }

  /** Closes the connections, unless the client was given ready made. */
  async close(): Promise<void> {
    const given = this.#options.client !== undefined && typeof this.#options.client !== 'function'
    const client = await this.#client
    if (!given) client?.destroy()
  }

  async #find(): Promise<boolean> {
    try {
      await this.run((client) => client.send(new HeadBucketCommand({ Bucket: this.name })))
      this.#seen = true
    } catch (error) {
      // Credentials may be good for the files of a bucket and not for the bucket.
      this.#seen = codeOf(error) === 'AccessDenied'
      if (!this.#seen && !isMissing(error)) throw error
    }
    return this.#seen
  }

  async #makeClient(): Promise<S3Client> {
    const { client } = this.#options
    if (client === undefined) return makeClient(this.#options)
    return typeof client === 'function' ? await client() : client
  }
}
