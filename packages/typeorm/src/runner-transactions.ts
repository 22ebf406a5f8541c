import { FileTransaction, type DepotManager } from '@filedepot/core'
import { setTimeout } from 'node:timers/promises'
import type { QueryRunner } from 'typeorm'
import { StatementClaims } from './statement-claims.ts'

/** The files of one database transaction, and the statements that are about to change them. */
export class RunnerTransaction {
  readonly files: FileTransaction
  readonly claims: StatementClaims

  constructor(depot: DepotManager) {
    this.files = new FileTransaction(depot)
    this.claims = new StatementClaims(this.files)
  }
}

/** The transactions of a data source that touch files, by the query runner that they run on. */
export class RunnerTransactions {
  readonly #depot: DepotManager
  readonly #maxWait: number
  readonly #open = new WeakMap<QueryRunner, RunnerTransaction>()

  constructor(depot: DepotManager, maxWait: number) {
    this.#depot = depot
    this.#maxWait = maxWait
  }

  /** The transaction in which the query runner is now; begun when the first file asks for it. */
  of(queryRunner: QueryRunner): RunnerTransaction {
    let transaction = this.#open.get(queryRunner)
    if (!transaction) {
      transaction = new RunnerTransaction(this.#depot)
      this.#open.set(queryRunner, transaction)
    }
    openSavepoints(transaction, queryRunner)
    return transaction
  }

  /** A transaction or a savepoint has begun. */
  started(queryRunner: QueryRunner): void {
    const transaction = this.#open.get(queryRunner)
    if (transaction) openSavepoints(transaction, queryRunner)
  }

  /** The statement has run that this entity, or this id, was written or removed by. */
  async ran(queryRunner: QueryRunner, subject: unknown): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    transaction?.claims.confirm(subject)
    // Without a transaction, a statement is committed with itself.
    if (transaction && !queryRunner.isTransactionActive)
      await this.#settle(queryRunner, transaction, 'committed')
  }

  /** What was to come before a statement failed, so that it does not run. */
  async failed(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (transaction && !queryRunner.isTransactionActive)
      await this.#settle(queryRunner, transaction, 'rolledBack')
  }

  /** COMMIT is about to be sent, or the release of a savepoint, for which TypeORM sends the same event. */
  async committing(queryRunner: QueryRunner): Promise<void> {
    if (savepointsOf(queryRunner) === 0) await this.#open.get(queryRunner)?.claims.verifyAll(queryRunner)
  }

  /** COMMIT, or the release of a savepoint. */
  async committed(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (!transaction) return
    if (!queryRunner.isTransactionActive) {
      await this.#settle(queryRunner, transaction, 'committed')
      return
    }
    while (transaction.files.savepoints > savepointsOf(queryRunner)) transaction.files.release()
    transaction.claims.released()
  }

  /** ROLLBACK, or the return to a savepoint. */
  async rolledBack(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (!transaction) return
    if (!queryRunner.isTransactionActive) {
      await this.#settle(queryRunner, transaction, 'rolledBack')
      return
    }
    const undone: Promise<void>[] = []
    while (transaction.files.savepoints > savepointsOf(queryRunner))
      undone.push(transaction.files.rollbackTo())
    transaction.claims.rolledBack()
    await this.#patiently(Promise.all(undone))
  }

  async #settle(
    queryRunner: QueryRunner,
    { files }: RunnerTransaction,
    outcome: 'committed' | 'rolledBack',
  ): Promise<void> {
    this.#open.delete(queryRunner)
    await this.#patiently(files.settle(outcome))
  }

  /** Waits for files to be deleted, but not for a storage that does not answer: it goes on without anybody waiting. */
  async #patiently(settling: Promise<unknown>): Promise<void> {
    const stop = new AbortController()
    const tired = setTimeout(this.#maxWait, undefined, { ref: false, signal: stop.signal }).catch(
      () => undefined,
    )
    await Promise.race([settling, tired])
    stop.abort()
  }
}

function openSavepoints({ files }: RunnerTransaction, queryRunner: QueryRunner): void {
  while (files.savepoints < savepointsOf(queryRunner)) files.savepoint()
}

/** The query runner counts transaction and savepoints together, in a field that its types keep to themselves. */
function savepointsOf(queryRunner: QueryRunner): number {
  const { transactionDepth } = queryRunner as unknown as { transactionDepth: number }
  return Math.max(transactionDepth - 1, 0)
}
