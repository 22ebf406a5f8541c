import { FiledepotError, UploadedFile } from '@filedepot/core'
import { describe } from '@filedepot/core/backend'
import { isUploadedFile, isVerified } from '@filedepot/core/integration'
import type { FileField } from './file-fields.ts'
import { isLeftOut, isPrismaNull } from '../prisma-internals.ts'

/** What a write gives to a file field: files, or the path of one that came as JSON. */
export type WrittenFile = UploadedFile | ClonedFile

/**
 * The JSON of a stored value, or what `fromJSON` made of that. Only if the row holds its file already is it known whose file it
 * is.
 */
export class ClonedFile {
  constructor(readonly path: string) {}
}

/** The data of a write, as it has come to us, and as the caller wrote it, as far as that is the same. */
export interface WrittenValue {
  readonly value: unknown
  readonly original: unknown
}

/**
 * The files that are written to a field: none where it is emptied, `undefined` where it is left as it is.
 *
 * @throws FiledepotError `INVALID_CONTENT` for anything that is no uploaded file
 */
export function readWritten(field: FileField, { value, original }: WrittenValue): WrittenFile[] | undefined {
  if (isLeftOut(value)) return undefined
  if (value === null || isPrismaNull(value)) return []
  if (!field.isList) return [readFile(field, value, original)]
  if (!Array.isArray(value)) throw refused(field, value)
  const originals: readonly unknown[] = Array.isArray(original) ? original : []
  return value.map((one, index) => readFile(field, one, originals[index]))
}

/**
 * Prisma clones the arguments of an operation for each extension. This finds a value through its function, which survives, or
 * in the original arguments of the caller.
 */
function readFile(field: FileField, value: unknown, original: unknown): WrittenFile {
  if (isUploadedFile(value)) return known(value)
  const { source, storage, id } = (value ?? {}) as { source?: unknown; storage?: unknown; id?: unknown }
  const file: unknown = typeof source === 'function' ? (source as () => unknown)() : original
  if (isUploadedFile(file) && (file.isPending || (file.storage === storage && file.id === id))) {
    return known(file)
  }
  if (typeof storage === 'string' && typeof id === 'string' && 'uploadedAt' in (value as object)) {
    return new ClonedFile(`${storage}/${id}`)
  }
  throw refused(field, original ?? value)
}

function known(file: UploadedFile): WrittenFile {
  return isVerified(file) ? file : new ClonedFile(file.path)
}

function refused({ model, name, isList }: FileField, got: unknown): FiledepotError {
  const wanted = isList
    ? 'a list of uploaded files'
    : 'an uploaded file, for example UploadedFile.from(content)'
  return new FiledepotError(
    'INVALID_CONTENT',
    `Expected ${model.name}.${name} to be ${wanted}, or null, got ${describe(got)}`,
  )
}

/** For JSON of a file that the row does not hold. */
export function unknownFile({ model, name }: FileField, { path }: ClonedFile): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    `Expected ${model.name}.${name} to be an uploaded file, got JSON that names ${path}. A row accepts JSON only if it ` +
      'already holds that file. If it was an UploadedFile, an extension made JSON of it: add filedepot() before that one',
  )
}
