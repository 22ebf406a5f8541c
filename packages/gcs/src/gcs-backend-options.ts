import type { Agent } from 'node:http'
import type { PredefinedAcl, Storage, StorageOptions } from '@google-cloud/storage'
import { FiledepotError } from '@filedepot/core'
import { INLINE_TYPES } from '@filedepot/core/backend'

/** Options of {@link GcsBackend}. */
export interface GcsBackendOptions {
  /** The name of the bucket. It has to be there; {@link GcsBackend.ensureBucket} makes it. */
  bucket: string
  /** Needed by `ensureBucket` alone. @default that of the credentials or of the environment */
  projectId?: string
  /**
   * The path of a key file, or what is in it. @default Application Default Credentials: the key file that
   * `GOOGLE_APPLICATION_CREDENTIALS` names, else those of the machine
   */
  credentials?: string | NonNullable<StorageOptions['credentials']>
  /**
   * Where the service is, for an emulator or a private endpoint; it is sent no credentials.
   * @default 'https://storage.googleapis.com'
   */
  apiEndpoint?: string
  /**
   * A ready client of `@google-cloud/storage`, or what makes one when it is needed first; instead of `projectId`,
   * `credentials`, `apiEndpoint` and `retryOptions`.
   */
  storage?: Storage | (() => Storage | Promise<Storage>)
  /** What the names of all objects begin with, for example `uploads/`. @default '' */
  prefix?: string
  /** For example `NEARLINE`. @default that of the bucket */
  storageClass?: string
  /**
   * Who may read a new object; `false` sends no access list. If the bucket has uniform bucket-level access, the
   * default is left out by itself. @default 'private'
   */
  predefinedAcl?: PredefinedAcl | false
  /**
   * Types that browsers may show in their window by a URL of the bucket. Every other file is stored as an attachment, so
   * that a browser saves it and runs nothing. @default INLINE_TYPES of `@filedepot/core`
   */
  inlineTypes?: readonly string[]
  /**
   * Whether files have public URLs; a string is the base of these, such as that of a CDN.
   * @default true where `predefinedAcl` is `publicRead`, else false
   */
  publicUrl?: boolean | string
  /** Larger files are sent by a resumable upload, in parts; in bytes, `Infinity` for never. @default 8 MiB */
  resumableAbove?: number
  /** The size of these parts: how much of a file is in memory; in bytes, a multiple of 256 KiB. @default 8 MiB */
  chunkSize?: number
  /** How many files are deleted at the same time. @default 16 */
  deletesAtOnce?: number
  /** How often and how long failures that pass are tried again. @default 3 times, with 1 s, 2 s and 4 s between them */
  retryOptions?: NonNullable<StorageOptions['retryOptions']>
  /** How long the service may be silent before a request counts as failed; in milliseconds. @default 60,000 */
  timeout?: number
  /** For requests by way of a proxy: an agent of `node:https`. @default one that keeps connections open */
  agent?: Agent
}

const MIB = 1024 * 1024
const BLOCK_BYTES = 256 * 1024

/** Options that were checked, with their defaults. */
export interface GcsSettings {
  readonly bucket: string
  readonly prefix: string
  readonly storageClass: string | undefined
  /** `undefined` sends none. */
  readonly acl: PredefinedAcl | undefined
  /** True if no option sets the access list, so the backend may leave it out. */
  readonly aclIsDefault: boolean
  readonly inlineTypes: readonly string[]
  /** Below which files have public URLs, with a slash at its end; `undefined` where they have none. */
  readonly publicBase: string | undefined
  readonly resumableAbove: number
  readonly chunkSize: number
  readonly deletesAtOnce: number
  readonly timeout: number
}

/** Checks options, and fills in what they leave open. */
export function settingsOf(options: GcsBackendOptions): GcsSettings {
  const { bucket, prefix = '', storage, predefinedAcl, inlineTypes = INLINE_TYPES } = options
  const { resumableAbove = 8 * MIB, chunkSize = 8 * MIB, deletesAtOnce = 16, timeout = 60_000 } = options
  check(isBucketName(bucket), 'bucket', 'the name of a bucket', bucket)
  check(isPrefix(prefix), 'prefix', 'a text such as "uploads/", without a slash at its start', prefix)
  check(
    Array.isArray(inlineTypes) && inlineTypes.every((type) => typeof type === 'string'),
    'inlineTypes',
    'a list of media types',
    inlineTypes,
  )
  check(
    resumableAbove === Infinity || isWhole(resumableAbove, 0),
    'resumableAbove',
    'a whole number from 0 up',
    resumableAbove,
  )
  check(
    isWhole(chunkSize, BLOCK_BYTES) && chunkSize % BLOCK_BYTES === 0,
    'chunkSize',
    'a multiple of 256 KiB (262,144)',
    chunkSize,
  )
  check(isWhole(deletesAtOnce, 1), 'deletesAtOnce', 'a whole number from 1 up', deletesAtOnce)
  check(
    isWhole(timeout, 1) && timeout < 2 ** 31,
    'timeout',
    'a whole number of milliseconds from 1 up',
    timeout,
  )
  for (const name of ['projectId', 'credentials', 'apiEndpoint', 'retryOptions'] as const) {
    check(!storage || options[name] === undefined, name, 'left out where a storage is given', options[name])
  }
  return Object.freeze({
    bucket,
    prefix,
    storageClass: options.storageClass,
    acl: predefinedAcl === false ? undefined : (predefinedAcl ?? 'private'),
    aclIsDefault: predefinedAcl === undefined,
    inlineTypes,
    publicBase: publicBaseOf(options),
    resumableAbove,
    chunkSize,
    deletesAtOnce,
    timeout,
  })
}

function publicBaseOf({
  bucket,
  apiEndpoint,
  storage,
  predefinedAcl,
  publicUrl = predefinedAcl === 'publicRead',
}: GcsBackendOptions): string | undefined {
  if (publicUrl === false) return undefined
  if (typeof publicUrl === 'string') {
    check(URL.canParse(publicUrl), 'publicUrl', 'true, false or an absolute URL', publicUrl)
    return publicUrl.replace(/\/*$/, '/')
  }
  // Of a client that is made later, the endpoint is not known when a URL is asked for.
  const ready = (typeof storage === 'object' ? storage.apiEndpoint : apiEndpoint) ?? 'storage.googleapis.com'
  // As the client reads it.
  const endpoint = /^\w+:\/\//.test(ready) ? ready : `https://${ready}`
  return `${endpoint.replace(/\/*$/, '')}/${bucket}/`
}

function isBucketName(name: unknown): boolean {
  return typeof name === 'string' && /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)
}

function isPrefix(prefix: unknown): boolean {
  return typeof prefix === 'string' && !/^\/|[\r\n]/.test(prefix) && Buffer.byteLength(prefix) <= 900
}

function isWhole(value: number, minimum: number): boolean {
  return Number.isSafeInteger(value) && value >= minimum
}

function check(good: boolean, name: string, expectation: string, got: unknown): void {
  if (good) return
  const shown = typeof got === 'object' ? 'an object' : JSON.stringify(got)
  throw new FiledepotError('INVALID_ARGUMENT', `Expected ${name} to be ${expectation}, got ${shown}`)
}
