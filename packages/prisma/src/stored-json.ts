import {
  bindManager,
  isBroken,
  locate,
  readRowList,
  readRowValue,
  UploadedFile,
  type DepotManager,
  type UploadedFileJson,
} from '@filedepot/core'
import type { FileField } from './file-fields.ts'

/** The value of a file field, of what the database holds: that of a row, or what is known of it. */
export function hydrate(
  depot: DepotManager,
  field: FileField,
  row: Readonly<Record<string, unknown>>,
): UploadedFile | UploadedFile[] | null {
  const json = row[field.name]
  if (json === null || json === undefined) return null
  const bound = (file: UploadedFile) => {
    bindManager(file, depot)
    if (isBroken(file)) locate(file, { table: field.model.name, column: field.name, key: keyIn(field, row) })
    return file
  }
  return field.isList ? readRowList(field.type, json).map(bound) : bound(readRowValue(field.type, json))
}

function keyIn(
  { model }: FileField,
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  if (model.key.some((name) => row[name] === undefined)) return undefined
  return Object.fromEntries(model.key.map((name) => [name, row[name]]))
}

/**
 * The paths of the files of a field, of what the database holds: an object, or its text where raw SQL has read it. What is
 * no file of ours has none, so that nothing is deleted because of it.
 */
export function pathsOf(json: unknown): string[] {
  if (typeof json === 'string') {
    try {
      return pathsOf(JSON.parse(json))
    } catch {
      return []
    }
  }
  return [json].flat().flatMap((one) => {
    try {
      return one === null || one === undefined ? [] : UploadedFile.fromJSON(one).files
    } catch {
      return []
    }
  })
}

/** What a row is to hold. */
export function toJson(files: UploadedFile | readonly UploadedFile[]): UploadedFileJson | UploadedFileJson[] {
  return files instanceof UploadedFile ? files.toJSON() : files.map((file) => file.toJSON())
}
