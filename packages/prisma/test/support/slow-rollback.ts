import { setTimeout } from 'node:timers/promises'
import { changeTransactions, type Adapter } from './change-transactions.ts'

/** What happens around the ROLLBACK of a transaction. */
export interface RollbackHooks {
  /** Called when it is sent. */
  onRollback?: () => void
  /** Milliseconds that it is on its way. */
  delay: number
}

/** Has each ROLLBACK take some time on its way to the database. */
export function slowRollback(adapter: Adapter, hooks: RollbackHooks): Adapter {
  const rollingBack = async () => {
    hooks.onRollback?.()
    await setTimeout(hooks.delay)
  }
  return changeTransactions(adapter, (transaction) => {
    const execute = transaction.executeRaw.bind(transaction)
    transaction.executeRaw = async (query) => {
      if (query.sql === 'ROLLBACK') await rollingBack()
      return await execute(query)
    }
    // The adapter of MariaDB sends its ROLLBACK here, the others have sent it before.
    const rollback = transaction.rollback.bind(transaction)
    transaction.rollback = async () => {
      if (!transaction.options.usePhantomQuery) {
        await rollback()
        return
      }
      await rollingBack()
      await rollback()
    }
  })
}
