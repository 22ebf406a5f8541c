import { FiledepotError, type ErrorCode } from '@filedepot/core'

/** Says which file it is, and why it cannot be used. */
export function imageError(
  code: Extract<ErrorCode, 'IMAGE_TIMED_OUT' | 'NOT_AN_IMAGE' | 'TOO_MANY_PIXELS' | 'UNSUPPORTED_FORMAT'>,
  filename: string,
  reason: string,
  options?: ErrorOptions,
): FiledepotError {
  return new FiledepotError(code, `"${filename}" ${reason}`, options)
}

/** The first line of what libvips says: the others repeat what its parts think of it. */
export function reasonOf(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
  return first
}
