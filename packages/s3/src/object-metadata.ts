import { FiledepotError } from '@filedepot/core'
import {
  decodeFilename,
  dispositionOf,
  parseDepotTime,
  type FileInfo,
  type FileStat,
} from '@filedepot/core/backend'
import { contentDisposition } from './content-disposition.ts'

// The names and the form of the first two are those of Python's DEPOT, so each reads the files of the other.
const FILENAME = 'x-depot-filename'
const MODIFIED = 'x-depot-modified'
const SHA256 = 'x-depot-sha256'
const METADATA = 'x-depot-metadata'

const UNNAMED = 'unnamed'
const UNKNOWN_TYPE = 'application/octet-stream'

/** What is known of an object beside its bytes. */
export interface ObjectHeaders {
  readonly ContentType: string
  readonly ContentDisposition?: string
  readonly Metadata?: Record<string, string>
}

/** What an answer says of an object. */
export interface AnsweredObject {
  readonly ContentType?: string | undefined
  readonly ContentLength?: number | undefined
  readonly ETag?: string | undefined
  readonly LastModified?: Date | undefined
  readonly Metadata?: Record<string, string> | undefined
}

/**
 * Headers are Latin-1 at best, and services differ in what they make of the rest, so all is sent as ASCII: the
 * filename percent-encoded, custom metadata as one JSON text, as headers do not tell upper from lower case.
 */
export function headersOf(info: FileInfo, inlineTypes?: readonly string[]): ObjectHeaders {
  const { contentType, sha256, metadata, lastModified = new Date() } = info
  const filename = wellFormed(info.filename)
  const custom = Object.keys(metadata).length > 0
  return {
    ContentType: contentType,
    ContentDisposition: contentDisposition(filename, dispositionOf(contentType, inlineTypes)),
    Metadata: {
      [FILENAME]: encodeURIComponent(filename),
      [MODIFIED]: formatTime(lastModified),
      ...(sha256 !== undefined && { [SHA256]: sha256 }),
      ...(custom && { [METADATA]: encodeJson(metadata) }),
    },
  }
}

/**
 * The headers of a file that a client uploads later. The disposition is always among them, because a client could send one of
 * its own if it were not signed.
 */
export function headersOfClaim(
  { filename: claimed, contentType = UNKNOWN_TYPE }: Claim,
  inlineTypes?: readonly string[],
): ObjectHeaders {
  const filename = wellFormed(claimed ?? UNNAMED)
  return {
    ContentType: contentType,
    ContentDisposition: contentDisposition(filename, dispositionOf(contentType, inlineTypes)),
    Metadata: { [FILENAME]: encodeURIComponent(filename) },
  }
}

/** @throws FiledepotError `CORRUPT_FILE` */
export function statOf(id: string, answer: AnsweredObject): FileStat {
  const {
    [FILENAME]: filename,
    [MODIFIED]: modified,
    [SHA256]: sha256,
    [METADATA]: custom,
  } = answer.Metadata ?? {}
  return {
    filename: filename === undefined ? UNNAMED : decodeFilename(filename),
    contentType: answer.ContentType ?? UNKNOWN_TYPE,
    size: answer.ContentLength ?? 0,
    sha256: sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    lastModified: parseDepotTime(modified) ?? answer.LastModified ?? new Date(0),
    etag: (answer.ETag ?? '').replace(/^W\//, '').replaceAll('"', ''),
    metadata: custom === undefined ? {} : decodeJson(id, custom),
  }
}

interface Claim {
  readonly filename?: string | undefined
  readonly contentType?: string | undefined
}

/** A half of a surrogate pair cannot be encoded, and names come from anywhere. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** Only what is not printable ASCII is encoded, as all metadata of an object share 2 KB. */
function encodeJson(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(metadata).replace(/[^!-$&-~]+/gu, encodeURIComponent)
}

function decodeJson(id: string, text: string): Record<string, string> {
  try {
    return JSON.parse(decodeURIComponent(text)) as Record<string, string>
  } catch (cause) {
    throw new FiledepotError('CORRUPT_FILE', `Cannot read the metadata of the file "${id}"`, { cause })
  }
}

/** `2026-01-31 12:00:00`, in UTC. */
function formatTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ')
}
