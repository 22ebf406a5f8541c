import { bindManager, type DepotManager, type UploadedFile } from '@filedepot/core'
import type { CollectionFiles } from './collection-files.ts'
import { replaceMethod } from './document-writes.ts'
import type { MongoRunner } from './mongo-runner.ts'

type Transform = (doc: unknown) => unknown

/**
 * Lets the cursors of a query runner give entities whose file columns hold uploaded files. TypeORM's driver does not ask
 * the transformers of columns when it loads. It makes an entity of each document by a function that it puts on the
 * cursor; a cursor without one, as that of `createCursor`, gives documents as they are.
 */
export function hydrateCursors(
  shared: MongoRunner,
  collections: () => ReadonlyMap<string, CollectionFiles>,
  depot: DepotManager,
): void {
  for (const name of ['cursor', 'aggregate']) {
    replaceMethod(
      shared,
      name,
      (original) =>
        function (...args) {
          const cursor = original.apply(this, args) as object
          const files = collections().get(String(args[0]))
          if (files) hydrateCursor(cursor, files, depot)
          return cursor
        },
    )
  }
}

function hydrateCursor(cursor: object, files: CollectionFiles, depot: DepotManager): void {
  let transform: Transform | undefined
  Object.defineProperty(cursor, 'transform', {
    get: () => transform,
    set: (given: Transform | undefined) => {
      transform = given && ((doc) => hydrate(given(doc), files, depot))
    },
    configurable: true,
    enumerable: true,
  })
}

function hydrate(entity: unknown, { columns }: CollectionFiles, depot: DepotManager): unknown {
  if (typeof entity !== 'object' || entity === null) return entity
  for (const column of columns) {
    const stored = column.get(entity)
    if (stored === undefined || stored === null) continue
    const value = column.transformer.from(stored)
    for (const file of column.list(value) as UploadedFile[]) bindManager(file, depot)
    column.set(entity, value)
  }
  return entity
}
