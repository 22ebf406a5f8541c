import {
  type Args,
  type ExtendableClient,
  type LazyPromise,
  type TransactionCallback,
  type TransactionOptions,
  isLazyPromise,
  transactionIdOf,
} from '../../prisma-internals.ts'
import { plansOf, runInOrder, uploadAll } from './run-batch.ts'
import type { WriteParts } from './file-write.ts'
import type { WritePlanner } from '../plan/plan-write.ts'
import type { DataModel } from '../../schema/data-model.ts'
import type { Begin, Transactions } from '../transaction/transactions.ts'
import { WRITES } from '../../schema/write-operations.ts'
import type { ActiveWrites } from './active-writes.ts'

/** What `$transaction` needs to know. */
export interface TransactionMethodParts {
  readonly schema: DataModel
  readonly planner: WritePlanner
  readonly transactions: Transactions
  readonly onTheirWay: ActiveWrites
  readonly write: WriteParts
  /** For transactions that the caller has not opened himself. */
  readonly own: TransactionOptions
}

/** `$transaction` of the extended client: that of the client before it, and files follow how it ends. */
export function transactionMethod(
  { $transaction }: ExtendableClient,
  { schema, planner, transactions, onTheirWay, write, own }: TransactionMethodParts,
): (this: unknown, input: unknown, options?: TransactionOptions) => Promise<unknown> {
  return async function (input, options) {
    // The client on which it was called: within a transaction, that of the transaction.
    const begin: Begin = (callback, given) => $transaction.call(this, callback, given)
    const id = transactionIdOf(this)
    if (typeof input === 'function') {
      onTheirWay.checkTransaction(id)
      return await transactions.run(this, begin, input as TransactionCallback, { ...options })
    }
    // Within a transaction, operations of a batch are like all others.
    const batch = Array.isArray(input) && id === undefined ? (input as unknown[]) : []
    const wrong = batch.filter((one) => !isLazyPromise(one))
    // Prisma would start the others before it refuses these, and their outcome would be lost.
    if (wrong.length > 0) return await $transaction.call(this, wrong, options)
    const plans = plansOf(batch as LazyPromise[], ({ model, action, args }) => {
      const known = model === undefined ? undefined : schema.models.get(model)
      return known && WRITES.includes(action)
        ? planner.plan(known, action, (args ?? {}) as Args, args)
        : undefined
    })
    const isBlind = (batch as LazyPromise[]).some(({ spec }) => !spec)
    onTheirWay.checkTransaction(id, { isBlind, isQueued: plans !== undefined })
    if (!plans) return await $transaction.call(this, input, options)
    return await transactions.run(
      this,
      begin,
      (transaction) => runInOrder(batch, transaction),
      { ...own, ...options },
      (preuploads) => uploadAll(preuploads, write, plans),
    )
  }
}
