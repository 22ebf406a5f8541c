import { Long } from 'bson'
import { isDeepStrictEqual } from 'node:util'
import type { CommandHandler } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { isPlainObject, type Doc } from '../documents.ts'
import { matcher } from '../query.ts'

const listDatabases: CommandHandler = (_command, { catalog }) => ({
  databases: [...catalog.databases].map(([name, { size }]) => ({ name, sizeOnDisk: 1, empty: size === 0 })),
  totalSize: 1,
  ok: 1,
})

const listCollections: CommandHandler = ({ filter }, { catalog, database }) => {
  const all = [...(catalog.databases.get(database) ?? [])].map(([name, { options, uuid, indexes }]) => ({
    name,
    type: 'collection',
    options,
    info: { readOnly: false, uuid },
    idIndex: indexes[0]?.spec,
  }))
  const matches = matcher(isPlainObject(filter) ? filter : {})
  return wholeCursor(`${database}.$cmd.listCollections`, all.filter(matches))
}

const create: CommandHandler = (command, { catalog, database }) => {
  const names = ['capped', 'size', 'max', 'validator']
  const options = Object.fromEntries(Object.entries(command).filter(([key]) => names.includes(key)))
  const existing = catalog.get(database, String(command.create))
  if (existing && !isDeepStrictEqual(existing.options, options)) {
    const text = `namespace ${existing.namespace} already exists, but with different options`
    throw new CommandError(48, 'NamespaceExists', text)
  }
  catalog.getOrCreate(database, String(command.create), options)
  return { ok: 1 }
}

const drop: CommandHandler = (command, { catalog, database }) => {
  const collection = catalog.get(database, String(command.drop))
  catalog.drop(database, String(command.drop))
  return collection ? { nIndexesWas: collection.indexes.length, ns: collection.namespace, ok: 1 } : { ok: 1 }
}

const dropDatabase: CommandHandler = (_command, { catalog, database }) => {
  catalog.databases.delete(database)
  return { dropped: database, ok: 1 }
}

const renameCollection: CommandHandler = (command, { catalog }) => {
  const [source, target] = [command.renameCollection, command.to].map((namespace) => {
    const [, database = '', name = ''] = /^([^.]*)\.(.*)$/s.exec(String(namespace)) ?? []
    return { database, name }
  }) as [Namespace, Namespace]
  const collection = catalog.get(source.database, source.name)
  if (!collection) {
    const text = `Source collection ${source.database}.${source.name} does not exist`
    throw new CommandError(26, 'NamespaceNotFound', text)
  }
  if (command.dropTarget !== true && catalog.get(target.database, target.name)) {
    throw new CommandError(48, 'NamespaceExists', 'target namespace exists')
  }
  catalog.rename(collection, target.database, target.name)
  return { ok: 1 }
}

interface Namespace {
  readonly database: string
  readonly name: string
}

/** An answer with all documents in its first batch. */
export function wholeCursor(ns: string, firstBatch: readonly Doc[]): Doc {
  return { cursor: { id: Long.ZERO, ns, firstBatch }, ok: 1 }
}

/** Databases and collections. */
export const collectionCommands: Record<string, CommandHandler> = {
  listDatabases,
  listCollections,
  create,
  drop,
  dropDatabase,
  renameCollection,
}
