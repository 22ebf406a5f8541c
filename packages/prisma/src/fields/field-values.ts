import { UploadedFile, type DepotManager, type UploadedFileJson } from '@filedepot/core'
import {
  bindManager,
  isBroken,
  isUploadedFile,
  locate,
  readRowList,
  readRowValue,
} from '@filedepot/core/integration'
import type { FileField } from './file-fields.ts'

/** The depot and the database of a client. */
export interface FilesHome {
  readonly depot: DepotManager
  /** Stands for the database whose ledger counts the rows, if one does. */
  readonly books: object | undefined
}

/** The value of a file field, of what the database holds: that of a row, or what is known of it. */
export function hydrate(
  { depot, books }: FilesHome,
  field: FileField,
  row: Readonly<Record<string, unknown>>,
): UploadedFile | UploadedFile[] | number | null {
  const json = row[field.name]
  if (json === null || json === undefined) return null
  // Counts are results, too. And a client of replicas may have been extended before, so that its values are files already.
  if (isHydrated(json) || (typeof json === 'number' && isCount(field, row))) return json
  const bound = (file: UploadedFile) => {
    bindManager(file, depot, books)
    if (isBroken(file)) locate(file, { table: field.model.name, column: field.name, key: keyIn(field, row) })
    return file
  }
  return field.isList ? readRowList(field.type, json).map(bound) : bound(readRowValue(field.type, json))
}

/** What `count` has counted comes with the number of all rows, or in any case without the key of one. */
function isCount({ model }: FileField, row: Readonly<Record<string, unknown>>): boolean {
  return '_all' in row || model.key.every((name) => row[name] === undefined)
}

function isHydrated(value: unknown): value is UploadedFile | UploadedFile[] {
  return Array.isArray(value) ? value.length > 0 && value.every(isUploadedFile) : isUploadedFile(value)
}

function keyIn(
  { model }: FileField,
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  if (model.key.some((name) => row[name] === undefined)) return undefined
  return Object.fromEntries(model.key.map((name) => [name, row[name]]))
}

/** A value as the database holds it. */
export interface HeldValue {
  readonly path: string
  readonly filename: string
  /** The paths of all of its files. */
  readonly files: readonly string[]
  readonly json: unknown
}

/**
 * The values of a field from the database: an object, or its text if raw SQL read it. It leaves out everything that is not a
 * file of filedepot, so that nothing is deleted because of it. It also leaves out a list in a field for one file.
 */
export function heldValues(json: unknown, isList = true): HeldValue[] {
  if (typeof json === 'string') {
    try {
      return heldValues(JSON.parse(json), isList)
    } catch {
      return []
    }
  }
  const values: unknown[] = isList ? [json].flat() : [json]
  return values.flatMap((one) => {
    try {
      if (one === null || one === undefined) return []
      const { path, filename, files } = readRowValue(UploadedFile, one)
      return [{ path, filename, files, json: one }]
    } catch {
      return []
    }
  })
}

/** The paths of the files of a field, of what the database holds. */
export function pathsOf(json: unknown): string[] {
  return heldValues(json).flatMap(({ files }) => files)
}

/** What a row is to hold. */
export function toJson(files: UploadedFile | readonly UploadedFile[]): UploadedFileJson | UploadedFileJson[] {
  return files instanceof UploadedFile ? files.toJSON() : files.map((file) => file.toJSON())
}
