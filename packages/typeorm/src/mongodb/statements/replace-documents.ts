import type { FileUnit } from '../files/file-unit.ts'
import type { Doc, ModifyResult } from '../../typeorm-internals.ts'
import { namesFiles } from '../files/file-changes.ts'
import { cannotFollow } from '../files/refusals.ts'
import type { Statement } from './statement.ts'

/** Replaces a whole document, with its files. */
export async function replaceOne(
  statement: Statement,
  unit: FileUnit,
  filter: Doc,
  replacement: Doc,
  projection?: Doc,
): Promise<ModifyResult | undefined> {
  const { files, options, collection } = statement
  if (options.upsert === true && namesFiles(files, filter)) throw cannotFollow(files, 'an upsert by a file')
  const [doc] = await statement.read(filter, { limit: 1 })
  if (!doc && options.upsert !== true) return undefined
  const claim = unit.claim(replacement)
  await Promise.all(
    files.columns.map(async (column) => {
      const current = column.parse(column.get(doc ?? {}))
      if (column.list(column.get(replacement)).length > 0) await unit.attach(claim, column, current)
      else claim.add(column, undefined, current)
    }),
  )
  return await statement.modify(
    unit,
    { claim, id: doc?._id, ...(projection && { projection }) },
    [...(doc ? [{ _id: doc._id }] : []), filter],
    (one, own) => collection.findOneAndReplace(one, replacement, own),
  )
}

/** Replaces a document, and answers as the client does. */
export async function replaceDocument(statement: Statement, filter: Doc, replacement: Doc): Promise<unknown> {
  return await statement.alone(async (unit) => {
    const result = await replaceOne(statement, unit, filter, replacement)
    const upserted = result?.lastErrorObject?.upserted
    const matched = result && upserted === undefined ? 1 : 0
    return {
      acknowledged: true,
      matchedCount: matched,
      modifiedCount: matched,
      upsertedCount: upserted === undefined ? 0 : 1,
      upsertedId: upserted ?? null,
    }
  })
}
