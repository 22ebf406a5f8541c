import { FiledepotError, type DepotManager } from '@filedepot/core'
import { FileTransaction, type TransactionOutcome } from '@filedepot/core/integration'
import { isAnswer, prismaCodeOf } from '../database-errors.ts'
import { resolveUncertainWrites } from '../reading/held-files.ts'
import { OpenTransaction, tooLate } from './transaction-state.ts'
import {
  openedTransactionId,
  transactionIdOf,
  type PrismaInternals,
  type TransactionCallback,
  type TransactionLink,
  type TransactionOptions,
} from '../../prisma-internals.ts'
import { Preuploads } from './preuploads.ts'
import type { RowReader } from '../reading/row-reader.ts'
import type { SingleConnection } from './connection-turns.ts'

/** How many transactions that have ended are remembered: their ids take some 100 KB. */
const REMEMBERED = 1000

/** Begins a transaction: what `$transaction` of Prisma does with a callback. */
export type Begin = (callback: TransactionCallback, options: TransactionOptions) => Promise<unknown>

/** What transactions need. */
export interface TransactionParts {
  readonly internals: PrismaInternals
  readonly depot: DepotManager
  readonly reader: RowReader
  readonly connection: SingleConnection
  /** How long the end of a transaction waits for files to be deleted. */
  readonly maxWait: number
}

/** The interactive transactions of callers that are open now. */
export class Transactions {
  readonly #parts: TransactionParts
  readonly #open = new Map<string, OpenTransaction>()
  /** The ids of those that have ended, the latest last: a task of theirs may come to its write only now. */
  readonly #ended = new Set<string>()

  constructor(parts: TransactionParts) {
    this.#parts = parts
  }

  /**
   * The transaction of an operation, or `undefined` where it runs in none.
   *
   * @throws FiledepotError `TRANSACTION_SETTLED` for one that has ended, `NOT_SUPPORTED` for one whose end we would not
   *   hear of
   */
  of(link: TransactionLink | undefined): OpenTransaction | undefined {
    if (!link) return undefined
    const open = this.find(link)
    if (open) return open
    this.#refuseEnded(link.id)
    throw new FiledepotError(
      'NOT_SUPPORTED',
      'Cannot write files in a transaction that a client without filedepot opened, because filedepot does not learn its outcome. ' +
        'Open it with the extended client. To set a role or a variable, do so in that transaction, not in an extension',
    )
  }

  /** The files of a transaction that is about to begin. */
  newFiles(): FileTransaction {
    const { depot, maxWait } = this.#parts
    return new FileTransaction(depot, { maxWait })
  }

  find(link: TransactionLink | undefined): OpenTransaction | undefined {
    return link?.kind === 'itx' ? this.#open.get(String(link.id)) : undefined
  }

  /** Runs a statement that does nothing to files. Its transaction hears of it, so that none comes between the last look and the COMMIT. */
  hear<T>(link: TransactionLink | undefined, run: () => Promise<T>): Promise<T> {
    const open = this.find(link)
    return open ? open.runAside(run) : run()
  }

  /**
   * Runs the callback of a caller in a transaction, or in a savepoint where the client is in one already, and lets the
   * files follow how it ends.
   *
   * @param prepare uploads files before the transaction is opened
   * @throws FiledepotError `TRANSACTION_ABORTED`, and what the callback and Prisma throw
   */
  async run(
    client: unknown,
    begin: Begin,
    callback: TransactionCallback,
    options: TransactionOptions,
    prepare?: (preuploads: Preuploads) => Promise<void>,
  ): Promise<unknown> {
    const outerId = transactionIdOf(client)
    const outer = outerId === undefined ? undefined : this.#open.get(outerId)
    if (outer) return await this.#nested(outer, begin, callback, options)
    if (outerId !== undefined) this.#refuseEnded(outerId)
    // One of a client without filedepot: writes of files are refused in it.
    if (outerId !== undefined) return await begin(callback, options)
    return await this.#parts.connection.transaction(() => this.#root(begin, callback, options, prepare))
  }

  async #root(
    begin: Begin,
    callback: TransactionCallback,
    options: TransactionOptions,
    prepare: ((preuploads: Preuploads) => Promise<void>) | undefined,
  ): Promise<unknown> {
    const { internals, reader } = this.#parts
    const files = this.newFiles()
    const preuploads = prepare && new Preuploads(files)
    let open: OpenTransaction | undefined
    let result: unknown
    try {
      if (preuploads) await prepare(preuploads)
      const deadline = performance.now() + (options.timeout ?? internals.timeout)
      result = await begin(async (transaction) => {
        const opened = new OpenTransaction(
          internals,
          files,
          openedTransactionId(transaction),
          preuploads,
          deadline,
        )
        open = opened
        this.#open.set(opened.id, opened)
        try {
          const value = await callback(transaction)
          await opened.prepareCommit(async (uncertainWrites) => {
            opened.files.discard(await resolveUncertainWrites(reader, opened.link, uncertainWrites))
          })
          return value
        } catch (error) {
          await opened.prepareRollback(error)
          throw error
        }
      }, options)
    } catch (error) {
      open?.explain(error)
      const outcome = open?.isCommitting
        ? await this.outcomeOfCommit(error)
        : (open?.outcomeOfFailure ?? 'rolledBack')
      await files.settle(outcome, error)
      throw error
    } finally {
      if (open) {
        this.#end(open.id)
        open.end()
      }
    }
    await files.settle('committed')
    return result
  }

  #end(id: string): void {
    this.#open.delete(id)
    this.#ended.add(id)
    for (const oldest of this.#ended) {
      if (this.#ended.size <= REMEMBERED) return
      this.#ended.delete(oldest)
    }
  }

  #refuseEnded(id: TransactionLink['id']): void {
    if (this.#ended.has(String(id))) throw tooLate()
  }

  async #nested(
    open: OpenTransaction,
    begin: Begin,
    callback: TransactionCallback,
    options: TransactionOptions,
  ): Promise<unknown> {
    open.checkInTime()
    await open.lockOperations()
    const nested = { hasBegun: false }
    try {
      open.checkInTime()
      let result: unknown
      try {
        result = await begin(async (transaction) => {
          open.beginNested()
          nested.hasBegun = true
          let value: unknown
          try {
            value = await callback(transaction)
            open.checkInTime()
          } finally {
            await open.lockOperations()
          }
          await open.prepareKeep()
          return value
        }, options)
      } catch (error) {
        if (nested.hasBegun) await open.undoNested()
        throw error
      }
      await open.keepNested()
      return result
    } finally {
      open.unlockOperations()
    }
  }

  /** What a COMMIT that failed has done. */
  async outcomeOfCommit(error: unknown): Promise<TransactionOutcome> {
    const { provider, original } = this.#parts.internals
    if (!isAnswer(provider, error)) return 'unknown'
    if (provider !== 'sqlite' || prismaCodeOf(error) === 'P2028') return 'rolledBack'
    // SQLite keeps a transaction open whose COMMIT it refuses, and with it the one connection for everybody.
    const rollingBack = original.$executeRawUnsafe('ROLLBACK')
    return await rollingBack.then(
      () => 'rolledBack',
      () => 'unknown',
    )
  }
}
