import type { Catalog } from './catalog.ts'
import type { Cursors } from './cursors.ts'
import type { Doc } from './documents.ts'
import type { FailPoints } from './fail-points.ts'
import type { Transaction } from './transaction.ts'
import type { View } from './view.ts'

/** What the server tells of itself. */
interface ServerFacts {
  /** `host:port`. */
  readonly address: string
  /** `undefined` for a server that stands alone. */
  readonly replicaSet: string | undefined
}

/** What a command works with. */
export interface CommandContext {
  readonly database: string
  readonly catalog: Catalog
  readonly cursors: Cursors
  readonly failPoints: FailPoints
  readonly facts: ServerFacts
  /** The transaction that the command belongs to. */
  readonly transaction: Transaction | undefined
}

/** Runs a command and returns its answer, or throws a `CommandError`. */
export type CommandHandler = (command: Doc, context: CommandContext) => Doc | Promise<Doc>

/** The largest document, in bytes. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

/** A collection as the command sees it, or `undefined` where there is none. */
export function viewOf(name: unknown, { database, catalog, transaction }: CommandContext): View | undefined {
  const collection = catalog.get(database, String(name))
  return collection && (transaction ? transaction.view(collection) : collection)
}

/** The collection that a write goes to, which is made where it is missing. */
export function viewForWrite(name: unknown, { database, catalog, transaction }: CommandContext): View {
  const collection = catalog.getOrCreate(database, String(name))
  return transaction ? transaction.view(collection) : collection
}
