import {
  type Operation,
  type PrismaInternals,
  type TransactionLink,
  type TransactionOptions,
  openedTransactionId,
} from '../../prisma-internals.ts'
import { FiledepotError, hasCode } from '@filedepot/core'
import type { FileTransaction, TransactionOutcome } from '@filedepot/core/integration'

import { isAnswer, isConflict, isConnectionTrouble, prismaCodeOf } from '../database-errors.ts'
import { FileWrite, type WriteParts } from './file-write.ts'
import type { OpenTransaction } from '../transaction/transaction-state.ts'
import type { WritePlanner } from '../plan/plan-write.ts'
import type { WritePlan } from '../plan/write-plan.ts'
import type { Model } from '../../schema/data-model.ts'
import { isNoJson } from '../reading/read-around.ts'
import { SentWrite } from './sent-write.ts'
import type { SingleConnection } from '../transaction/connection-turns.ts'
import type { Transactions } from '../transaction/transactions.ts'
import type { ActiveWrite, ActiveWrites } from './active-writes.ts'

/** How often a write is tried that others get in the way of. */
const TRIES = 5

/** Runs the writes of callers, and lets their files follow. */
export class WriteHook {
  readonly #internals: PrismaInternals
  readonly #planner: WritePlanner
  readonly #transactions: Transactions
  readonly #connection: SingleConnection
  readonly #onTheirWay: ActiveWrites
  readonly #parts: WriteParts
  readonly #options: TransactionOptions

  constructor(parts: {
    internals: PrismaInternals
    planner: WritePlanner
    transactions: Transactions
    connection: SingleConnection
    onTheirWay: ActiveWrites
    write: WriteParts
    options: TransactionOptions
  }) {
    this.#internals = parts.internals
    this.#planner = parts.planner
    this.#transactions = parts.transactions
    this.#connection = parts.connection
    this.#onTheirWay = parts.onTheirWay
    this.#parts = parts.write
    // MySQL reads what was there when a transaction began, unless it is told to read what is there.
    const isolationLevel = parts.internals.provider === 'mysql' ? { isolationLevel: 'ReadCommitted' } : {}
    this.#options = { ...isolationLevel, ...parts.options }
  }

  /** @throws FiledepotError what an upload throws, and what the plan refuses */
  run(model: Model, operation: Operation): Promise<unknown> {
    if (this.#planner.reachesFiles(model) || this.#onTheirWay.isWithinOne) return this.#run(model, operation)
    const { args, query, __internalParams: internal } = operation
    return this.#transactions.hear(internal.transaction, () => query(args))
  }

  async #run(
    model: Model,
    { operation, args, query, __internalParams: internal }: Operation,
  ): Promise<unknown> {
    if (this.#onTheirWay.isWithinOne) {
      const written = { operation, args, original: internal.args }
      await this.#onTheirWay.checkOperation(model, written, internal.transaction)
    }
    const plan = this.#planner.plan(model, operation, args, internal.args)
    if (!plan) return await this.#transactions.hear(internal.transaction, () => query(args))
    const write = new SentWrite(this.#internals, model, { operation, args, query }, plan)
    const open = this.#transactions.of(internal.transaction)
    if (open) return await open.run(() => this.#within(open, plan, write))

    this.#onTheirWay.checkTransaction(undefined, { isQueued: !plan.onlyCreates })
    const files = this.#transactions.newFiles()
    const fileWrite = new FileWrite(this.#parts, plan, files)
    try {
      await fileWrite.upload()
      if (plan.onlyCreates) await fileWrite.place()
    } catch (error) {
      await files.settle('rolledBack')
      throw error
    }
    return plan.onlyCreates
      ? await this.#alone(write, fileWrite, files)
      : await this.#own(write, fileWrite, files)
  }

  /** Within a transaction of the caller. */
  async #within(open: OpenTransaction, plan: WritePlan, write: SentWrite): Promise<unknown> {
    const fileWrite = new FileWrite(this.#parts, plan, open.files, open.preuploads)
    try {
      await open.timed(() => fileWrite.upload())
    } catch (error) {
      // Nothing was written, so no row holds its uploads.
      const paths = await fileWrite.abandon()
      if (!open.files.settled) open.files.discard(paths)
      throw error
    }
    return await open.send(plan.targets.length > 0, async (overlap) => {
      let result: unknown
      try {
        await open.timed(() => fileWrite.prepare(open.link))
        open.checkOpen()
        result = await this.#hand(write, fileWrite, open.link)
      } catch (error) {
        open.addUncertain(fileWrite.asUncertain())
        // For the next try, which may come before the end of the transaction.
        if (fileWrite.hasGiven) await fileWrite.unheldUploads(open.link).catch(() => undefined)
        throw error
      }
      if (result === undefined) {
        // Prisma sends what is asked for in one go as one, and resolves what comes after one that fails without running it.
        open.addUncertain(fileWrite.asUncertain())
        return result
      }
      if (overlap.isThere) {
        open.addUncertain(fileWrite.asUncertain())
        open.files.discard(await fileWrite.givenUp(open.link, result, write.pathsHeld(result)))
      } else {
        open.files.discard(await fileWrite.unheld(open.link, result, write.pathsHeld(result)))
      }
      return write.result(result)
    })
  }

  /** Hands a write on to the extensions after ours, in a transaction. */
  async #hand(write: SentWrite, fileWrite: FileWrite, link: TransactionLink): Promise<unknown> {
    try {
      const result = await this.#onTheirWay.run(onItsWay(write, fileWrite, link), () =>
        write.within(link, fileWrite.sentParts),
      )
      fileWrite.checkCount(result)
      return result
    } catch (error) {
      throw isNoJson(error) ? noJson(write, error) : error
    }
  }

  /** One statement, or what Prisma makes a transaction of by itself. */
  async #alone(write: SentWrite, fileWrite: FileWrite, files: FileTransaction): Promise<unknown> {
    let result: unknown
    try {
      result = await this.#onTheirWay.run(onItsWay(write, fileWrite), () =>
        this.#connection.statement(() => write.send()),
      )
    } catch (error) {
      await files.settle(await this.#outcomeOfFailure(error, fileWrite, files), error)
      throw error
    }
    try {
      const left = await fileWrite.left(undefined, result)
      files.discard(left)
      // If there is nothing to delete, there is nothing to wait for.
      if (left.length > 0) await files.settle('committed')
      else void files.settle('committed')
    } catch (error) {
      // The rows are written: only what became of the originals is unknown.
      await files.settle('unknown', error)
    }
    return write.result(result)
  }

  /**
   * What a write has done that failed. Extensions that were added after ours have their say as well: what one of them
   * throws says nothing of the rows, which may have been written before.
   */
  async #outcomeOfFailure(
    error: unknown,
    fileWrite: FileWrite,
    files: FileTransaction,
  ): Promise<TransactionOutcome> {
    const { provider } = this.#internals
    if (!this.#parts.later.seeWrites && isAnswer(provider, error)) return 'rolledBack'
    if (isConnectionTrouble(provider, error)) return 'unknown'
    try {
      files.discard(await fileWrite.unheldUploads())
      return 'committed'
    } catch {
      return 'unknown'
    }
  }

  async #outcomeOfOwn(
    error: unknown,
    { isSent, isCommitting }: { isSent: boolean; isCommitting: boolean },
  ): Promise<TransactionOutcome> {
    // When the time is over, Prisma rolls back in the middle of a write, and the rest of it commits itself.
    if (isSent && prismaCodeOf(error) === 'P2028') return 'unknown'
    return isCommitting ? await this.#transactions.outcomeOfCommit(error) : 'rolledBack'
  }

  /** In a transaction of our own, as rows have to be looked at before they are changed. */
  async #own(write: SentWrite, fileWrite: FileWrite, files: FileTransaction): Promise<unknown> {
    const { original } = this.#internals
    let absent: number | undefined
    for (let tries = 1; ; tries++) {
      const progress = { isSent: false, isCommitting: false }
      try {
        const { result, unheld } = (await this.#connection.transaction(() =>
          original.$transaction(async (transaction) => {
            const link: TransactionLink = { kind: 'itx', id: openedTransactionId(transaction) }
            await fileWrite.prepare(link)
            progress.isSent = true
            const result = await this.#hand(write, fileWrite, link)
            const unheld = await fileWrite.unheld(link, result, write.pathsHeld(result))
            progress.isCommitting = true
            return { result, unheld }
          }, this.#options),
        )) as { result: unknown; unheld: string[] }
        files.discard(unheld)
        await files.settle('committed')
        return write.result(result)
      } catch (error) {
        if (files.settled) throw error
        const outcome = await this.#outcomeOfOwn(error, progress)
        // A row that was to be created is there already: it may have come after the look.
        const mayHaveCome =
          (fileWrite.absent > 0 && fileWrite.absent !== absent) || (fileWrite.connects && tries === 1)
        const hasCome = prismaCodeOf(error) === 'P2002' && mayHaveCome
        absent = fileWrite.absent
        const isOvertaken = isConflict(error) || hasCode(error, 'CONCURRENT_CHANGE') || hasCome
        if (outcome === 'rolledBack' && isOvertaken && tries < TRIES) continue
        await files.settle(outcome, error)
        throw error
      }
    }
  }
}

function onItsWay({ name }: SentWrite, fileWrite: FileWrite, link?: TransactionLink): () => ActiveWrite {
  return () => ({ name, link, rows: fileWrite.lockedRows, uploads: fileWrite.uploads })
}

/** For a write that returns a row in which a field of type `Json` holds other text: Prisma cannot read its own result. */
function noJson({ name }: SentWrite, cause: unknown): FiledepotError {
  return new FiledepotError(
    'INVALID_VALUE',
    `Cannot return the row of ${name}: a field of type Json holds text that is no JSON. Leave it out of the result, for ` +
      'example with select: { id: true }, or use deleteMany or updateMany',
    { cause },
  )
}
