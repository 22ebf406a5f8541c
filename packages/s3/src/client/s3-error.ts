import { FiledepotError } from '@filedepot/core'

/** What an error is explained with. */
export interface S3ErrorContext {
  readonly bucket: string
  /** The address of the service, for people. */
  readonly service: string
}

/** Sentences for what goes wrong most, by S3's code or Node's. */
const MEANINGS: Record<string, (context: S3ErrorContext) => string> = {
  NoSuchBucket: ({ bucket }) => `there is no bucket "${bucket}"; ensureBucket() makes it`,
  AccessDenied: ({ bucket }) => `the credentials do not allow it on the bucket "${bucket}"`,
  AllAccessDisabled: ({ bucket }) => `all access to the bucket "${bucket}" is disabled`,
  InvalidAccessKeyId: () => 'the service does not know the access key',
  SignatureDoesNotMatch: () => 'the secret key does not belong to the access key',
  ExpiredToken: () => 'the session of the credentials has expired',
  CredentialsProviderError: () => 'no credentials were found',
  RequestTimeTooSkewed: () => 'the clock of this machine differs from that of the service',
  InvalidBucketName: ({ bucket }) => `"${bucket}" is no name that a bucket can have`,
  PermanentRedirect: ({ bucket }) => `the bucket "${bucket}" is in another region`,
  AuthorizationHeaderMalformed: ({ bucket }) => `the bucket "${bucket}" is in another region`,
  AccessControlListNotSupported: ({ bucket }) =>
    `the bucket "${bucket}" takes no ACLs: leave out the option "acl"`,
  MetadataTooLarge: () => 'the filename and the metadata together are longer than the service keeps',
  InvalidStorageClass: () => 'the service has no such storage class',
  BadDigest: () => 'the bytes were changed on their way',
  XAmzContentSHA256Mismatch: () => 'the bytes were changed on their way',
  SlowDown: () => 'the service is too busy',
  ServiceUnavailable: () => 'the service is too busy',
  InternalError: () => 'the service failed',
  QuotaExceeded: () => 'the quota of the user or the bucket is used up',
  XMinioStorageFull: () => 'the service has no room left',
  InsufficientStorage: () => 'the service has no room left',
  ECONNREFUSED: ({ service }) => `nothing answers at ${service}`,
  ENOTFOUND: ({ service }) => `the host of ${service} is not known`,
  ECONNRESET: ({ service }) => `the connection to ${service} broke`,
  EPIPE: ({ service }) => `the connection to ${service} broke`,
  ETIMEDOUT: ({ service }) => `${service} did not answer in time`,
  TimeoutError: ({ service }) => `${service} did not answer in time`,
}

/** For which core has a code of its own, by the codes that a full disk has. */
const FULL: Record<string, string> = {
  QuotaExceeded: 'EDQUOT',
  XMinioStorageFull: 'ENOSPC',
  InsufficientStorage: 'ENOSPC',
}

/** Answers to HEAD have no body, and so no code: the status has to do. */
const CODES_BY_STATUS: Record<number, string> = {
  301: 'PermanentRedirect',
  400: 'BadRequest',
  403: 'AccessDenied',
  404: 'NotFound',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  507: 'InsufficientStorage',
}

/**
 * What went wrong between this program and the service, in a sentence. It is the `cause` of the
 * {@link FiledepotError} that a storage throws, and its own `cause` is the error of the AWS SDK.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { S3Error } from '@filedepot/s3'
 *
 * const id = await depot.get().create(Buffer.from('hello')).catch((error: Error) => {
 *   if (error.cause instanceof S3Error) console.error(error.cause.code, error.cause.status, error.cause.requestId)
 *   throw error
 * })
 * ```
 */
export class S3Error extends Error {
  override readonly name = 'S3Error'

  constructor(
    /** S3's code (`NoSuchBucket`), or Node's (`ECONNREFUSED`); `ENOSPC` or `EDQUOT` where no room is left. */
    readonly code: string,
    message: string,
    /** Of the answer, if there was one. */
    readonly status?: number,
    /** By which the people who run the service find the request. */
    readonly requestId?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Puts what the SDK threw into a sentence. What is clear already, and an abort, pass as they are. */
export function explainError(error: unknown, context: S3ErrorContext): Error {
  if (error instanceof FiledepotError || error instanceof S3Error) return error
  const { name, message, $metadata: answer } = error as SdkError
  if (name === 'AbortError') return error as Error
  const code = codeOf(error)
  const status = answer?.httpStatusCode
  const meaning = MEANINGS[code]?.(context) ?? (message && message !== 'UnknownError' ? message : 'it failed')
  const attempts = answer?.attempts ?? 1
  const details = [
    code,
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
  ]
  return new S3Error(FULL[code] ?? code, `${meaning} (${details.join(', ')})`, status, answer?.requestId, {
    cause: error,
  })
}

/** S3's code of an error, or Node's; by the status where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof S3Error) return error.code
  const { name, code, message, $metadata: answer } = error as SdkError
  // The SDK names an error by the code in the body of the answer, and by a placeholder where there is none.
  const named = name !== undefined && !PLACEHOLDERS.has(name) ? name : undefined
  // The SDK wraps errors of Node that are of another realm, as all are in Jest, and keeps their message only.
  const wrapped = /\b(?:ECONN[A-Z]+|ENOTFOUND|EPIPE|ETIMEDOUT)\b/.exec(message ?? '')?.[0]
  return named ?? code ?? wrapped ?? CODES_BY_STATUS[answer?.httpStatusCode ?? 0] ?? name ?? 'Unknown'
}

/** True if the error is the answer that a key is not there. On a HEAD a missing bucket looks the same. */
export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(codeOf(error))
}

const PLACEHOLDERS = new Set([
  'Error',
  'Unknown',
  'UnknownError',
  'AggregateError',
  '400',
  '403',
  '301',
  '503',
])

interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number }
}
