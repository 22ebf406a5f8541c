import { expect } from '@jest/globals'
import type { TestClient, TestTransaction } from './test-database.ts'

/** What callers of transactions throw, so that they are rolled back. */
export const failure = new Error('rolled back on purpose')

/** Runs in a transaction that is rolled back at its end. */
export function rolledBack(
  client: Pick<TestClient, '$transaction'>,
  action: (transaction: TestTransaction) => Promise<unknown>,
): Promise<void> {
  const running = client.$transaction(async (transaction) => {
    await action(transaction)
    throw failure
  })
  return expect(running).rejects.toBe(failure)
}
