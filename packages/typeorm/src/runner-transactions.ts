import { FileTransaction, type DepotManager } from '@filedepot/core'
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
  readonly #followed = new WeakSet<QueryRunner>()
  #count = 0

  constructor(depot: DepotManager, maxWait: number) {
    this.#depot = depot
    this.#maxWait = maxWait
  }

  /** True while a transaction that touches files has not ended. */
  get anyOpen(): boolean {
    return this.#count > 0
  }

  /** The transaction in which the query runner is now; begun when the first file asks for it. */
  of(queryRunner: QueryRunner): RunnerTransaction {
    let transaction = this.#open.get(queryRunner)
    if (!transaction) {
      transaction = new RunnerTransaction(this.#depot)
      this.#open.set(queryRunner, transaction)
      this.#count++
    }
    openSavepoints(transaction, queryRunner)
    return transaction
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
  started(queryRunner: QueryRunner): void {
    const transaction = this.#open.get(queryRunner)
    if (transaction) openSavepoints(transaction, queryRunner)
  }

  /** The statement has run that this entity, or this id, was written or removed by. */
  async ran(queryRunner: QueryRunner, subject: unknown): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    await transaction?.claims.heard(subject, queryRunner)
    if (!transaction || queryRunner.isTransactionActive) return
    // Without a transaction, a statement is committed with itself.
    await transaction.claims.verifyAll(queryRunner)
    await this.#settle(queryRunner, transaction, 'committed')
  }

  /** What was to come before a statement failed, so that it does not run. */
  async failed(queryRunner: QueryRunner): Promise<void> {
    const transaction = this.#open.get(queryRunner)
    if (transaction && !queryRunner.isTransactionActive)
      await this.#settle(queryRunner, transaction, 'rolledBack')
  }

  /** COMMIT is about to be sent, or the release of a savepoint, for which TypeORM sends the same event. */
  committing(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.#open.get(queryRunner)
    if (!transaction || savepointsOf(queryRunner) > 0) return undefined
    return transaction.claims.verifyAll(queryRunner)
  }

  /** COMMIT, or the release of a savepoint. */
  committed(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.#open.get(queryRunner)
    if (!transaction) return undefined
    if (!queryRunner.isTransactionActive) return this.#settle(queryRunner, transaction, 'committed')
    while (transaction.files.savepoints > savepointsOf(queryRunner)) transaction.files.release()
    transaction.claims.released()
    return undefined
  }

  /** ROLLBACK, or the return to a savepoint. */
  rolledBack(queryRunner: QueryRunner): Promise<void> | undefined {
    const transaction = this.#open.get(queryRunner)
    if (!transaction) return undefined
    if (!queryRunner.isTransactionActive) return this.#settle(queryRunner, transaction, 'rolledBack')
    const undone: Promise<void>[] = []
    while (transaction.files.savepoints > savepointsOf(queryRunner))
      undone.push(transaction.files.rollbackTo())
    transaction.claims.rolledBack()
    return this.#patiently(Promise.all(undone))
  }

  async #settle(
    queryRunner: QueryRunner,
    { files }: RunnerTransaction,
    outcome: 'committed' | 'rolledBack',
  ): Promise<void> {
    if (this.#open.delete(queryRunner)) this.#count--
    await this.#patiently(files.settle(outcome))
  }

  /** Waits for files to be deleted, but not for a storage that does not answer: it goes on without anybody waiting. */
  async #patiently(settling: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const tired = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#maxWait).unref()
    })
    await Promise.race([settling, tired])
    clearTimeout(timer)
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
