import type { FilesHome } from '../fields/field-values.ts'
import type { FileFields } from '../fields/file-fields.ts'
import type { FiledepotOptions } from '../fields/filedepot-options.ts'
import type { ExtendableClient, Operation, PrismaInternals, TransactionLink } from '../prisma-internals.ts'
import type { DataModel, Model } from '../schema/data-model.ts'
import { WRITES } from '../schema/write-operations.ts'
import { WritePlanner } from './plan/plan-write.ts'
import { Cascades } from './reading/cascades.ts'
import { RowReader } from './reading/row-reader.ts'
import { SingleConnection } from './transaction/connection-turns.ts'
import { endsTransaction } from './database-errors.ts'
import { Transactions } from './transaction/transactions.ts'
import { LaterExtensions } from './writes/later-extensions.ts'
import { WriteHook } from './writes/run-write.ts'
import { sentOnce } from './writes/sent-once.ts'
import { transactionMethod } from './writes/transaction-method.ts'
import { ActiveWrites } from './writes/active-writes.ts'

interface RawOperation {
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
  readonly __internalParams: { readonly transaction?: TransactionLink }
}

const READS = [
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
]
const RAW = ['$executeRaw', '$executeRawUnsafe', '$queryRaw', '$queryRawUnsafe']

interface Parts {
  readonly client: ExtendableClient
  readonly internals: PrismaInternals
  readonly home: FilesHome
  readonly schema: DataModel
  readonly fields: FileFields
}

/** What an extension does that looks at rows before it changes them. */
export function rowsComponents(
  { client, internals, home, schema, fields }: Parts,
  { maxWait = 5000, cascades: followed, transactions: given }: FiledepotOptions,
): { readonly query: object; readonly client: object } {
  const { depot } = home
  const own = { maxWait: 10_000, timeout: 30_000, ...given }
  const cascades = new Cascades(schema, fields, followed)
  warnOf(cascades)

  const reader = new RowReader(internals, fields)
  const connection = new SingleConnection(internals)
  const transactions = new Transactions({ internals, depot, reader, connection, maxWait })
  const planner = new WritePlanner(schema, fields, (model) => cascades.losesFiles(model))
  const later = new LaterExtensions()
  const write = { depot, reader, cascades, later }
  const onTheirWay = new ActiveWrites({ internals, planner, reader, later })
  const hook = new WriteHook({
    internals,
    planner,
    transactions,
    connection,
    onTheirWay,
    write,
    options: own,
  })
  return {
    query: {
      ...Object.fromEntries(
        // Of all models, as a failed operation of any of them has PostgreSQL answer a COMMIT with ROLLBACK.
        [...schema.models.values()].map((model) => [
          model.property,
          { ...(model.isView ? {} : writesOf(model, hook)), ...readsOf(internals, transactions) },
        ]),
      ),
      ...rawOf(internals, transactions),
    },
    client: {
      $transaction: transactionMethod(client, { schema, planner, transactions, onTheirWay, write, own }),
      $extends: later.extendsMethod(client, home, fields, () => sentOnce(schema, fields, onTheirWay)),
    },
  }
}

function writesOf(model: Model, hook: WriteHook): object {
  return Object.fromEntries(
    WRITES.map((name) => [name, (operation: Operation) => hook.run(model, operation)]),
  )
}

/** A read that fails ends the transaction in which it runs on PostgreSQL only. */
function readsOf({ provider }: PrismaInternals, transactions: Transactions): object {
  if (provider === 'sqlite' || provider === 'mysql') return {}
  const run = ({ args, query, __internalParams: { transaction } }: RawOperation) => {
    const open = transactions.find(transaction)
    return open ? open.runRead(() => query(args)) : query(args)
  }
  return Object.fromEntries(READS.map((name) => [name, run]))
}

/** Raw SQL may end the transaction in which it runs. */
function rawOf({ provider }: PrismaInternals, transactions: Transactions): object {
  const run = async ({ args, query, __internalParams: { transaction } }: RawOperation) => {
    const open = transactions.find(transaction)
    if (open && endsTransaction(provider, statementOf(args))) open.noteTampering()
    return await transactions.hear(transaction, () => query(args))
  }
  return Object.fromEntries(RAW.map((name) => [name, run]))
}

function statementOf(args: unknown): string {
  const [first] = [args].flat() as [unknown]
  const { strings } = (first ?? {}) as { strings?: readonly string[] }
  return strings?.join('?') ?? String(first)
}

function warnOf({ notFollowed }: Cascades): void {
  if (notFollowed.length === 0) return
  process.emitWarning(
    `the database deletes rows with files by ${notFollowed.join(', ')}, which \`cascades\` does not name: their files stay`,
    'FiledepotWarning',
  )
}
