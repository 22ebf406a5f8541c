import { FiledepotError } from '@filedepot/core'
import type { CollectionFiles } from '../files/collection-files.ts'
import { deleteDocuments } from '../statements/delete-documents.ts'
import type { UnitParts } from '../files/file-unit.ts'
import type { FileUnits } from '../files/file-units.ts'
import { findAndDelete, findAndReplace, findAndUpdate } from '../statements/find-and-change.ts'
import { insertDocuments } from '../statements/insert-documents.ts'
import type { Doc, MongoRunner } from '../../typeorm-internals.ts'
import { replaceMethod } from './replace-method.ts'
import { isObject } from '../files/paths.ts'
import { cannotFollow } from '../files/refusals.ts'
import { refuseMaps } from '../files/refuse-maps.ts'
import { replaceDocument } from '../statements/replace-documents.ts'
import { Statement } from '../statements/statement.ts'
import { updateDocuments } from '../statements/update-documents.ts'

/** A call of one of the query runner's methods, on a collection with files. */
interface Call {
  /** The arguments after the name of the collection. */
  readonly args: readonly unknown[]
  /** What TypeORM itself does. */
  readonly execute: () => Promise<unknown>
  /** With the options that the caller gave. */
  readonly statement: (options: unknown) => Statement
}

/** The writes that are followed, by the names that they have on the query runner. */
const WRITES: Record<string, (call: Call) => Promise<unknown>> = {
  insertOne: ({ args: [doc, options], statement, execute }) =>
    insertDocuments(statement(options), [docOf(doc)], execute),
  insertMany: ({ args: [docs, options], statement, execute }) =>
    insertDocuments(statement(options), [docs].flat().map(docOf), execute),

  updateOne: ({ args: [filter, update, options], statement, execute }) =>
    updateDocuments(statement(options), docOf(filter), update, { many: false, execute }),
  updateMany: ({ args: [filter, update, options], statement, execute }) =>
    updateDocuments(statement(options), docOf(filter), update, { many: true, execute }),
  replaceOne: ({ args: [filter, doc, options], statement }) =>
    replaceDocument(statement(options), docOf(filter), docOf(doc)),

  deleteOne: ({ args: [filter, options], statement }) =>
    deleteDocuments(statement(options), docOf(filter), { many: false }),
  deleteMany: ({ args: [filter, options], statement }) =>
    deleteDocuments(statement(options), docOf(filter ?? {}), { many: true }),

  findOneAndDelete: ({ args: [filter, options], statement }) =>
    findAndDelete(statement(options), docOf(filter)),
  findOneAndReplace: ({ args: [filter, doc, options], statement }) =>
    findAndReplace(statement(options), docOf(filter), docOf(doc)),
  findOneAndUpdate: ({ args: [filter, update, options], statement, execute }) =>
    findAndUpdate(statement(options), docOf(filter), update, execute),

  // `clear()`, which drops the collection.
  clearTable: async ({ statement, execute }) => {
    await deleteDocuments(statement({}), {}, { many: true })
    return await execute()
  },
}

/** The parts that follow one data source. */
export interface WritesParts extends UnitParts {
  readonly units: FileUnits
  /** The collections with files, by name. */
  readonly collections: () => ReadonlyMap<string, CollectionFiles>
}

/** Lets files follow all that the query runner of a data source does to documents that have some. */
export function followWrites(shared: MongoRunner, parts: WritesParts): void {
  for (const [name, write] of Object.entries(WRITES)) {
    replaceMethod(
      shared,
      name,
      (original) =>
        async function (...args) {
          const execute = () => original.apply(this, args) as Promise<unknown>
          const files = parts.collections().get(String(args[0]))
          if (!files) return await execute()
          for (const arg of args.slice(1)) refuseMaps(arg, files.depth)
          const statement = (options: unknown) => statementOf(files, this, options, parts)
          return await write({ args: args.slice(1), execute, statement })
        },
    )
  }
}

function statementOf(
  files: CollectionFiles,
  runner: MongoRunner,
  given: unknown,
  parts: WritesParts,
): Statement {
  const options = isObject(given) ? given : {}
  const { session } = options as { session?: { inTransaction?(): boolean } }
  if (session?.inTransaction?.()) throw cannotFollow(files, 'a transaction of a session')
  const unit = parts.units.get(runner)
  return new Statement({ files, collection: runner.getCollection(files.name), unit, options }, parts)
}

function docOf(value: unknown): Doc {
  if (isObject(value)) return value
  throw new FiledepotError('INVALID_ARGUMENT', 'Expected a document or a filter, got a value that is neither')
}
