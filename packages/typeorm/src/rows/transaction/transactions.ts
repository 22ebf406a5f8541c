import { hasCode, type DepotManager } from '@filedepot/core'
import type { Turns } from '@filedepot/core/integration'
import type { EntityMetadata, QueryRunner } from 'typeorm'
import { dataSourceOf, depthOf, familyOf, isOverOnSqlite, savepointsOf } from '../../typeorm-internals.ts'
import { tooLate, type RunnerEnds } from './transaction-ends.ts'
import { aborted, RunnerTransaction, type RanStatement } from './transaction-state.ts'
import type { TransactionWrites } from './transaction-writes.ts'
import { isTransactionOpen } from './transaction-probe.ts'
import type { HookedKind } from './statement-claims.ts'

/** Kept in the query runner: with each statement it is asked for several times, which a `WeakMap` answers more slowly. */
const TRANSACTION = Symbol('filedepot.transaction')

type FollowedRunner = QueryRunner & { [TRANSACTION]?: RunnerTransaction | undefined }

/** What {@link RunnerTransactions} is made of. */
export interface RunnerTransactionsParts {
  readonly depot: DepotManager
  /** How long the end of a transaction waits for files to be deleted, in milliseconds. */
  readonly maxWait: number
  readonly turns: Turns
  readonly ends: RunnerEnds
  readonly writes: TransactionWrites
  /** Has `release()` of a query runner run by an action, which is given what TypeORM does. */
  readonly watchRelease: (
    queryRunner: QueryRunner,
    action: (release: () => Promise<void>) => Promise<void>,
  ) => void
}

/** The transactions of a data source that touch files, by the query runner that they run on. */
export class RunnerTransactions {
  readonly #depot: DepotManager
  readonly #maxWait: number
  readonly #turns: Turns
  readonly #followed = new WeakSet<QueryRunner>()
  readonly #watched = new WeakSet<QueryRunner>()

  readonly #ends: RunnerEnds
  readonly #writes: TransactionWrites
  readonly #watchRelease: RunnerTransactionsParts['watchRelease']

  constructor({ depot, maxWait, turns, ends, writes, watchRelease }: RunnerTransactionsParts) {
    this.#depot = depot
    this.#maxWait = maxWait
    this.#turns = turns
    this.#ends = ends
    this.#writes = writes
    this.#watchRelease = watchRelease
  }

  /**
   * The transaction in which the query runner is now; begun when the first file asks for it. A promise only if the
   * database has to be asked whether it still goes on.
   *
   * @throws FiledepotError `TRANSACTION_ABORTED`, `TRANSACTION_SETTLED`, and what else forbids to go on
   */
  enter(queryRunner: QueryRunner): RunnerTransaction | Promise<RunnerTransaction> {
    if (this.#writes.isLate(queryRunner)) throw tooLate()
    // A write for which the end waits goes on.
    if (this.#ends.isEnding(queryRunner) && !this.#writes.isInside(queryRunner))
      return this.#ends.admitted(queryRunner).then(() => this.#enter(queryRunner))
    return this.#enter(queryRunner)
  }

  #enter(queryRunner: QueryRunner): RunnerTransaction | Promise<RunnerTransaction> {
    const transaction = this.#of(queryRunner)
    // Outside a transaction, a statement that failed has ended nothing.
    if (transaction.suspect && queryRunner.isTransactionActive)
      return this.#enterSuspect(queryRunner, transaction)
    transaction.check()
    return transaction
  }

  async #enterSuspect(queryRunner: QueryRunner, transaction: RunnerTransaction): Promise<RunnerTransaction> {
    await this.#look(queryRunner, transaction)
    transaction.check()
    return transaction
  }

  /** The transaction, if it touches files already. */
  get(queryRunner: FollowedRunner): RunnerTransaction | undefined {
    return queryRunner[TRANSACTION]
  }

  /** True if a hook has prepared the rows of this entity, and such a statement is to come. */
  expects(queryRunner: QueryRunner, metadata: EntityMetadata, kind: HookedKind): boolean {
    return this.get(queryRunner)?.claims.expects(metadata, kind) ?? false
  }

  /** True while a query builder runs whose files {@link RunnerTransactions.follow | somebody follows}. */
  isFollowed(queryRunner: QueryRunner): boolean {
    return this.#followed.has(queryRunner)
  }

  /** Runs a query builder whose rows, and their files, are known; its events, which know neither, say nothing new. */
  async follow<T>(queryRunner: QueryRunner, execute: () => Promise<T>): Promise<T> {
    this.#followed.add(queryRunner)
    try {
      return await execute()
    } finally {
      this.#followed.delete(queryRunner)
    }
  }

  /** A transaction or a savepoint has begun. */
  started(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    if (!transaction) return undefined
    if (savepointsOf(queryRunner) === 0 && familyOf(dataSourceOf(queryRunner)) !== 'sqlite') {
      if (transaction.autocommit) return this.#settleStatements(queryRunner, transaction)
      // One that never ended, on a connection that has begun another.
      return this.#settle(queryRunner, transaction, 'released')
    }
    openSavepoints(transaction, queryRunner)
    return undefined
  }

  /** A statement has run on the connection, or failed. */
  queried(queryRunner: QueryRunner, statement: RanStatement): void {
    const transaction = this.get(queryRunner)
    if (!transaction) return
    transaction.ran(statement)
    // The statement may have told SQLite to roll back where it fails.
    if (!statement.success && depthOf(queryRunner) > 0 && isOverOnSqlite(queryRunner))
      transaction.lose(statement.error)
  }

  /** The statement has run that this entity, or this id, was written or removed by. */
  ran(queryRunner: QueryRunner, subject: unknown): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    if (!transaction) return undefined
    const looking = transaction.claims.heard(subject, queryRunner)
    if (!looking && queryRunner.isTransactionActive && depthOf(queryRunner) > 0) return undefined
    return this.#ran(queryRunner, transaction, looking)
  }

  async #ran(
    queryRunner: QueryRunner,
    transaction: RunnerTransaction,
    looking: Promise<unknown> | undefined,
  ): Promise<void> {
    try {
      await looking
    } catch (error) {
      // The statement has run, so whoever catches this must not commit.
      if (hasCode(error, 'CONCURRENT_CHANGE')) transaction.refuse(error)
      throw error
    }
    if (!queryRunner.isTransactionActive) await this.#settleStatements(queryRunner, transaction)
    else if (depthOf(queryRunner) === 0) {
      // On SQLite's one connection, a statement can slip in between the wish to begin a transaction and its beginning.
      transaction.markUncertain(new Error('A statement ran at the same time as the begin of the transaction'))
    }
  }

  /** Nothing more comes of a statement outside a transaction: what it wrote is committed. */
  finished(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    if (!transaction || queryRunner.isTransactionActive) return undefined
    return this.#settleStatements(queryRunner, transaction)
  }

  /**
   * COMMIT is about to be sent, or the release of a savepoint, for which TypeORM sends the same event.
   *
   * @throws FiledepotError where it must not be; TypeORM then rolls back
   */
  committing(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    return transaction && this.#committing(queryRunner, transaction)
  }

  async #committing(queryRunner: QueryRunner, transaction: RunnerTransaction): Promise<void> {
    if (savepointsOf(queryRunner) > 0) {
      transaction.end('commit')
      return
    }
    if (transaction.suspect || familyOf(dataSourceOf(queryRunner)) === 'sqlite')
      await this.#look(queryRunner, transaction)
    transaction.check()
    transaction.end('commit')
  }

  /**
   * Nothing more begins before the COMMIT: looks what has become of the statements of which nothing was heard. A write that
   * has begun since TypeORM's event is over now, too.
   *
   * @throws FiledepotError as {@link RunnerTransactions.committing}
   */
  async verify(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.get(queryRunner)
    if (!transaction) return
    if (transaction.suspect) await this.#look(queryRunner, transaction)
    transaction.check()
    await transaction.claims.verifyAll(queryRunner)
  }

  /** COMMIT is sent now, or the driver refuses to send it as the connection is gone. */
  sending(queryRunner: QueryRunner, { isLost }: { isLost: boolean }): void {
    const transaction = this.get(queryRunner)
    if (!transaction) return
    if (isLost) transaction.dead = true
    else transaction.sendCommit()
  }

  /** COMMIT, or the release of a savepoint. */
  committed(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    if (!transaction) return undefined
    // A hook of a save that nobody waits for may have claimed something while the COMMIT was on its way.
    if (!queryRunner.isTransactionActive) return this.#settleStatements(queryRunner, transaction)
    while (transaction.files.savepoints > savepointsOf(queryRunner)) transaction.files.release()
    transaction.endedSavepoint('commit')
    return undefined
  }

  /** ROLLBACK is about to be sent, or the return to a savepoint. Never rejects: TypeORM would not send it then. */
  rollingBack(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    return transaction && this.#rollingBack(queryRunner, transaction)
  }

  async #rollingBack(queryRunner: QueryRunner, transaction: RunnerTransaction): Promise<void> {
    const savepoint = savepointsOf(queryRunner) > 0
    if (!savepoint) {
      const family = familyOf(dataSourceOf(queryRunner))
      const open =
        family === 'postgres' ? undefined : await isTransactionOpen(queryRunner).catch(() => undefined)
      if (open === false && !transaction.lost) {
        if (family === 'mysql') transaction.commitImplicitly()
        else transaction.markUncertain(new Error('The transaction ended before its rollback'))
      }
      // SQLite refuses the ROLLBACK of what is over, and so TypeORM says nothing afterwards.
      if (open === false && family === 'sqlite') await this.#settle(queryRunner, transaction, 'released')
    }
    transaction.end('rollback')
  }

  /** ROLLBACK, or the return to a savepoint. */
  rolledBack(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.get(queryRunner)
    if (!transaction) return undefined
    if (!queryRunner.isTransactionActive) return this.#settle(queryRunner, transaction, 'rolledBack')
    const undone: Promise<void>[] = []
    while (transaction.files.savepoints > savepointsOf(queryRunner))
      undone.push(transaction.files.rollbackTo())
    transaction.endedSavepoint('rollback')
    return this.#turns.afterwards(Promise.all(undone).then(() => undefined))
  }

  #of(queryRunner: FollowedRunner): RunnerTransaction {
    let transaction = this.get(queryRunner)
    if (!transaction) {
      const family = familyOf(dataSourceOf(queryRunner))
      transaction = new RunnerTransaction(this.#depot, {
        family,
        autocommit: !queryRunner.isTransactionActive,
        maxWait: this.#maxWait,
      })
      queryRunner[TRANSACTION] = transaction
      // On SQLite's one connection everybody releases the same query runner, also in the middle of a transaction.
      if (family !== 'sqlite') this.#followRelease(queryRunner)
    }
    openSavepoints(transaction, queryRunner)
    return transaction
  }

  /** The last moment at which a transaction is heard of whose connection was lost, or given back while it was open. */
  #followRelease(queryRunner: QueryRunner): void {
    if (this.#watched.has(queryRunner)) return
    this.#watched.add(queryRunner)
    this.#watchRelease(queryRunner, async (release) => {
      const transaction = this.get(queryRunner)
      if (transaction && !queryRunner.isTransactionActive)
        await this.#settleStatements(queryRunner, transaction)
      const lost = queryRunner.isReleased
      try {
        await release()
      } finally {
        if (transaction) {
          // TypeORM has released it before where the driver told it that the connection is gone.
          if (lost) transaction.dead = true
          await this.#settle(queryRunner, transaction, 'released')
        }
      }
    })
  }

  /** Has the database ended the transaction by itself? */
  async #look(queryRunner: QueryRunner, transaction: RunnerTransaction): Promise<void> {
    let open: boolean | undefined
    try {
      open = await isTransactionOpen(queryRunner)
    } catch (error) {
      // PostgreSQL refuses everything now but a rollback, also one to a savepoint.
      throw aborted(error)
    }
    transaction.suspect = false
    if (open !== false) return
    if (familyOf(dataSourceOf(queryRunner)) === 'sqlite') transaction.lose(undefined)
    else transaction.markUncertain(new Error('The database has ended the transaction by itself'))
    throw aborted(undefined)
  }

  /** Whatever the statements have written is committed. */
  async #settleStatements(queryRunner: QueryRunner, transaction: RunnerTransaction): Promise<void> {
    try {
      await transaction.claims.verifyAll(queryRunner)
    } catch (error) {
      transaction.markUncertain(error)
    }
    await this.#settle(queryRunner, transaction, 'committed')
  }

  async #settle(
    queryRunner: FollowedRunner,
    transaction: RunnerTransaction,
    said: 'committed' | 'rolledBack' | 'released',
  ): Promise<void> {
    if (this.get(queryRunner) !== transaction) return
    queryRunner[TRANSACTION] = undefined
    const { outcome, reason } = transaction.outcome(said)
    // On one connection others have their turn meanwhile, so that a storage that hangs stops no other save.
    await this.#turns.afterwards(transaction.files.settle(outcome, reason))
  }
}

function openSavepoints({ files }: RunnerTransaction, queryRunner: QueryRunner): void {
  while (files.savepoints < savepointsOf(queryRunner)) files.savepoint()
}
