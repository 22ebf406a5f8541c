import type { JsonValue } from '../json-value.ts'
import { FiledepotError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import { formatFilePath } from '../file-path.ts'
import { isoDate } from '../iso-date.ts'

/** What a row remembers of a stored file. */
export interface UploadedFileData {
  /** The name of the storage that holds the file; never an alias. */
  readonly storage: string
  /** The UUID of the file. */
  readonly id: string
  readonly filename: string
  /** What the bytes are, as far as that can be told; the type to serve the file with. */
  readonly contentType: string
  /** What the client said it was, if it said something; not to be believed. */
  readonly declaredType: string | undefined
  /** In bytes. `undefined` only in values that Python's DEPOT wrote. */
  readonly size: number | undefined
  /** Lower-case hex. `undefined` only in values that Python's DEPOT wrote. */
  readonly sha256: string | undefined
  readonly uploadedAt: Date
  /** The paths of all files that belong to the value: its own first, then what was derived from it. */
  readonly files: readonly string[]
  /** What upload types and filters added. */
  readonly metadata: Readonly<Record<string, JsonValue>>
}

/** {@link UploadedFileData} as JSON: what stands in the column. */
export interface UploadedFileJson {
  storage: string
  id: string
  filename: string
  contentType: string
  declaredType?: string
  size?: number
  sha256?: string
  uploadedAt: string
  /** With its own, so that a query by a path finds the row. Absent in values of early versions that have one file only. */
  files?: readonly string[]
  metadata?: Readonly<Record<string, JsonValue>>
}

/** What most values have: shared, so that none has to make and to freeze its own. */
export const NO_METADATA: UploadedFileData['metadata'] = Object.freeze({})

export function formatUploadedFile(data: UploadedFileData): UploadedFileJson {
  const { storage, id, filename, contentType, declaredType, size, sha256, uploadedAt, files, metadata } = data
  const json: Partial<UploadedFileJson> = { storage, id, filename, contentType }
  // One by one: spreading what may be missing takes three times as long, and each save of a row comes by here.
  if (declaredType !== undefined) json.declaredType = declaredType
  if (size !== undefined) json.size = size
  if (sha256 !== undefined) json.sha256 = sha256
  json.uploadedAt = isoDate(uploadedAt)
  json.files = files
  if (Object.keys(metadata).length > 0) json.metadata = metadata
  return json as UploadedFileJson
}

/**
 * Reads our own JSON and that of Python's DEPOT, as an object or as text.
 *
 * @throws FiledepotError `INVALID_VALUE`
 */
export function parseUploadedFile(json: unknown): UploadedFileData {
  try {
    const value: unknown = typeof json === 'string' ? JSON.parse(json) : json
    if (typeof value !== 'object' || value === null) throw new TypeError(`it is ${describe(value)}`)
    return 'depot_name' in value ? parsePython(value) : parseOwn(value)
  } catch (cause) {
    const reason = reasonOf(cause)
    throw new FiledepotError('INVALID_VALUE', `Expected the JSON of an uploaded file: ${reason}`, { cause })
  }
}

function parseOwn(json: object): UploadedFileData {
  const value = json as Record<string, unknown>
  const storage = text(value, 'storage')
  const id = fileId(value, 'id')
  return {
    storage,
    id,
    filename: text(value, 'filename'),
    contentType: text(value, 'contentType'),
    declaredType: optional(value, 'declaredType'),
    size: size(value.size),
    sha256: optional(value, 'sha256'),
    uploadedAt: date(text(value, 'uploadedAt')),
    files: paths(value.files, formatFilePath({ storage, id })),
    metadata: metadata(value.metadata),
  }
}

/** The keys that DEPOT itself writes. Whatever else its values hold came from filters, and is metadata here. */
export const PYTHON_KEYS: ReadonlySet<string> = new Set([
  'depot_name',
  'file_id',
  'path',
  'filename',
  'content_type',
  'uploaded_at',
  'files',
  '_public_url',
])

function parsePython(json: object): UploadedFileData {
  const value = json as Record<string, unknown>
  const metadata = Object.fromEntries(Object.entries(value).filter(([key]) => !PYTHON_KEYS.has(key)))
  return {
    storage: text(value, 'depot_name'),
    id: fileId(value, 'file_id'),
    filename: text(value, 'filename'),
    contentType: text(value, 'content_type'),
    declaredType: undefined,
    size: undefined,
    sha256: undefined,
    // "YYYY-MM-DD HH:MM:SS", in UTC.
    uploadedAt: date(`${text(value, 'uploaded_at').replace(' ', 'T')}Z`),
    files: paths(value.files, text(value, 'path')),
    metadata: metadata as UploadedFileData['metadata'],
  }
}

function text(value: Record<string, unknown>, key: string): string {
  const found = value[key]
  if (typeof found !== 'string' || found === '') throw new TypeError(`"${key}" is ${describe(found)}`)
  return found
}

/** A UUID, or whatever else a backend may admit that can be no path. */
export const FILE_ID = /^[\w-]{1,255}$/

function fileId(value: Record<string, unknown>, key: string): string {
  const found = text(value, key)
  if (!FILE_ID.test(found)) throw new TypeError(`"${key}" is ${describe(found)}`)
  return found
}

function optional(value: Record<string, unknown>, key: string): string | undefined {
  const found = value[key] ?? undefined
  if (found !== undefined && typeof found !== 'string') throw new TypeError(`"${key}" is ${describe(found)}`)
  return found
}

export function isFileSize(found: unknown): found is number {
  return Number.isSafeInteger(found) && (found as number) >= 0
}

function size(value: unknown): number | undefined {
  const found = value ?? undefined
  if (found !== undefined && !isFileSize(found)) throw new TypeError(`"size" is ${describe(found)}`)
  return found
}

function metadata(value: unknown): UploadedFileData['metadata'] {
  const found = value ?? NO_METADATA
  if (typeof found !== 'object' || Array.isArray(found))
    throw new TypeError(`"metadata" is ${describe(found)}`)
  return found as UploadedFileData['metadata']
}

function date(value: string): Date {
  const found = new Date(value)
  if (Number.isNaN(found.getTime())) throw new TypeError(`${describe(value)} is no date`)
  return found
}

/** The value's own path comes first, also if the list leaves it out. */
function paths(value: unknown, own: string): readonly string[] {
  const list: unknown = value ?? []
  if (!Array.isArray(list) || list.some((path) => typeof path !== 'string' || !/.\/./s.test(path))) {
    throw new TypeError('"files" is not a list of paths')
  }
  return [...new Set([own, ...(list as string[])])]
}
