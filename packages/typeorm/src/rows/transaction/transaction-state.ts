import { FiledepotError, type DepotManager } from '@filedepot/core'
import {
  FileTransaction,
  transactionControlOf,
  type SqlFamily,
  type TransactionOutcome,
} from '@filedepot/core/integration'
import { isAnswer, isConnectionLost, isDeadlock } from './database-errors.ts'
import { JobBatch } from './job-batch.ts'
import { StatementClaims } from './statement-claims.ts'

/** A statement that has run on the transaction's connection. */
export interface RanStatement {
  readonly query: string
  readonly success: boolean
  readonly rawResults?: unknown
  readonly error?: unknown
}

/** What a {@link RunnerTransaction} is made of. */
export interface RunnerTransactionOptions {
  readonly family: SqlFamily
  /** It begins with a statement outside a transaction of the database. */
  readonly autocommit: boolean
  /** How long its end waits for files to be deleted, in milliseconds. */
  readonly maxWait: number
}

/**
 * The files of one database transaction, the statements that are about to change them, and all that is known of how
 * the transaction is going to end.
 */
export class RunnerTransaction {
  readonly files: FileTransaction
  readonly claims: StatementClaims
  /** What its hooks have to do before their statements. */
  readonly jobs = new JobBatch()
  /** It began with a statement outside a transaction of the database. */
  readonly autocommit: boolean
  readonly #family: SqlFamily
  /** What TypeORM is doing to end the transaction or a savepoint; then such a statement is its own. */
  #ending: 'commit' | 'rollback' | undefined
  #commitSent = false
  #committedImplicitly = false
  #lost = false
  #uncertainty: unknown
  #refusal: { readonly error: FiledepotError; readonly scope: object | undefined } | undefined
  /** A statement has failed, so the database may have ended the transaction by itself. */
  suspect = false
  /** The connection is gone. */
  dead = false

  constructor(depot: DepotManager, { family, autocommit, maxWait }: RunnerTransactionOptions) {
    this.#family = family
    this.autocommit = autocommit
    this.files = new FileTransaction(depot, { maxWait })
    this.claims = new StatementClaims(this.files)
  }

  /** True if the database has surely rolled everything back. */
  get lost(): boolean {
    return this.#lost
  }

  /** Marks the outcome as unknown. */
  markUncertain(reason: unknown): void {
    this.#uncertainty ??= reason
  }

  /** The database has rolled the transaction back by itself. */
  lose(cause: unknown): void {
    this.#lost = true
    this.#refusal ??= { error: aborted(cause), scope: undefined }
  }

  /** What was there before was committed by a statement that does so on the side. */
  commitImplicitly(): void {
    this.#committedImplicitly = true
  }

  /** The transaction must not be committed: a statement went wrong in a way that only a rollback undoes. */
  refuse(error: FiledepotError): void {
    this.#refusal ??= { error, scope: this.files.scope }
  }

  /** @throws FiledepotError where the transaction must not go on */
  check(): void {
    if (this.#refusal) throw this.#refusal.error
  }

  /** TypeORM begins to commit or to roll back, the transaction or a savepoint. */
  end(how: 'commit' | 'rollback'): void {
    this.#ending = how
  }

  /** COMMIT is sent. What becomes of it, only its answer says. */
  sendCommit(): void {
    this.#commitSent = true
  }

  /** A savepoint was released, or rolled back. */
  endedSavepoint(how: 'commit' | 'rollback'): void {
    this.#ending = undefined
    if (how === 'commit') return
    this.claims.rolledBack()
    const { scope } = this.#refusal ?? {}
    if (scope && !this.files.isOpen(scope)) this.#refusal = undefined
  }

  /** Hears of every statement on the connection. */
  ran({ query, success, rawResults, error }: RanStatement): void {
    const control = transactionControlOf(this.#family, query)
    const ending = control === 'rollbackToSavepoint' ? 'rollback' : control
    if (control === 'implicitCommit') this.commitImplicitly()
    else if (control !== undefined && control !== 'begin' && ending !== this.#ending) {
      if (success)
        this.markUncertain(new Error(`A statement of the application changed the transaction: ${query}`))
    } else if (control === 'commit') {
      if (!success && this.#commitSent && !isAnswer(this.#family, error)) this.markUncertain(error)
      // PostgreSQL answers the COMMIT of a transaction in which a statement has failed with ROLLBACK.
      if ((rawResults as { command?: unknown } | undefined)?.command === 'ROLLBACK') this.#lost = true
    }
    if (success) return
    if (this.#family === 'mysql' && isDeadlock(this.#family, error)) this.lose(error)
    else if (isConnectionLost(this.#family, error)) this.dead = true
    else this.suspect = true
  }

  /** How it ended, if TypeORM says this. */
  outcome(said: 'committed' | 'rolledBack' | 'released'): { outcome: TransactionOutcome; reason?: unknown } {
    if (this.#uncertainty !== undefined) return { outcome: 'unknown', reason: this.#uncertainty }
    if (said === 'committed') return { outcome: this.#lost ? 'rolledBack' : 'committed' }
    if (this.#committedImplicitly) {
      const reason = 'a statement had committed the transaction on the side before it was rolled back'
      return { outcome: 'unknown', reason: new Error(reason) }
    }
    // Without a COMMIT, what was written on a connection that is gone is gone, too.
    const surelyRolledBack = said === 'rolledBack' || this.#lost || (this.dead && !this.#commitSent)
    if (surelyRolledBack) return { outcome: 'rolledBack' }
    return { outcome: 'unknown', reason: new Error('The connection was released with an open transaction') }
  }
}

/** The error for a write in a transaction that the database has aborted. */
export function aborted(cause: unknown): FiledepotError {
  return new FiledepotError(
    'TRANSACTION_ABORTED',
    'The database has rolled back this transaction. Begin it again',
    { cause },
  )
}
