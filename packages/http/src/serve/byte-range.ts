import type { FileRequest } from './file-request.ts'
import { parseHttpDate } from './http-date.ts'
import type { CacheValidators } from './cache-validators.ts'

/** The first and the last byte of a part, both included. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** A list of ranges has commas in it, and does not match: see {@link requestedRange}. */
const ONE_RANGE = /^bytes=\s*(\d*)-(\d*)\s*$/i

/**
 * The part of a file that a request asks for; `undefined` where it is to have all of it.
 *
 * A header that is malformed is ignored, and so is one with several ranges, which RFC 9110 lets a server do: answering
 * thousands of overlapping ranges costs a server more than a client, and hardly a client asks for two.
 */
export function requestedRange(
  { headers }: FileRequest,
  size: number,
  validators: CacheValidators,
): Part | 'unsatisfiable' | undefined {
  const match = ONE_RANGE.exec(headers.get('range') ?? '')
  if (!match || !isCurrent(headers.get('if-range'), validators)) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : suffix(Number(last), size)
  const start = Number(first)
  const end = last === '' ? Infinity : Number(last)
  if (end < start) return undefined
  return start < size ? { start, end: Math.min(end, size - 1) } : 'unsatisfiable'
}

function suffix(length: number, size: number): Part | 'unsatisfiable' {
  if (length === 0 || size === 0) return 'unsatisfiable'
  return { start: Math.max(0, size - length), end: size - 1 }
}

/** True if the client has a part of what the file is now, so that another part of it fits. */
function isCurrent(ifRange: string | null, { etag, lastModified, modified }: CacheValidators): boolean {
  if (ifRange === null) return true
  if (parseHttpDate(ifRange) === undefined) return ifRange === etag
  // Within a second the file could have changed twice, so a date that new says nothing (section 8.8.2.2).
  return ifRange === lastModified && Date.now() - modified > 1000
}
