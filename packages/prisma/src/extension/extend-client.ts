import { depot as defaultDepot, FiledepotError } from '@filedepot/core'
import { fileRows, type Ledger } from '@filedepot/ledger'
import { Cascades } from '../rows/reading/cascades.ts'
import { extendsWithFiles } from '../fields/computed-fields.ts'
import { endsTransaction } from '../rows/transaction/database-errors.ts'
import { KEPT, type KeptOnClient } from './extended-client.ts'
import { checkNames, columnsOf, noteFields, readFileFields, type FileFields } from '../fields/file-fields.ts'
import type { FiledepotOptions } from '../fields/filedepot-options.ts'
import { WritePlanner } from '../rows/plan/plan-write.ts'
import type { Args } from '../rows/plan/write-plan.ts'
import {
  PrismaInternals,
  withParents,
  type TransactionLink,
  type TransactionOptions,
} from '../prisma-internals.ts'
import { ledgerComponents } from '../ledger/ledger-components.ts'
import { checkProvider, statementsClient, type RawClient } from '../raw-sql/prisma-client.ts'
import { LaterExtensions } from '../rows/writes/later-extensions.ts'
import { RowReader } from '../rows/reading/row-reader.ts'
import { DataModel, type Model } from '../schema/data-model.ts'
import { sentOnce } from '../rows/writes/sent-once.ts'
import { SingleConnection } from '../rows/transaction/connection-turns.ts'
import { hydrate, type FilesHome } from '../fields/field-values.ts'
import { transactionMethod } from '../rows/writes/transaction-method.ts'
import { Transactions } from '../rows/transaction/transactions.ts'
import { WriteHook, type Operation } from '../rows/writes/run-write.ts'
import { WRITES } from './write-operations.ts'
import { WritesOnTheirWay } from '../rows/writes/writes-on-their-way.ts'

/** A client of Prisma, or one that was extended. */
export interface ExtendableClient {
  readonly $extends: (this: unknown, extension: object) => object
  readonly $transaction: (this: unknown, input: unknown, options?: TransactionOptions) => Promise<unknown>
}

interface RawOperation {
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
  readonly __internalParams: { readonly transaction?: TransactionLink }
}

const OPTIONS = [
  'depot',
  'models',
  'ledger',
  'cascades',
  'maxWait',
  'transactions',
] satisfies readonly (keyof FiledepotOptions)[]
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

/** The clients that were extended here. */
const extended = new WeakSet()

/** @throws FiledepotError what {@link filedepot} says of extending */
export function extendClient(client: ExtendableClient, options: FiledepotOptions): unknown {
  const { depot = defaultDepot, models } = options
  checkNames('filedepot()', options, OPTIONS)
  checkNames('transactions', options.transactions ?? {}, ['maxWait', 'timeout'])
  const internals = new PrismaInternals(client)
  for (const one of withParents(client)) {
    if (extended.has(one)) {
      throw new FiledepotError(
        'INVALID_ARGUMENT',
        'the client is extended with filedepot() already: name all models there',
      )
    }
  }
  const schema = new DataModel(internals)
  const fields = readFileFields(models, schema)
  noteFields(internals.original, fields)
  const { ledger } = options
  const home = { depot, books: ledger ? internals.original : undefined }
  const parts = { client, internals, home, schema, fields }
  const raw = client as unknown as RawClient
  // The one place that chooses how it is known which files rows have.
  const { query, ...own }: Components = ledger
    ? ledgerComponents(
        { ...parts, client: raw, provider: checkProvider(internals.provider) },
        ledger === true ? {} : ledger,
      )
    : rowsComponents(parts, options)
  const kept: KeptOnClient = {
    ledger: own.ledger,
    rows: () =>
      fileRows(statementsClient(raw, checkProvider(internals.provider)), { columns: columnsOf(fields) }),
  }
  const result = client.$extends({
    name: 'filedepot',
    result: resultsOf(home, fields),
    query,
    client: {
      $extends: extendsWithFiles(client, home, fields),
      ...own.client,
      [KEPT]: kept,
    },
  })
  extended.add(result)
  return result
}

interface Parts {
  readonly client: ExtendableClient
  readonly internals: PrismaInternals
  readonly home: FilesHome
  readonly schema: DataModel
  readonly fields: FileFields
}

/** What the two ways of knowing the files of rows have an extension do. */
interface Components {
  readonly query: object
  readonly client?: object
  readonly ledger?: Ledger
}

/** The components of an extension that looks at rows before it changes them. */
function rowsComponents(
  { client, internals, home, schema, fields }: Parts,
  { maxWait = 5000, cascades: followed, transactions: given }: FiledepotOptions,
): Components {
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
  const onTheirWay = new WritesOnTheirWay({ internals, planner, reader, later })
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

/** The fields of results: values in the place of their JSON, made when they are looked at. */
function resultsOf(home: FilesHome, fields: FileFields): object {
  return Object.fromEntries(
    [...fields.values()].flatMap((ofModel) =>
      [...ofModel.values()].slice(0, 1).map(({ model }) => [
        model.property,
        Object.fromEntries(
          [...ofModel.values()].map((field) => [
            field.name,
            {
              needs: { [field.name]: true },
              compute: (row: Args) => hydrate(home, field, row),
            },
          ]),
        ) as object,
      ]),
    ),
  )
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
