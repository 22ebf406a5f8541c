import { pathOf, type CollectionFiles } from './collection-files.ts'
import type { FileColumn } from '../../column/file-column.ts'
import type { Doc } from '../../typeorm-internals.ts'
import { isObject, relationOf, valueAt } from './paths.ts'
import { cannotFollow } from './refusals.ts'

/** What an update puts into a file column of every document that it changes. */
export interface FileChange {
  readonly column: FileColumn
  /** As it was given; `undefined` and `null` take the file away. */
  readonly given: unknown
}

/**
 * What an update does to file columns: nothing, in most cases.
 *
 * @throws FiledepotError `NOT_SUPPORTED` where it changes them in a way that cannot be followed
 */
export function fileChangesOf(files: CollectionFiles, update: unknown): FileChange[] {
  if (Array.isArray(update)) {
    if (update.some((stage) => !leavesFiles(files, stage))) throw cannotFollow(files, 'a pipeline')
    return []
  }
  const changes = new Map<FileColumn, FileChange>()
  for (const [operator, fields] of Object.entries(isObject(update) ? update : {})) {
    if (!operator.startsWith('$') || !isObject(fields)) continue
    for (const { column, key, inside } of touched(files, operator, fields)) {
      if (inside || (operator !== '$set' && operator !== '$unset')) throw cannotFollow(files, operator)
      const path = pathOf(column)
      const value = operator === '$unset' ? null : fields[key]
      const given = key === path ? value : valueAt(value, path.slice(key.length + 1))
      changes.set(column, { column, given })
    }
  }
  return [...changes.values()]
}

/** True if a filter names a file column: an upsert would put its value into a new document. */
export function namesFiles(files: CollectionFiles, filter: unknown): boolean {
  return Object.entries(isObject(filter) ? filter : {}).some(([key, value]) => {
    if (key.startsWith('$')) return Array.isArray(value) && value.some((one) => namesFiles(files, one))
    return isTouched(files, key)
  })
}

function* touched(
  files: CollectionFiles,
  operator: string,
  fields: Doc,
): Generator<{ column: FileColumn; key: string; inside: boolean }> {
  for (const column of files.columns) {
    for (const [key, value] of Object.entries(fields)) {
      const names = operator === '$rename' ? [key, String(value)] : [key]
      const relations = names.map((name) => relationOf(name, pathOf(column)))
      if (relations.every((relation) => relation === 'apart')) continue
      yield { column, key, inside: relations.includes('below') }
    }
  }
}

/** Stages that name the fields that they change, and no file column among them. */
function leavesFiles(files: CollectionFiles, stage: unknown): boolean {
  return Object.entries(isObject(stage) ? stage : {}).every(([name, fields]) => {
    if (name === '$unset') return [fields].flat().every((key) => !isTouched(files, String(key)))
    if (name !== '$set' && name !== '$addFields') return false
    return Object.keys(isObject(fields) ? fields : {}).every((key) => !isTouched(files, key))
  })
}

function isTouched(files: CollectionFiles, key: string): boolean {
  return files.columns.some((column) => relationOf(key, pathOf(column)) !== 'apart')
}
