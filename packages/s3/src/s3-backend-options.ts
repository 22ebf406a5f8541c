import type { ObjectCannedACL, S3Client, S3ClientConfig, StorageClass } from '@aws-sdk/client-s3'
import { FiledepotError } from '@filedepot/core'
import type { S3Encryption } from './encryption.ts'

/** Options of {@link S3Backend}. */
export interface S3BackendOptions {
  /** The bucket that holds the files. It has to be there; {@link S3Backend.ensureBucket} makes it. */
  bucket: string
  /** What the keys of all files start with, as it is: `uploads/` makes a folder. @default '' */
  prefix?: string | undefined

  /** Of the bucket. @default what the AWS SDK finds (`AWS_REGION`, profiles); `us-east-1` with an endpoint */
  region?: string | undefined
  /** Of a service that is not AWS: MinIO, R2, Ceph, Spaces. @default AWS */
  endpoint?: string | undefined
  /** Puts the bucket into the path instead of the host; MinIO and Ceph mostly need it. @default false */
  forcePathStyle?: boolean | undefined
  /** Keys, or what fetches them. @default what the AWS SDK finds: variables, profiles, roles */
  credentials?: S3ClientConfig['credentials']
  /**
   * How long a request may take until its answer begins, and how long an answer may stand still, in milliseconds.
   * A part of a large file has to be through in this time. @default 60000
   */
  requestTimeout?: number | undefined
  /** How often a request is tried again that failed in passing: 503, a reset, a time-out. @default 2 */
  retries?: number | undefined
  /**
   * `WHEN_SUPPORTED` sends a checksum with every upload, of small files their SHA-256, which the service then holds
   * against the bytes. Older services know nothing of them. @default 'WHEN_REQUIRED' with an endpoint, else
   * 'WHEN_SUPPORTED'
   */
  requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' | undefined
  /**
   * `WHEN_SUPPORTED` checks what is read against the checksum that the service has. @default 'WHEN_REQUIRED' with an
   * endpoint, else 'WHEN_SUPPORTED'
   */
  responseChecksumValidation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' | undefined
  /**
   * A client of your own, instead of the options from `region` to here; or what makes one, called once, on first
   * use. What a function made is closed with the backend; a client that was given stays open.
   */
  client?: S3Client | (() => S3Client | Promise<S3Client>) | undefined

  /**
   * In bytes, at least 5 MiB. What is larger goes in parts of this size, four at a time; what is not, in one request.
   * A file has at most 10,000 parts, so larger ones are made if that is needed: of a content of known length all of one size, of a
   * stream of unknown length from part 4,001 on. R2 wants parts of one size: set it for longer streams there.
   * @default 5242880
   */
  partSize?: number | undefined
  /** @default that of the bucket, mostly `STANDARD` */
  storageClass?: StorageClass | undefined
  /**
   * Sent with every file. Without it none is sent, which is private everywhere, and the only thing that buckets
   * without ACLs (the default of AWS) and R2 take. @default none
   */
  acl?: ObjectCannedACL | undefined
  /** @default that of the bucket */
  encryption?: S3Encryption | undefined
  /**
   * Where anyone can read the files, such as a CDN in front of the bucket: the base to which the keys are added.
   * @default none; with the ACL `public-read` the URL of the bucket itself
   */
  publicUrl?: string | undefined
  /**
   * Types that browsers may show in their window by a URL of the bucket. Every other file is stored as an attachment, so
   * that a browser saves it and runs nothing. @default INLINE_TYPES of `@filedepot/core`
   */
  inlineTypes?: readonly string[] | undefined
  /**
   * Signs uploads by `PUT` with `If-None-Match: *`, so that a signed upload cannot replace a file that is there. Set it to
   * false only for a service that does not know the header and refuses such an upload. @default true
   */
  signedUploadsOnce?: boolean | undefined
}

/** What S3 takes as a part, but for the last one. */
export const MIN_PART_SIZE = 5 * 1024 * 1024
/** The largest part that S3 takes, in bytes. */
export const MAX_PART_SIZE = 5 * 1024 * 1024 * 1024
/** Seven days, in seconds: the most that a signature of version 4 is good for. */
const MAX_EXPIRES_IN = 7 * 24 * 3600

/** Options that a client of one's own has already. */
const OF_THE_CLIENT = [
  'region',
  'endpoint',
  'forcePathStyle',
  'credentials',
  'requestTimeout',
  'retries',
  'requestChecksumCalculation',
  'responseChecksumValidation',
] as const satisfies readonly (keyof S3BackendOptions)[]

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkOptions(options: S3BackendOptions): void {
  const { bucket, prefix = '', endpoint, publicUrl, encryption, client } = options
  if (typeof bucket !== 'string' || bucket === '') throw expected('bucket', 'the name of a bucket', bucket)
  if (typeof prefix !== 'string') throw expected('prefix', 'text', prefix)
  for (const [name, url] of Object.entries({ endpoint, publicUrl })) {
    if (url !== undefined && !isHttpUrl(url)) throw expected(name, 'an absolute URL of HTTP', url)
  }
  const { inlineTypes = [], signedUploadsOnce = true } = options
  if (!Array.isArray(inlineTypes) || !inlineTypes.every((type) => typeof type === 'string')) {
    throw expected('inlineTypes', 'a list of media types', inlineTypes)
  }
  if (typeof signedUploadsOnce !== 'boolean') {
    throw expected('signedUploadsOnce', 'true or false', signedUploadsOnce)
  }
  checkWhole('requestTimeout', options.requestTimeout, 1, 2 ** 31 - 1)
  checkWhole('retries', options.retries, 0, 100)
  checkWhole('partSize', options.partSize, MIN_PART_SIZE, MAX_PART_SIZE)
  if (encryption?.type === 'customer' && encryption.key.byteLength !== 32) {
    throw expected('encryption.key', '32 bytes', `${encryption.key.byteLength} bytes`)
  }
  const double = OF_THE_CLIENT.find((name) => options[name] !== undefined)
  if (client !== undefined && double !== undefined) {
    throw expected(double, 'left to the client, as a client is given', options[double])
  }
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkExpiresIn(expiresIn: number): void {
  checkWhole('expiresIn', expiresIn, 1, MAX_EXPIRES_IN)
}

function checkWhole(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return
  throw expected(name, `a whole number from ${least} to ${most}`, value)
}

function expected(name: string, expectation: string, got: unknown): FiledepotError {
  const shown = typeof got === 'object' && got !== null ? 'an object' : JSON.stringify(got)
  return new FiledepotError('INVALID_ARGUMENT', `Expected ${name} to be ${expectation}, got ${shown}`)
}

function isHttpUrl(text: unknown): boolean {
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
