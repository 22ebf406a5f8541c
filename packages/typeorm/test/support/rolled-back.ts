import { expect } from '@jest/globals'
import type { DataSource, EntityManager } from 'typeorm'

const failure = new Error('rolled back on purpose')

/** Runs in a transaction that is rolled back at its end. */
export function rolledBack(
  dataSource: DataSource,
  action: (manager: EntityManager) => Promise<unknown>,
): Promise<void> {
  const running = dataSource.transaction(async (manager) => {
    await action(manager)
    throw failure
  })
  return expect(running).rejects.toBe(failure)
}
