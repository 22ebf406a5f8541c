import { depot as defaultDepot, FiledepotError, type DepotManager } from '@filedepot/core'
import type { DataSource } from 'typeorm'
import { beforeDestroyed, whenInitialized } from './hooks/initialization.ts'
import { attachLedger, type DataSourceLedgerOptions } from './ledger/attach-ledger.ts'
import { attachMongodb } from './mongodb/attach-mongodb.ts'
import { attachRows } from './rows/attach-rows.ts'

/** Options of {@link attachDepot}. */
export interface AttachDepotOptions {
  /**
   * True, or options: the database keeps the books of the files by triggers, so that they follow raw SQL, other programs and
   * lost processes, too. It needs tables and triggers in the database. SQLite (better-sqlite3), PostgreSQL, MySQL and MariaDB.
   * The other options have no meaning then. @default false
   */
  ledger?: boolean | DataSourceLedgerOptions
  /**
   * How long a commit or rollback waits for files to be deleted, in milliseconds. Then the caller goes on, and the
   * storage takes the time it needs. @default 5000
   */
  maxWait?: number
  /**
   * How long a write waits for one other to end that holds the one connection of SQLite, or that belongs to the same
   * transaction, in milliseconds. Then it is refused with `TURN_TIMEOUT`. The time in which files are uploaded does not
   * count, and neither does the length of the queue. `Infinity` waits for ever. @default 10000
   */
  turnTimeout?: number
}

const attached = new WeakMap<DataSource, DepotManager>()

/**
 * Lets the files of a data source's entities live and die with their rows. Call it once, before or after
 * `initialize()`; it also holds when the data source is destroyed and initialised again. On MongoDB, if TypeORM has no
 * transactions, files follow each document by itself.
 *
 * ```ts
 * import { depot, LocalBackend } from '@filedepot/core'
 * import { attachDepot } from '@filedepot/typeorm'
 * import { DataSource } from 'typeorm'
 *
 * depot.configure('default', new LocalBackend('./uploads'))
 * const dataSource = attachDepot(new DataSource({ type: 'better-sqlite3', database: 'app.db', entities: [] }))
 * ```
 *
 * @param depot the storages to use. @default the ones of the process
 * @throws FiledepotError `INVALID_ARGUMENT` where another depot is attached already, `NOT_SUPPORTED` if the database has no
 *   ledger, or this version of TypeORM is not known. Of `initialize()`: `NOT_SUPPORTED` where a file column is one that documents of MongoDB cannot have, and with a
 *   ledger `LEDGER_INCOMPLETE` if it is not installed, and what its installation throws
 */
export function attachDepot(
  dataSource: DataSource,
  depot: DepotManager = defaultDepot,
  options: AttachDepotOptions = {},
): DataSource {
  const known = attached.get(dataSource)
  if (known === depot) return dataSource
  if (known)
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      'Cannot attach a second depot to a data source. Use the depot that is attached',
    )
  const { ledger = false, maxWait } = options
  if (ledger !== false) {
    const { initialized, finish } = attachLedger(dataSource, depot, ledger === true ? {} : ledger)
    whenInitialized(dataSource, initialized)
    beforeDestroyed(dataSource, finish)
  } else if (dataSource.options.type === 'mongodb') attachMongodb(dataSource, depot, maxWait)
  // The one line that chooses to look at rows. Without it and the folder rows/, all else compiles and works.
  else attachRows(dataSource, depot, options)
  attached.set(dataSource, depot)
  return dataSource
}
