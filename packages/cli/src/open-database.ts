import { FiledepotError, hasCode, type DepotManager } from '@filedepot/core'
import { fileRows, Ledger, type FileRows } from '@filedepot/ledger'
import type { DatabaseSource, DataSourceLike, PlainDatabase, PrismaClientLike } from './config.ts'
import { UsageError } from './exit-codes.ts'
import type { Project } from './project.ts'

/** A database that is connected. */
export interface OpenDatabase {
  readonly name: string
  readonly depot: DepotManager
  /** `undefined` if the files follow the rows without a ledger. */
  readonly ledger: Ledger | undefined
  /** The values of all file columns. */
  readonly rows: FileRows
  readonly close: () => Promise<void>
}

/** The functions that the packages for TypeORM and Prisma have alike. */
interface Integration {
  readonly ledgerOf: (source: object) => Ledger
  readonly fileRowsOf: (source: object) => FileRows
}

/** How a database is opened. */
export interface OpenOptions {
  readonly name: string
  readonly depot: DepotManager
  readonly project: Project
}

/**
 * Connects a database. Changes nothing in it, whatever its options say.
 *
 * @throws UsageError if it is none of what `DatabaseSource` names; what connecting throws
 */
export async function openDatabase(source: DatabaseSource, options: OpenOptions): Promise<OpenDatabase> {
  if (isDataSource(source)) return await openDataSource(source, options)
  if (isPrismaClient(source)) return await openPrisma(source, options)
  const { name, depot } = options
  const close = async () => {
    if ('close' in source && typeof source.close === 'function') await source.close()
  }
  if (isLedger(source)) return { name, depot, ledger: source, rows: source.rows(), close }
  if (isPlain(source)) {
    const { client, columns, ledger: hasLedger = true, schema, retention } = source
    const ledger = hasLedger ? new Ledger(depot, client, { columns, schema, retention }) : undefined
    return { name, depot, ledger, rows: fileRows(client, { columns }), close }
  }
  if (isFileRows(source)) return { name, depot, ledger: undefined, rows: source, close }
  const known =
    'a DataSource of TypeORM, an extended client of Prisma, a Ledger, { client, columns }, or FileRows'
  throw new UsageError(`The database "${name}" of the configuration is of no known kind. Expected ${known}.`)
}

async function openDataSource(
  dataSource: DataSourceLike,
  { name, depot, project }: OpenOptions,
): Promise<OpenDatabase> {
  const integration = await project.import<Integration>('@filedepot/typeorm', `the database "${name}"`)
  if (!dataSource.isInitialized) {
    // As the command line of TypeORM does: nothing is synchronized, migrated or installed by connecting.
    const quiet = {
      subscribers: [],
      synchronize: false,
      migrationsRun: false,
      dropSchema: false,
      logging: false,
    }
    ;(dataSource as unknown as { setOptions(options: object): void }).setOptions(quiet)
    await dataSource.initialize()
  }
  const close = () => dataSource.destroy()
  return opened(integration, dataSource, { name, depot, close })
}

async function openPrisma(
  client: PrismaClientLike,
  { name, depot, project }: OpenOptions,
): Promise<OpenDatabase> {
  const integration = await project.import<Integration>('@filedepot/prisma', `the database "${name}"`)
  return opened(integration, client, { name, depot, close: () => client.$disconnect() })
}

function opened(
  { ledgerOf, fileRowsOf }: Integration,
  source: object,
  given: Pick<OpenDatabase, 'name' | 'depot' | 'close'>,
): OpenDatabase {
  let ledger: Ledger | undefined
  try {
    ledger = ledgerOf(source)
  } catch (error) {
    if (!hasCode(error, 'INVALID_ARGUMENT')) throw error
  }
  return { ...given, ledger, rows: fileRowsOf(source) }
}

/**
 * The ledger of a database.
 *
 * @throws FiledepotError `NOT_SUPPORTED` if it has none
 */
export function ledgerOf({ name, ledger }: OpenDatabase, command: string): Ledger {
  if (ledger) return ledger
  throw new FiledepotError(
    'NOT_SUPPORTED',
    `"filedepot ${command}" needs a ledger, which the database "${name}" does not have. Switch it on (attachDepot(dataSource, depot, { ledger: true }), filedepot({ models, ledger: true })), or use verify and gc, which need none`,
  )
}

function isDataSource(source: object): source is DataSourceLike {
  return hasFunctions(source, ['initialize', 'destroy', 'setOptions'])
}

function isPrismaClient(source: object): source is PrismaClientLike {
  return hasFunctions(source, ['$disconnect', '$extends'])
}

/** Of any copy of the package. */
function isLedger(source: object): source is Ledger {
  return hasFunctions(source, ['drain', 'sweep', 'check', 'rows'])
}

function isPlain(source: object): source is PlainDatabase {
  return 'client' in source && 'columns' in source
}

function isFileRows(source: object): source is FileRows {
  return hasFunctions(source, ['values'])
}

function hasFunctions(source: object, names: readonly string[]): boolean {
  return names.every((name) => typeof (source as Record<string, unknown>)[name] === 'function')
}
