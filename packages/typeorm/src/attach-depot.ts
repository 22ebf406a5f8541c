import { depot as defaultDepot, FiledepotError, type DepotManager, type Turns } from '@filedepot/core'
import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm'
import { bindLoadedFiles } from './rows/hooks/driver.ts'
import { DepotSubscriber } from './rows/writes/entity-writes.ts'
import { CriteriaWrites } from './rows/writes/criteria-writes.ts'
import { EntityFiles } from './rows/writes/row-file-changes.ts'
import { ListeningEntities } from './rows/transaction/listening-entities.ts'
import { followQueryRunners } from './rows/hooks/query-runners.ts'
import { hearBroadcasts } from './rows/hooks/broadcaster.ts'
import { LoadedFiles } from './column/loaded-files.ts'
import { attachLedger, type DataSourceLedgerOptions } from './ledger/attach-ledger.ts'
import { attachMongodb } from './mongodb/attach-mongodb.ts'
import { refuseLateStatements } from './rows/hooks/late-statements.ts'
import { followQueryBuilders } from './rows/hooks/query-builders.ts'
import { RunnerEnds } from './rows/transaction/transaction-ends.ts'
import { RunnerTransactions } from './rows/transaction/transactions.ts'
import { refuseUnsavedFiles } from './column/unsaved-file.ts'
import { followEachOther, turnsOf } from './rows/transaction/connection-turns.ts'
import { TransactionWrites } from './rows/hooks/entity-managers.ts'
import { followTableClears } from './rows/writes/table-clears.ts'

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
 * `initialize()`; it also holds when the data source is destroyed and initialised again. On MongoDB, where TypeORM has no
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
 *   ledger. Of `initialize()`: `NOT_SUPPORTED` where a file column is one that documents of MongoDB cannot have, and with a
 *   ledger `LEDGER_INCOMPLETE` if it is not installed, and what its installation throws
 */
export function attachDepot(
  dataSource: DataSource,
  depot: DepotManager = defaultDepot,
  { ledger = false, maxWait = 5000, turnTimeout = 10_000 }: AttachDepotOptions = {},
): DataSource {
  const known = attached.get(dataSource)
  if (known === depot) return dataSource
  if (known)
    throw new FiledepotError('INVALID_ARGUMENT', 'another depot is attached to this data source already')
  if (ledger !== false) {
    whenInitialized(dataSource, attachLedger(dataSource, depot, ledger === true ? {} : ledger))
    attached.set(dataSource, depot)
    return dataSource
  }
  attached.set(dataSource, depot)
  if (dataSource.options.type === 'mongodb') {
    const { subscriber, check } = attachMongodb(dataSource, depot, maxWait)
    keepSubscribed(dataSource, subscriber, check)
    return dataSource
  }

  const isUploading = (queryRunner: QueryRunner): boolean =>
    transactions.get(queryRunner)?.files.isUploading ?? false
  const turns: Turns = turnsOf(dataSource, {
    timeout: turnTimeout,
    isUploading,
    finished: (queryRunner) => transactions.finished(queryRunner),
  })
  const ends = new RunnerEnds(turns)
  const writes: TransactionWrites = new TransactionWrites({
    maxWait,
    turnTimeout,
    ends,
    turns,
    isUploading,
  })
  const transactions: RunnerTransactions = new RunnerTransactions({ depot, maxWait, turns, ends, writes })
  const loaded = new LoadedFiles()
  const files = new EntityFiles(depot, loaded, turns)
  const subscriber = new DepotSubscriber({ dataSource, transactions, loaded, files })
  bindLoadedFiles(dataSource, depot)
  refuseUnsavedFiles(dataSource)
  ends.followTransactions(dataSource)
  const inTurn = followEachOther(dataSource, { turns, writes, listening: new ListeningEntities(dataSource) })
  const parts = { transactions, files, inTurn, writes }
  followQueryBuilders(dataSource, new CriteriaWrites(dataSource, parts))
  writes.follow(dataSource)
  const hear = hearBroadcasts({ subscriber, transactions, writes, ends })
  const followClears = followTableClears(parts)
  const refuseLate = refuseLateStatements({ ends, writes, transactions })
  followQueryRunners(dataSource, (queryRunner) => {
    hear(queryRunner)
    followClears(queryRunner)
    refuseLate(queryRunner)
  })
  return dataSource
}

/** TypeORM has no event for it. It is the one method that is replaced for a ledger, on this data source only. */
function whenInitialized(dataSource: DataSource, action: () => Promise<void>): void {
  const initialize = dataSource.initialize.bind(dataSource)
  const initializeAndAct = async () => {
    await initialize()
    try {
      await action()
    } catch (error) {
      await dataSource.destroy()
      throw error
    }
    return dataSource
  }
  Object.defineProperty(dataSource, 'initialize', { value: initializeAndAct, configurable: true })
}

/**
 * Adds a subscriber that stays. TypeORM makes the list anew in each `initialize()`, from classes only, when it builds the
 * metadata; so ours is added right after that, before migrations run. It comes last, and sees what the subscribers of
 * the application did to an entity. (A setter for the list would do the same, and make every access to the data source
 * slower: V8 gives up the fast form of an object when one of its properties becomes an accessor.)
 */
function keepSubscribed(
  dataSource: DataSource,
  subscriber: EntitySubscriberInterface,
  whenBuilt?: () => void,
): void {
  const internals = dataSource as unknown as { buildMetadatas(): Promise<void> }
  const buildMetadatas = internals.buildMetadatas.bind(dataSource)
  const add = () => {
    if (!dataSource.subscribers.includes(subscriber)) dataSource.subscribers.push(subscriber)
  }
  const buildAndAdd = async () => {
    await buildMetadatas()
    add()
    whenBuilt?.()
  }
  Object.defineProperty(dataSource, 'buildMetadatas', { value: buildAndAdd, configurable: true })
  add()
}
