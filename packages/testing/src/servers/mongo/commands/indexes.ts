import { isDeepStrictEqual } from 'node:util'
import type { Collection } from '../collection.ts'
import type { CollectionIndex } from '../collection-index.ts'
import type { CommandContext, CommandHandler } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import type { Doc } from '../documents.ts'
import { wholeCursor } from './collections.ts'

const createIndexes: CommandHandler = (command, { catalog, database }) => {
  const name = String(command.createIndexes)
  const createdCollectionAutomatically = catalog.get(database, name) === undefined
  const collection = catalog.getOrCreate(database, name)
  const numIndexesBefore = collection.indexes.length
  for (const spec of command.indexes as Doc[]) if (isNew(collection, spec)) collection.addIndex(spec)
  const numIndexesAfter = collection.indexes.length
  return { numIndexesBefore, numIndexesAfter, createdCollectionAutomatically, ok: 1 }
}

/** False if the very same index is there. @throws CommandError 85, 86 where it contradicts one that is */
function isNew({ indexes }: Collection, spec: Doc): boolean {
  const sameKey = indexes.find((index) => hasKey(index, spec.key))
  const sameName = indexes.find((index) => index.spec.name === spec.name)
  if (sameName && !sameKey) {
    const text = `An existing index has the same name as the requested index: ${String(spec.name)}`
    throw new CommandError(86, 'IndexKeySpecsConflict', text)
  }
  if (!sameKey || sameKey.spec.name === '_id_') return !sameKey
  if (sameKey.spec.name !== spec.name) {
    const text = `Index already exists with a different name: ${String(sameKey.spec.name)}`
    throw new CommandError(85, 'IndexOptionsConflict', text)
  }
  if ((sameKey.spec.unique === true) !== (spec.unique === true)) {
    const text = `An equivalent index already exists with different options: ${String(spec.name)}`
    throw new CommandError(86, 'IndexKeySpecsConflict', text)
  }
  return false
}

const listIndexes: CommandHandler = (command, context) => {
  const { indexes, namespace } = existing(command.listIndexes, context)
  return wholeCursor(
    namespace,
    indexes.map(({ spec }) => spec),
  )
}

const dropIndexes: CommandHandler = (command, context) => {
  const { indexes } = existing(command.dropIndexes, context)
  const nIndexesWas = indexes.length
  if (command.index === '*') indexes.splice(1)
  else {
    const at = indexes.findIndex((index) => index.spec.name === command.index || hasKey(index, command.index))
    if (at < 1) {
      throw new CommandError(27, 'IndexNotFound', `index not found with name [${String(command.index)}]`)
    }
    indexes.splice(at, 1)
  }
  return { nIndexesWas, ok: 1 }
}

function existing(name: unknown, { catalog, database }: CommandContext): Collection {
  const collection = catalog.get(database, String(name))
  if (collection) return collection
  throw new CommandError(26, 'NamespaceNotFound', `ns does not exist: ${database}.${String(name)}`)
}

/** The order of the fields counts. */
function hasKey({ spec }: CollectionIndex, key: unknown): boolean {
  return isDeepStrictEqual(Object.entries(spec.key as Doc), Object.entries((key ?? {}) as Doc))
}

/** Indexes. */
export const indexCommands: Record<string, CommandHandler> = { createIndexes, listIndexes, dropIndexes }
