import { create } from 'content-disposition'
import { FiledepotError } from '@filedepot/core'
import {
  decodeFilename,
  dispositionOf,
  parseDepotTime,
  type FileInfo,
  type FileStat,
} from '@filedepot/core/backend'

/** What the service says of an object, as far as it is looked at. */
export interface GcsObject {
  readonly name: string
  readonly generation: string
  readonly metageneration: string
  readonly size: string
  readonly timeCreated: string
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** What is said of an object that is made. */
export interface GcsObjectFields {
  readonly contentType: string
  readonly contentDisposition: string
  readonly storageClass?: string
  readonly metadata: Readonly<Record<string, string>>
}

/** The keys under which an object keeps what the service has no field for; names and texts are made ASCII. */
const FILENAME = 'filedepot-filename'
const METADATA = 'filedepot-metadata'
/** Of a copy alone: of all others the time is that of the object. */
const MODIFIED = 'filedepot-modified'
export const SHA256 = 'filedepot-sha256'

/** The keys of Python's DEPOT, which percent-encoded the name. */
const DEPOT = {
  filename: 'x-depot-filename',
  modified: 'x-depot-modified',
  contentType: 'x-depot-content-type',
} as const

export type Disposition = 'inline' | 'attachment'

/** Fields of an object for a file. If its hash is not known yet, they say none. */
export function fieldsOf(
  info: Pick<FileInfo, 'filename' | 'contentType'> & Partial<FileInfo>,
  { inlineTypes, storageClass }: { inlineTypes: readonly string[]; storageClass: string | undefined },
): GcsObjectFields {
  const { filename, contentType, sha256, metadata = {}, lastModified } = info
  return {
    contentType,
    contentDisposition: contentDispositionOf(dispositionOf(contentType, inlineTypes), filename),
    ...(storageClass !== undefined && { storageClass }),
    metadata: {
      [FILENAME]: encodeURIComponent(Buffer.from(filename).toString()),
      ...(sha256 !== undefined && { [SHA256]: sha256 }),
      ...(lastModified !== undefined && { [MODIFIED]: lastModified.toISOString() }),
      ...(Object.keys(metadata).length > 0 && { [METADATA]: asciiJson(metadata) }),
    },
  }
}

/** What is known of a file by its object, be it ours, one of Python's DEPOT, or of anyone. */
export function statOf(id: string, object: GcsObject): FileStat {
  const custom = object.metadata ?? {}
  const filename = custom[FILENAME] ?? custom[DEPOT.filename]
  return {
    filename: filename === undefined ? 'unnamed' : decodeFilename(filename),
    contentType: custom[DEPOT.contentType] ?? object.contentType ?? 'application/octet-stream',
    size: Number(object.size),
    sha256: custom[SHA256],
    lastModified:
      parseTime(custom[MODIFIED]) ?? parseDepotTime(custom[DEPOT.modified]) ?? new Date(object.timeCreated),
    // New with each write; what the service calls the etag changes with the metadata, too.
    etag: object.generation,
    metadata: parseMetadata(id, custom[METADATA]),
  }
}

/** The header for any name: what is not ASCII goes into `filename*` (RFC 6266). */
export function contentDispositionOf(disposition: Disposition, filename: string): string {
  return create(Buffer.from(filename).toString(), { type: disposition })
}

/** Metadata come back as headers of downloads, so they have to be ASCII. */
function asciiJson(metadata: Readonly<Record<string, string>>): string {
  return JSON.stringify(metadata).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function parseTime(text: string | undefined): Date | undefined {
  const time = new Date(text ?? NaN)
  return Number.isNaN(time.getTime()) ? undefined : time
}

function parseMetadata(id: string, json: string | undefined): Record<string, string> {
  if (json === undefined) return {}
  try {
    return JSON.parse(json) as Record<string, string>
  } catch (cause) {
    throw new FiledepotError('CORRUPT_FILE', `Cannot read the metadata of the file "${id}"`, { cause })
  }
}
