import { FiledepotError, hasCode, type DepotManager } from '@filedepot/core'
import { Ledger, ledgerIncomplete, Upkeep, type LedgerCheck } from '@filedepot/ledger'
import { setTimeout } from 'node:timers/promises'
import type { DataSource } from 'typeorm'
import { ledgerColumnsOf } from './ledger-columns.ts'
import { LedgerSubscriber } from './ledger-subscriber.ts'
import { RunnerUploads } from './runner-uploads.ts'
import { isSubscribed, subscribe } from './subscribe.ts'
import { typeormClient } from './typeorm-client.ts'

/** Options of the ledger of a data source. */
export interface DataSourceLedgerOptions {
  /** For how long a file that no row refers to any more is kept, in milliseconds: the time to undo. @default 0 */
  readonly retention?: number
  /** The schema of the ledger's tables, on PostgreSQL. @default the schema of the data source, or `public` */
  readonly schema?: string
  /**
   * `'auto'`: files are deleted shortly after the commit or rollback that makes them superfluous. False: nothing happens by
   * itself, and you call `drain()` and `sweep()` of the ledger, for example on a schedule. @default 'auto'
   */
  readonly drain?: 'auto' | false
  /**
   * True: `initialize()` installs the ledger, which needs the right to create tables and triggers; it fails with `LEDGER_NOT_OWNER` if
   * another database deletes in a storage of the depot. False: it only checks the ledger, and fails with `LEDGER_INCOMPLETE` if
   * something is missing. @default as `synchronize` of the data source, if the event `ledgerFailed` tells of another database
   */
  readonly install?: boolean
}

/** How long an installation waits for that of another process, and between two looks, in milliseconds. */
const [INSTALL_TIMEOUT, INSTALL_PAUSE] = [60_000, 200]

interface Attached {
  readonly ledger: () => Ledger | undefined
}
const attached = new WeakMap<DataSource, Attached>()

/**
 * The ledger of a data source that was attached with `{ ledger: true }`: to drain, sweep and check it.
 *
 * ```ts
 * import { ledgerOf } from '@filedepot/typeorm'
 * import type { DataSource } from 'typeorm'
 *
 * async function everyHour(dataSource: DataSource): Promise<void> {
 *   const { deleted, failed } = await ledgerOf(dataSource).drain()
 *   console.log(`${deleted} files deleted, ${failed} to be tried again`)
 * }
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` if The data source has no ledger, is not initialized, or has no file columns
 */
export function ledgerOf(dataSource: DataSource): Ledger {
  const known = attached.get(dataSource)
  const ledger = known?.ledger()
  if (ledger) return ledger
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    known
      ? 'The data source has no ledger yet. Initialize it first, with entities that have file columns'
      : 'The data source has no ledger. Attach the depot with attachDepot(dataSource, depot, { ledger: true })',
  )
}

/**
 * Lets the files of a data source follow the ledger of its database.
 *
 * @returns what has to run when the data source is initialized, and before it is destroyed
 */
export function attachLedger(
  dataSource: DataSource,
  depot: DepotManager,
  { retention = 0, schema, drain = 'auto', install }: DataSourceLedgerOptions,
): { readonly initialized: () => Promise<void>; readonly finish: () => Promise<void> } {
  const client = typeormClient(dataSource)
  let last: { readonly metadata: unknown; readonly ledger: Ledger | undefined } | undefined
  const ledger = () => {
    const { entityMetadatas: metadata, isInitialized } = dataSource
    if (!isInitialized) return undefined
    if (last?.metadata !== metadata) {
      const columns = ledgerColumnsOf(dataSource)
      const options = { columns, retention, schema: schema ?? schemaOf(dataSource) }
      last = { metadata, ledger: columns.length > 0 ? new Ledger(depot, client, options) : undefined }
    }
    return last.ledger
  }
  attached.set(dataSource, { ledger })
  const upkeep = drain === 'auto' ? new Upkeep({ depot, ledger, retention }) : undefined
  const home = { depot, books: dataSource }
  const uploads = new RunnerUploads({ home, upkeep, isShared: client.database === 'sqlite' })
  const subscriber = new LedgerSubscriber(home, uploads, client.database === 'postgres')
  subscribe(dataSource, subscriber)
  const initialized = async () => {
    const found = ledger()
    // The command line of TypeORM takes the subscribers away, to run the migrations that may install the ledger.
    if (!found || !isSubscribed(dataSource, subscriber)) return
    if (install ?? dataSource.options.synchronize ?? false) {
      await installWithRetries(found).catch((error: unknown) => {
        // A database for a test or for a developer is new each time, and the folder of its files is not. They just stay.
        if (install !== undefined || !hasCode(error, 'LEDGER_NOT_OWNER')) throw error
        depot.report('ledgerFailed', { error })
      })
    } else await requireLedger(found)
  }
  return { initialized, finish: async () => upkeep?.finish() }
}

function schemaOf({ options }: DataSource): string | undefined {
  return options.type === 'postgres' ? options.schema : undefined
}

/** Several processes of an application may start at the same time. */
async function installWithRetries(ledger: Ledger): Promise<void> {
  const deadline = Date.now() + INSTALL_TIMEOUT
  for (;;) {
    try {
      await ledger.install()
      return
    } catch (error) {
      if (!hasCode(error, 'LEDGER_BUSY') || Date.now() > deadline) throw error
    }
    await setTimeout(INSTALL_PAUSE)
  }
}

/** @throws FiledepotError `LEDGER_INCOMPLETE` */
async function requireLedger(ledger: Ledger): Promise<void> {
  let check: LedgerCheck
  try {
    check = await ledger.check()
  } catch (error) {
    // The tables are not there yet, as before the migration that makes them is generated. Nothing is deleted meanwhile.
    if (hasCode(error, 'INVALID_ARGUMENT')) return
    throw error
  }
  if (check.isReady) return
  throw ledgerIncomplete(
    check,
    'The ledger of this database is not installed completely',
    'Start once with attachDepot(dataSource, depot, { ledger: { install: true } }), or run ledgerOf(dataSource).install() in a migration without a transaction',
  )
}
