import { cleanFilename } from '../content/filename.ts'
import { FiledepotError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import { formatFilePath } from '../file-path.ts'
import { copyPlainJson } from './plain-json.ts'
import { FILE_ID, isFileSize, NO_METADATA, PYTHON_KEYS, type UploadedFileData } from './uploaded-file-data.ts'

/**
 * Reads the JSON of a stored value, as an object or as text, and believes none of it: every field has the form that
 * filedepot writes, all files are in the storage of the value, and there is no other field.
 *
 * @throws FiledepotError `INVALID_VALUE`
 */
export function parseStrictValue(json: unknown): UploadedFileData {
  try {
    const value = copyPlainJson(typeof json === 'string' ? JSON.parse(json) : json)
    if (!isObject(value)) throw new TypeError(`it is ${describe(value)}`)
    return 'depot_name' in value ? parsePython(value) : parseOwn(value)
  } catch (cause) {
    const reason = reasonOf(cause)
    throw new FiledepotError('INVALID_VALUE', `Expected the JSON of an uploaded file: ${reason}`, { cause })
  }
}

type Json = Readonly<Record<string, unknown>>

const OWN_KEYS: ReadonlySet<string> = new Set<keyof UploadedFileData>([
  ...(['storage', 'id', 'filename', 'contentType', 'declaredType'] as const),
  ...(['size', 'sha256', 'uploadedAt', 'files', 'metadata'] as const),
])

function parseOwn(value: Json): UploadedFileData {
  const other = Object.keys(value).find((key) => !OWN_KEYS.has(key))
  if (other !== undefined) throw new TypeError(`it has no field ${describe(other)}`)
  const storage = text(value, 'storage', isStorage)
  const id = text(value, 'id', isId)
  const { metadata = NO_METADATA } = value
  if (!isObject(metadata)) throw wrong('metadata', metadata)
  return {
    storage,
    id,
    filename: text(value, 'filename', isFilename),
    contentType: text(value, 'contentType', isMediaType),
    declaredType: optional(value, 'declaredType', isMediaType),
    size: optional(value, 'size', isFileSize),
    sha256: optional(value, 'sha256', isHash),
    uploadedAt: date(text(value, 'uploadedAt', (found) => ISO_DATE.test(found))),
    files: filesOf(value, storage, id),
    metadata: metadata as UploadedFileData['metadata'],
  }
}

function parsePython(value: Json): UploadedFileData {
  if ('storage' in value) throw new TypeError('it has the fields of two kinds of values')
  const storage = text(value, 'depot_name', isStorage)
  const id = text(value, 'file_id', isId)
  const path = formatFilePath({ storage, id })
  const more = Object.entries(value).filter(([key]) => !PYTHON_KEYS.has(key))
  if (value.path !== path) throw wrong('path', value.path)
  return {
    storage,
    id,
    filename: text(value, 'filename', isFilename),
    contentType: text(value, 'content_type', isMediaType),
    declaredType: undefined,
    size: undefined,
    sha256: undefined,
    uploadedAt: date(`${text(value, 'uploaded_at', (found) => PYTHON_DATE.test(found)).replace(' ', 'T')}Z`),
    files: filesOf(value, storage, id),
    metadata: Object.fromEntries(more) as UploadedFileData['metadata'],
  }
}

const STORAGE = /^[^/\s\p{Cc}]{1,255}$/u
const TOKEN = "[\\w!#$%&'*+.^`|~-]+"
const PARAMETER = `[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*")`
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:${PARAMETER})*$`)
const SHA256 = /^[0-9a-f]{64}$/
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const PYTHON_DATE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

const isStorage = (found: string) => STORAGE.test(found)
const isId = (found: string) => FILE_ID.test(found)
const isFilename = (found: string) => found !== '' && cleanFilename(found) === found
const isMediaType = (found: unknown): found is string =>
  typeof found === 'string' && found.length <= 255 && MEDIA_TYPE.test(found)
const isHash = (found: unknown): found is string => typeof found === 'string' && SHA256.test(found)

/** The value's own path comes first, also if the list leaves it out. What belongs to a value is in one storage. */
function filesOf({ files = [] }: Json, storage: string, id: string): readonly string[] {
  const isPath = (path: unknown): path is string =>
    typeof path === 'string' && path.startsWith(`${storage}/`) && isId(path.slice(storage.length + 1))
  if (!Array.isArray(files) || !files.every(isPath)) {
    throw new TypeError(`"files" is not a list of paths in the storage ${describe(storage)}`)
  }
  return [...new Set([formatFilePath({ storage, id }), ...files])]
}

function text(value: Json, key: string, isRight: (found: string) => boolean): string {
  const found = value[key]
  if (typeof found !== 'string' || !isRight(found)) throw wrong(key, found)
  return found
}

function optional<T>(value: Json, key: string, isRight: (found: unknown) => found is T): T | undefined {
  const found = value[key]
  if (found !== undefined && !isRight(found)) throw wrong(key, found)
  return found
}

function date(found: string): Date {
  const parsed = new Date(found)
  if (Number.isNaN(parsed.getTime())) throw new TypeError(`${describe(found)} is no date`)
  return parsed
}

function wrong(key: string, found: unknown): TypeError {
  return new TypeError(`"${key}" is ${describe(found)}`)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
