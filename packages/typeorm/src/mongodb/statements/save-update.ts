import { pathOf } from '../files/collection-files.ts'
import type { DocumentClaim } from '../files/document-claim.ts'
import type { FileUnit } from '../files/file-unit.ts'
import type { Doc, ModifyResult } from '../../typeorm-internals.ts'
import { isObject, relationOf, withoutPath, withValue } from '../files/paths.ts'
import type { Statement } from './statement.ts'

/**
 * The update of a save, with the files that were prepared for it. TypeORM writes all columns, whatever has changed.
 * A file that has not changed is left out: in the meantime, others may have replaced and deleted it.
 */
export async function updateOfSave(
  statement: Statement,
  { unit, claim, filter, update }: { unit: FileUnit; claim: DocumentClaim; filter: Doc; update: Doc },
): Promise<ModifyResult | undefined> {
  const { files, collection } = statement
  let $set = update.$set as Doc
  for (const column of files.columns) {
    const path = pathOf(column)
    if (claim.writes(column)) $set = withValue($set, path, column.get(claim.subject))
    else if (column.list(column.get(claim.subject)).length > 0 || path in $set) $set = withoutPath($set, path)
    // The document around it is written, and without a file.
    else if (isWritten($set, path)) claim.add(column, undefined, [])
  }
  if (Object.keys($set).length === 0) {
    unit.written(claim, [])
    return undefined
  }
  return await statement.modify(unit, { claim, id: filter._id }, [filter], (one, options) =>
    collection.findOneAndUpdate(one, { $set }, options),
  )
}

function isWritten($set: Doc, path: string): boolean {
  return Object.entries($set).some(([key, value]) => relationOf(key, path) === 'above' && isObject(value))
}
