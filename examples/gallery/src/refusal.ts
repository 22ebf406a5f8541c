import { hasCode, type ErrorCode } from '@filedepot/core'
import { httpStatus } from '@filedepot/http'
import { EntityNotFoundError } from 'typeorm'

export const MAX_FILES = 20

/** What visitors are told, by the code that a page has in its address. */
const MESSAGES = {
  FILE_TOO_LARGE: 'Too large: a picture may have 10 MB. Nothing was stored.',
  NOT_AN_IMAGE: 'Not a picture, whatever its name says, or a damaged one. Nothing was stored.',
  UNSUPPORTED_FORMAT:
    'Not a JPEG, PNG, WebP, GIF or AVIF. HEIC, as iPhones take it, has to become JPEG first. Nothing was stored.',
  TOO_MANY_PIXELS: 'Too large: a picture may have 100 million pixels. Nothing was stored.',
  TOO_MANY_PARTS: `Too many: ${MAX_FILES} pictures can be sent at a time. Nothing was stored.`,
  FILE_REFUSED: 'Not what this form is for. Nothing was stored.',
  MALFORMED_UPLOAD: 'What came was not a form with pictures. Nothing was stored.',
  CONTENT_FAILED: 'The connection broke before all of it had come. Nothing was stored.',
  STORAGE_FULL: 'The storage has no room left. Nothing was stored.',
  NO_FILE: 'Choose a picture first.',
  NO_TITLE: 'An album needs a title, of at most 100 letters.',
  LONG_CAPTION: 'A caption may have at most 200 letters.',
  NOT_THERE: 'What you ask for is not here, or not any more.',
  NOT_UNDERSTOOD: 'What came cannot be understood.',
  OTHER_SITE: 'This came from the page of another site, so nothing was changed.',
} as const satisfies Partial<Record<ErrorCode, string>> & Record<string, string>

export type RefusalCode = keyof typeof MESSAGES

/** What is not done, and the reason as visitors are told it. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    /** Of HTTP. */
    readonly status: number,
    options?: ErrorOptions,
  ) {
    super(MESSAGES[code], options)
  }

  /** The refusal that an error is, or stands for; `undefined` where it is none of the visitor's doing. */
  static of(error: unknown): Refusal | undefined {
    if (error instanceof Refusal) return error
    if (error instanceof EntityNotFoundError) return new Refusal('NOT_THERE', 404)
    // Of Express and its parsers: an address with a broken %, a body that is too large.
    const { status } = error as { status?: unknown }
    if (typeof status === 'number' && status >= 400 && status < 500)
      return new Refusal('NOT_UNDERSTOOD', status)
    const code = (Object.keys(MESSAGES) as RefusalCode[]).find((known) => hasCode(error, known as ErrorCode))
    return code && new Refusal(code, httpStatus(error), { cause: error })
  }
}

/** The message of a code that stood in an address, where anybody could have written it. */
export function refusalMessage(code: unknown): string | undefined {
  return typeof code === 'string' && Object.hasOwn(MESSAGES, code) ? MESSAGES[code as RefusalCode] : undefined
}
