import { FiledepotError } from '@filedepot/core'
import { parseDepotTime, type FileInfo, type FileStat } from '@filedepot/core/backend'
import type { Binary, ObjectId } from 'mongodb'
import type { FileKey } from './file-key.ts'

/** A piece of the bytes of a file, in `<bucket>.chunks`. */
export interface ChunkDocument {
  readonly files_id: FileKey
  readonly n: number
  readonly data: Binary
}

/**
 * A file in `<bucket>.files`. The fields up to `metadata` are those of GridFS; `content_type`, `contentType`,
 * `last_modified` and `md5` are written by DEPOT and by other programs, and read only.
 */
export interface FileDocument {
  readonly _id: FileKey
  /** In bytes. */
  readonly length: number
  /** In bytes. */
  readonly chunkSize: number
  readonly uploadDate: Date
  readonly filename?: string | null
  readonly metadata?: FileMetadata | null
  readonly contentType?: unknown
  readonly content_type?: unknown
  readonly last_modified?: unknown
  readonly md5?: unknown
}

/** What filedepot keeps beside the fields of GridFS. */
interface FileMetadata {
  readonly contentType?: unknown
  /** Lower-case hex. */
  readonly sha256?: unknown
  /** The `files_id` of the chunks: new with each write. A file without it has its chunks under its `_id`. */
  readonly content?: ObjectId
  /** The content that this one has replaced; its chunks go right after the replacing, or with the file. */
  readonly replaced?: FileKey
  /** Pairs, as the names may be any text, and names of fields may not. */
  readonly custom?: readonly { readonly key: string; readonly value: string }[]
}

/** All that says where the bytes of files are. */
export const CONTENT_FIELDS = { 'metadata.content': 1, 'metadata.replaced': 1 } as const

/** The `files_id` of the chunks that the file has now. */
export function contentOf({ _id, metadata }: Pick<FileDocument, '_id' | 'metadata'>): FileKey {
  return metadata?.content ?? _id
}

/** Every `files_id` under which chunks of the file may be. */
export function contentsOf(file: Pick<FileDocument, '_id' | 'metadata'>): FileKey[] {
  const replaced = file.metadata?.replaced
  return replaced === undefined ? [contentOf(file)] : [contentOf(file), replaced]
}

/** What is to be stored of a file, beside its bytes. */
export interface FileToCommit {
  readonly key: FileKey
  readonly content: ObjectId
  /** In bytes. */
  readonly length: number
  /** In bytes. */
  readonly chunkSize: number
  readonly info: FileInfo
}

export function fileDocument({ key, content, length, chunkSize, info }: FileToCommit): FileDocument {
  const custom = Object.entries(info.metadata).map(([name, value]) => ({ key: name, value }))
  return {
    _id: key,
    length,
    chunkSize,
    uploadDate: info.lastModified ?? new Date(),
    filename: info.filename,
    metadata: {
      contentType: info.contentType,
      ...(info.sha256 === undefined ? {} : { sha256: info.sha256 }),
      content,
      ...(custom.length > 0 ? { custom } : {}),
    },
  }
}

/** @throws FiledepotError `CORRUPT_FILE` */
export function statOf(file: FileDocument): FileStat {
  checkFile(file)
  const { _id, length, uploadDate, filename, metadata, md5 } = file
  const sha256 = textOf(metadata?.sha256)
  return {
    filename: textOf(filename) ?? 'unnamed',
    contentType:
      textOf(metadata?.contentType) ??
      textOf(file.contentType) ??
      textOf(file.content_type) ??
      'application/octet-stream',
    size: length,
    sha256,
    lastModified: parseDepotTime(file.last_modified) ?? uploadDate,
    // DEPOT replaces a file under its id, so the time has to tell the versions apart.
    etag: sha256 ?? textOf(md5) ?? metadata?.content?.toHexString() ?? `${_id.toString()}-${+uploadDate}`,
    metadata: Object.fromEntries((metadata?.custom ?? []).map(({ key, value }) => [key, value])),
  }
}

/** @throws FiledepotError `CORRUPT_FILE` where the document says nothing that can be the size or the time of a file */
export function checkFile({ _id, length, chunkSize, uploadDate }: FileDocument): void {
  const sizes = [length, chunkSize].every((bytes) => Number.isSafeInteger(bytes) && bytes >= 0)
  if (sizes && (chunkSize > 0 || length === 0) && isDate(uploadDate)) return
  throw new FiledepotError('CORRUPT_FILE', `Cannot read the document of the file "${_id.toString()}"`)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** By its value, as a `Date` may be one of another realm. */
function isDate(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Number.isNaN(Number(value))
}
