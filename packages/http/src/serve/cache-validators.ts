import type { StoredFile } from '@filedepot/core'
import { formatHttpDate } from './http-date.ts'

/** By what a client can tell one content of a file from the next. */
export interface CacheValidators {
  /** Strong, with its quotes: the SHA-256 of the bytes, or what the storage has in its place. */
  readonly etag: string
  readonly lastModified: string
  /** {@link CacheValidators.lastModified} in milliseconds. */
  readonly modified: number
}

export function cacheValidatorsOf({ sha256, etag, lastModified }: StoredFile): CacheValidators {
  return {
    // A tag from a foreign storage may contain any character.
    etag: `"${sha256 ?? etag.replace(/[^!#-~]/g, '')}"`,
    lastModified: formatHttpDate(lastModified),
    // HTTP knows no parts of a second.
    modified: Math.floor(lastModified.getTime() / 1000) * 1000,
  }
}
