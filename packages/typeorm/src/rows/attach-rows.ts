import type { DepotManager } from '@filedepot/core'
import type { Turns } from '@filedepot/core/integration'
import type { DataSource, QueryRunner } from 'typeorm'
import { LoadedFiles } from '../column/loaded-files.ts'
import { checkDataSource } from '../typeorm-internals.ts'
import { hearBroadcasts } from './hooks/broadcaster.ts'
import { bindLoadedFiles, refuseUnsavedFiles } from './hooks/driver.ts'
import { followManager, followManagersOfRunners, markTransactions } from './hooks/entity-managers.ts'
import { refuseLateStatements } from './hooks/late-statements.ts'
import { addToReturning, followQueryBuilders } from './hooks/query-builders.ts'
import { followQueryRunners, watchRelease } from './hooks/query-runners.ts'
import { followTableClears } from './hooks/table-clears.ts'
import { ConnectionTurns, turnsOf } from './transaction/connection-turns.ts'
import { ListeningEntities } from './transaction/listening-entities.ts'
import { RunnerEnds } from './transaction/transaction-ends.ts'
import { TransactionWrites } from './transaction/transaction-writes.ts'
import { RunnerTransactions } from './transaction/transactions.ts'
import { CriteriaWrites } from './writes/criteria-writes.ts'
import { DepotSubscriber } from './writes/entity-writes.ts'
import { EntityFiles } from './writes/row-file-changes.ts'
import { TableClears } from './writes/table-clears.ts'

/** How long is waited, in milliseconds. */
export interface RowsOptions {
  /** For files to be deleted, by a commit or rollback. @default 5000 */
  readonly maxWait?: number
  /** For a turn, by a write. @default 10000 */
  readonly turnTimeout?: number
}

/**
 * Lets the files of a data source follow its rows, by looking at the rows before and after each write. It needs no ledger, and
 * sees what goes through TypeORM only.
 *
 * @throws FiledepotError `NOT_SUPPORTED` if this version of TypeORM is not known
 */
export function attachRows(
  dataSource: DataSource,
  depot: DepotManager,
  { maxWait = 5000, turnTimeout = 10_000 }: RowsOptions,
): void {
  checkDataSource(dataSource)
  const isUploading = (queryRunner: QueryRunner): boolean =>
    transactions.get(queryRunner)?.files.isUploading ?? false
  const turns: Turns = turnsOf(dataSource, {
    timeout: turnTimeout,
    isUploading,
    finished: (queryRunner) => transactions.finished(queryRunner),
  })
  const ends = new RunnerEnds(turns)
  const writes = new TransactionWrites({ maxWait, turnTimeout, ends, turns, isUploading })
  const transactions: RunnerTransactions = new RunnerTransactions({
    depot,
    maxWait,
    turns,
    ends,
    writes,
    watchRelease,
  })
  const loaded = new LoadedFiles()
  const files = new EntityFiles(depot, loaded, turns)
  const subscriber = new DepotSubscriber({ dataSource, transactions, loaded, files })
  const listening = new ListeningEntities(dataSource)
  const connection = new ConnectionTurns(dataSource, { turns, writes, listening })
  const parts = { transactions, files, inTurn: connection.inTurn, writes, addToReturning }

  bindLoadedFiles(dataSource, depot)
  refuseUnsavedFiles(dataSource)
  markTransactions(dataSource, ends)
  followManager(dataSource, connection)
  followQueryBuilders(dataSource, new CriteriaWrites(dataSource, parts))
  followManagersOfRunners(dataSource, writes)
  const hear = hearBroadcasts({ subscriber, transactions, writes, ends })
  const followClears = followTableClears(new TableClears(parts))
  const refuseLate = refuseLateStatements({ ends, writes, transactions })
  followQueryRunners(dataSource, (queryRunner) => {
    hear(queryRunner)
    followClears(queryRunner)
    refuseLate(queryRunner)
  })
}
