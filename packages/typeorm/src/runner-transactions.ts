import { FileTransaction, type DepotManager } from '@filedepot/core'
import { setTimeout } from 'node:timers/promises'
import type { QueryRunner } from 'typeorm'

/** The file transactions of a data source, one for each database transaction that touches files. */
export class RunnerTransactions {
  readonly #depot: DepotManager
  readonly #maxWait: number
  readonly #open = new WeakMap<QueryRunner, FileTransaction>()

  constructor(depot: DepotManager, maxWait: number) {
    this.#depot = depot
    this.#maxWait = maxWait
  }

  /** The file transaction of what the query runner does now; begun when the first file asks for it. */
  of(queryRunner: QueryRunner): FileTransaction {
    let transaction = this.#open.get(queryRunner)
    if (!transaction) {
      transaction = new FileTransaction(this.#depot)
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

  /** COMMIT, or the release of a savepoint, for which TypeORM sends the same event. */
  async committed(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (!transaction) return
    if (!queryRunner.isTransactionActive) {
      await this.#settle(queryRunner, transaction, 'committed')
      return
    }
    while (transaction.savepoints > savepointsOf(queryRunner)) transaction.release()
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
    while (transaction.savepoints > savepointsOf(queryRunner)) undone.push(transaction.rollbackTo())
    await this.#patiently(Promise.all(undone))
  }

  /** A statement ran without a transaction: it is committed with itself. */
  async autocommitted(queryRunner: QueryRunner, outcome: 'committed' | 'rolledBack'): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (transaction && !queryRunner.isTransactionActive) await this.#settle(queryRunner, transaction, outcome)
  }

  async #settle(
    queryRunner: QueryRunner,
    transaction: FileTransaction,
    outcome: 'committed' | 'rolledBack',
  ): Promise<void> {
    this.#open.delete(queryRunner)
    await this.#patiently(transaction.settle(outcome))
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

function openSavepoints(transaction: FileTransaction, queryRunner: QueryRunner): void {
  while (transaction.savepoints < savepointsOf(queryRunner)) transaction.savepoint()
}

/** The query runner counts transaction and savepoints together, in a field that its types keep to themselves. */
function savepointsOf(queryRunner: QueryRunner): number {
  const { transactionDepth } = queryRunner as unknown as { transactionDepth: number }
  return Math.max(transactionDepth - 1, 0)
}
