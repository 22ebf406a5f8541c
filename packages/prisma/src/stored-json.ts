import { bindManager, UploadedFile, type DepotManager, type UploadedFileJson } from '@filedepot/core'
import type { FileField } from './file-fields.ts'

/** The value of a file field, of what the database holds. */
export function hydrate(
  depot: DepotManager,
  { type, isList }: FileField,
  json: unknown,
): UploadedFile | UploadedFile[] | null {
  if (json === null || json === undefined) return null
  const toFile = (one: unknown) => {
    const file = UploadedFile.fromJSON.call(type, one)
    bindManager(file, depot)
    return file
  }
  if (!isList) return toFile(json)
  return (Array.isArray(json) ? json : [json]).map(toFile)
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
