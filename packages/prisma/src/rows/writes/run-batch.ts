import { openedTransactionId, type LazyPromise } from '../../prisma-internals.ts'
import type { WritePlan } from '../plan/write-plan.ts'

/**
 * The operations of a batch that do something to files, or `undefined` where none does.
 */
export function plansOf(
  batch: readonly LazyPromise[],
  plan: (operation: NonNullable<LazyPromise['spec']>) => WritePlan | undefined,
): WritePlan[] | undefined {
  const plans = batch.flatMap(({ spec }) => (spec && plan(spec)) ?? [])
  return plans.length > 0 ? plans : undefined
}

/**
 * Runs a batch in an interactive transaction, one operation after the other. As a batch, extensions hear of each that it
 * has succeeded, also where all are rolled back.
 */
export async function runInOrder(batch: readonly unknown[], transaction: object): Promise<unknown[]> {
  const link = { kind: 'itx', id: openedTransactionId(transaction) } as const
  const results: unknown[] = []
  for (const operation of batch as readonly LazyPromise[]) {
    results.push(await operation.requestTransaction(link))
  }
  return results
}
