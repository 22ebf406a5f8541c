import fresh from 'fresh'
import type { FileRequest } from './file-request.ts'
import { parseHttpDate } from './http-date.ts'
import type { CacheValidators } from './cache-validators.ts'

/** The outcome of the conditions of a request: the status to answer with, or `undefined` where it goes on. */
export function checkPreconditions(
  { headers }: FileRequest,
  validators: CacheValidators,
): 304 | 412 | undefined {
  // In the order of RFC 9110, section 13.2.2.
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null) {
    if (!matchesStrongly(ifMatch, validators.etag)) return 412
  } else {
    const unmodifiedSince = parseHttpDate(headers.get('if-unmodified-since'))
    if (unmodifiedSince !== undefined && validators.modified > unmodifiedSince) return 412
  }
  return isFresh(headers, validators) ? 304 : undefined
}

function isFresh(headers: FileRequest['headers'], { etag, lastModified }: CacheValidators): boolean {
  const noneMatch = headers.get('if-none-match')
  const modifiedSince = headers.get('if-modified-since')
  if (noneMatch === null && parseHttpDate(modifiedSince) === undefined) return false
  const cacheControl = headers.get('cache-control')
  // Nearly all that ask have one tag, as they got it.
  if (noneMatch === etag && cacheControl === null) return true
  return fresh(
    {
      'if-none-match': noneMatch ?? undefined,
      'if-modified-since': modifiedSince ?? undefined,
      'cache-control': cacheControl ?? undefined,
    },
    { etag, 'last-modified': lastModified },
  )
}

function matchesStrongly(list: string, etag: string): boolean {
  if (list.trim() === '*') return true
  const tags: readonly string[] = list.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.includes(etag)
}
