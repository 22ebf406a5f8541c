import { hasCode, type ErrorCode } from '@filedepot/core'

/** What a client can do something about. All else is an error of the server. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  CONTENT_FAILED: 400,
  FILE_GONE: 409,
  FILE_NOT_FOUND: 404,
  FILE_REFUSED: 415,
  FILE_TOO_LARGE: 413,
  IMAGE_TIMED_OUT: 413,
  // Most often what a client has sent as JSON instead of a file.
  INVALID_CONTENT: 400,
  INVALID_FILE_ID: 404,
  MALFORMED_UPLOAD: 400,
  NOT_AN_IMAGE: 415,
  STORAGE_FULL: 507,
  STORAGE_UNAVAILABLE: 503,
  TOO_MANY_PARTS: 413,
  TOO_MANY_PIXELS: 413,
  UNSUPPORTED_FORMAT: 415,
  UPLOAD_TIMED_OUT: 408,
}

/**
 * The status to answer with where something of filedepot was thrown: 413 for a file that is too large, 415 for one that
 * was refused or is no image, 400 for JSON instead of a file, and 500 for all that is not the client's doing.
 *
 * ```ts
 * import { httpStatus } from '@filedepot/http'
 * import type { ErrorRequestHandler } from 'express'
 *
 * const onError: ErrorRequestHandler = (error, _request, response, next) => {
 *   const status = httpStatus(error)
 *   if (status === 500) next(error)
 *   else response.status(status).json({ code: error.code })
 * }
 * ```
 */
export function httpStatus(error: unknown): number {
  for (const [code, status] of Object.entries(STATUSES)) {
    if (hasCode(error, code as ErrorCode)) return status
  }
  return 500
}
