import type { IncomingMessage } from 'node:http'

/**
 * What the service answered instead of what was asked for: the `cause` of a {@link FiledepotError}.
 *
 * ```ts
 * import { depot, FiledepotError } from '@filedepot/core'
 * import { GcsError } from '@filedepot/gcs'
 *
 * await depot.get().create(Buffer.from('hello')).catch((error: unknown) => {
 *   const cause = error instanceof FiledepotError ? error.cause : undefined
 *   if (cause instanceof GcsError && cause.code === 403) console.log('may not write:', cause.message)
 *   throw error
 * })
 * ```
 */
export class GcsError extends Error {
  override readonly name = 'GcsError'

  constructor(
    /** The HTTP status, for example 403. */
    readonly code: number,
    message: string,
    /** What the service calls it, for example `forbidden` or `conditionNotMet`. */
    readonly reason?: string,
  ) {
    super(message)
  }
}

/** More than any message has; what stands between us and the service may answer with whole pages. */
const MOST_CHARACTERS = 2_000

/** Reads what an answer says of a failure: JSON as a rule, plain text of a download. */
export async function errorOf(response: IncomingMessage): Promise<GcsError> {
  const { statusCode = 0, statusMessage = '' } = response
  const text = await readText(response)
  const { message, errors } = parseError(text)
  const said = message ?? (text.startsWith('<') ? '' : text.trim().slice(0, MOST_CHARACTERS))
  return new GcsError(statusCode, `${said || statusMessage} (HTTP ${statusCode})`, errors?.[0]?.reason)
}

/** The whole body of an answer that is known to be short. */
export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** True if there is no such object; a bucket that is missing is another matter, though of the same status. */
export function isMissingObject(error: unknown): boolean {
  return error instanceof GcsError && error.code === 404 && !isMissingBucket(error)
}

export function isMissingBucket(error: unknown): boolean {
  return error instanceof GcsError && error.code === 404 && /bucket does not exist/i.test(error.message)
}

/** True if the bucket takes no access lists of single objects. */
export function isUniformAccessRefusal(error: unknown): boolean {
  return error instanceof GcsError && error.code === 400 && /uniform bucket-level access/i.test(error.message)
}

interface ErrorBody {
  message?: string
  errors?: { reason?: string }[]
}

function parseError(text: string): ErrorBody {
  try {
    return (JSON.parse(text) as { error?: ErrorBody }).error ?? {}
  } catch {
    return {}
  }
}
