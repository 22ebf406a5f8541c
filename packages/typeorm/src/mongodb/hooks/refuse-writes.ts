import type { CollectionFiles } from '../files/collection-files.ts'
import { replaceMethod } from './replace-method.ts'
import { fileChangesOf, namesFiles } from '../files/file-changes.ts'
import type { Doc, MongoRunner } from '../../typeorm-internals.ts'
import { isObject } from '../files/paths.ts'
import { cannotFollow } from '../files/refusals.ts'

type Collections = () => ReadonlyMap<string, CollectionFiles>

/** Refuses methods of the query runner that filedepot cannot track: several writes in one, which only return a count. */
export function refuseWrites(shared: MongoRunner, collections: Collections): void {
  const filesOf = (name: unknown) => collections().get(String(name))

  replaceMethod(
    shared,
    'bulkWrite',
    (original) =>
      async function (...args) {
        const files = filesOf(args[0])
        for (const operation of files ? [args[1] ?? []].flat() : []) {
          for (const [name, what] of Object.entries(isObject(operation) ? operation : {})) {
            if (files && changesFiles(files, name, what as Doc))
              throw cannotFollow(files, `${name} in a bulkWrite`)
          }
        }
        return await original.apply(this, args)
      },
  )

  for (const name of ['initializeOrderedBulkOp', 'initializeUnorderedBulkOp']) {
    replaceMethod(
      shared,
      name,
      (original) =>
        function (...args) {
          const files = filesOf(args[0])
          if (files) throw cannotFollow(files, name)
          return original.apply(this, args)
        },
    )
  }

  replaceMethod(
    shared,
    'aggregate',
    (original) =>
      function (...args) {
        const files = filesOf(targetOf([args[1] ?? []].flat().at(-1)))
        if (files) throw cannotFollow(files, 'a pipeline that writes')
        return original.apply(this, args)
      },
  )

  replaceMethod(
    shared,
    'rename',
    (original) =>
      async function (...args) {
        const [, target, options] = args
        const files = isObject(options) && options.dropTarget === true ? filesOf(target) : undefined
        if (files) throw cannotFollow(files, 'a rename that drops the collection')
        return await original.apply(this, args)
      },
  )
}

function changesFiles(
  files: CollectionFiles,
  name: string,
  { document, filter, update, upsert }: Doc,
): boolean {
  if (name === 'insertOne') return isObject(document) && files.isIn(document)
  if (name !== 'updateOne' && name !== 'updateMany') return true
  const seeds = upsert === true && namesFiles(files, filter)
  return seeds || fileChangesOf(files, update).length > 0
}

/** The collection that the last stage of a pipeline writes. */
function targetOf(stage: unknown): unknown {
  if (!isObject(stage)) return undefined
  const { $out, $merge } = stage
  const target = $out ?? (isObject($merge) ? $merge.into : $merge)
  return isObject(target) ? target.coll : target
}
