import { pathOf, type CollectionFiles } from '../files/collection-files.ts'
import type { Doc, ModifyResult } from '../../typeorm-internals.ts'
import { isObject, relationOf } from '../files/paths.ts'
import { cannotFollow } from '../files/refusals.ts'
import { replaceOne } from './replace-documents.ts'
import type { Statement } from './statement.ts'
import { changesOf, updateOne } from './update-documents.ts'

/** `findOneAndDelete`. */
export async function findAndDelete(statement: Statement, filter: Doc): Promise<unknown> {
  const { files, collection } = statement
  return await statement.alone(async (unit) => {
    const [doc] = await statement.read(filter, { limit: 1 })
    const claim = unit.claimWhole(files, doc ?? {})
    const result = await statement.modify(
      unit,
      { claim, id: doc?._id, projection: shown(statement) },
      [filter],
      (one, options) => collection.findOneAndDelete(one, options),
    )
    return answered(statement, result)
  })
}

/** `findOneAndReplace`. */
export async function findAndReplace(statement: Statement, filter: Doc, replacement: Doc): Promise<unknown> {
  checkBefore(statement)
  return await statement.alone(async (unit) =>
    answered(statement, await replaceOne(statement, unit, filter, replacement, shown(statement))),
  )
}

/** `findOneAndUpdate`; at once where no file column changes. */
export async function findAndUpdate(
  statement: Statement,
  filter: Doc,
  update: unknown,
  execute: () => Promise<unknown>,
): Promise<unknown> {
  const changes = changesOf(statement, filter, update)
  if (changes.length === 0) return await execute()
  checkBefore(statement)
  return await statement.alone(async (unit) => {
    const [doc] = await statement.read(filter, { limit: 1 })
    const change = { filter, update: update as Doc, changes }
    return answered(statement, await updateOne(statement, unit, doc, change, shown(statement)))
  })
}

/** One statement answers with the document as it was or as it is; which files were given up, only the first says. */
function checkBefore({ files, options }: Statement): void {
  if (options.returnDocument === 'after') throw cannotFollow(files, "{ returnDocument: 'after' }")
}

function answered({ options }: Statement, result: ModifyResult | undefined): unknown {
  if (options.includeResultMetadata !== true) return result?.value ?? null
  return result ?? { value: null, lastErrorObject: { n: 0, updatedExisting: false }, ok: 1 }
}

/** The projection of the caller, and the file columns. */
function shown({ files, options: { projection } }: Statement): Doc {
  if (!isObject(projection)) return {}
  const fields = Object.entries(projection)
  if (fields.some(([key, value]) => key !== '_id' && Boolean(value))) return included(files, projection)
  const apart = ([key]: [string, unknown]) =>
    files.columns.every((column) => relationOf(key, pathOf(column)) === 'apart')
  return Object.fromEntries(fields.filter(apart))
}

function included({ columns }: CollectionFiles, projection: Doc): Doc {
  const paths = columns.map(pathOf)
  // A path and one above it are a contradiction.
  const missing = paths.filter((path) => !Object.keys(projection).some((key) => covers(key, path)))
  const inner = Object.entries(projection).filter(([key]) =>
    paths.every((path) => relationOf(key, path) !== 'below'),
  )
  return { ...Object.fromEntries(inner), ...Object.fromEntries(missing.map((path) => [path, 1])) }
}

function covers(key: string, path: string): boolean {
  return ['same', 'above'].includes(relationOf(key, path))
}
