import { FiledepotError } from '@filedepot/core'
import type { FileAnswer } from './file-answer.ts'
import type { FileRequest } from './file-request.ts'

/** Which pages of other origins may read files by `fetch`, or draw them on a canvas. */
export interface CorsOptions {
  /** `'*'`, or origins as browsers write them: `https://app.example`, without a slash at the end. */
  origins: '*' | readonly string[]
  /** Lets pages send the cookies of their user, which `'*'` does not allow. @default false */
  credentials?: boolean
  /** How long browsers keep the answer to a preflight, in seconds. @default 7200, two hours, the most that Chromium keeps */
  maxAge?: number
}

/** What pages may read of an answer, beside what they always may. */
const EXPOSED = 'Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag'
/** What a request for a file may say. */
const ALLOWED =
  'Authorization, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range'
const TWO_HOURS = 7200

/** Answers preflights, and says of answers which pages may read them. */
export class Cors {
  readonly #origins: '*' | ReadonlySet<string>
  readonly #credentials: boolean
  readonly #maxAge: number

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor({ origins, credentials = false, maxAge = TWO_HOURS }: CorsOptions) {
    if (origins === '*' && credentials) {
      throw invalid('origins by name if credentials is true, as browsers refuse "*" then', '"*"')
    }
    if (origins !== '*') for (const origin of origins) checkOrigin(origin)
    this.#origins = origins === '*' ? origins : new Set(origins)
    this.#credentials = credentials
    this.#maxAge = maxAge
  }

  /** True for the question of a browser whether it may send a request. */
  isPreflight({ method, headers }: FileRequest): boolean {
    return method === 'OPTIONS' && headers.get('Access-Control-Request-Method') !== null
  }

  preflight(): FileAnswer {
    return {
      status: 204,
      headers: {
        'Access-Control-Allow-Headers': ALLOWED,
        'Access-Control-Allow-Methods': 'GET, HEAD',
        'Access-Control-Max-Age': String(this.#maxAge),
      },
    }
  }

  /** The answer, with what the origin of the request may do with it. */
  addHeaders(answer: FileAnswer, request: FileRequest): FileAnswer {
    const headers = { ...answer.headers }
    const origin = request.headers.get('Origin')
    // A cache must not give the answer for one origin to another.
    if (this.#origins !== '*') headers.Vary = 'Origin'
    if (this.#origins === '*' || (origin !== null && this.#origins.has(origin))) {
      headers['Access-Control-Allow-Origin'] = this.#origins === '*' ? '*' : (origin ?? '')
      headers['Access-Control-Expose-Headers'] = EXPOSED
      if (this.#credentials) headers['Access-Control-Allow-Credentials'] = 'true'
    }
    return { ...answer, headers }
  }
}

function checkOrigin(origin: string): void {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return
  throw invalid('origins as browsers write them, like "https://app.example"', JSON.stringify(origin))
}

function invalid(expectation: string, got: string): FiledepotError {
  return new FiledepotError('INVALID_ARGUMENT', `Expected cors to have ${expectation}, got ${got}`)
}
