import { changeTransactions, type Adapter } from './change-transactions.ts'

/** Has some statements of transactions fail as they do where the connection is lost. */
export function failingAdapter(adapter: Adapter, fails: (statement: string) => boolean): Adapter {
  return changeTransactions(adapter, (transaction) => {
    const execute = transaction.executeRaw.bind(transaction)
    transaction.executeRaw = async (query) => {
      if (fails(query.sql)) throw new Error('Connection terminated unexpectedly')
      return await execute(query)
    }
  })
}
