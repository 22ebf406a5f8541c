import { UploadedFile } from '@filedepot/core'
import { openedTransactionId, type LazyPromise } from '../../prisma-internals.ts'
import type { WritePlan } from '../plan/write-plan.ts'
import type { Preuploads } from '../transaction/preuploads.ts'
import { FileWrite, type WriteParts } from './file-write.ts'

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
 * has succeeded, also if all are rolled back.
 */
export async function runInOrder(batch: readonly unknown[], transaction: object): Promise<unknown[]> {
  const link = { kind: 'itx', id: openedTransactionId(transaction) } as const
  const results: unknown[] = []
  for (const operation of batch as readonly LazyPromise[]) {
    results.push(await operation.requestTransaction(link))
  }
  return results
}

/** Uploads what is pending in the operations of a batch, before its transaction is opened. */
export async function uploadAll(
  preuploads: Preuploads,
  parts: WriteParts,
  plans: readonly WritePlan[],
): Promise<void> {
  await Promise.all(
    plans.map(async (plan) => {
      const write = new FileWrite(parts, plan, preuploads.files, undefined)
      await write.upload()
      for (const { slot, index, stored } of write.stored()) {
        const pending = slot.files[index]
        if (pending instanceof UploadedFile) preuploads.add({ pending, field: slot.field, stored })
      }
    }),
  )
}
