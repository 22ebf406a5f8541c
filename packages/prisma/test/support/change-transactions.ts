import type { EmptyDatabase } from './empty-database.ts'

export type Adapter = ReturnType<EmptyDatabase['adapter']>
type Connection = Awaited<ReturnType<Adapter['connect']>>
/** A transaction, as an adapter gives it to Prisma. */
type AdapterTransaction = Awaited<ReturnType<Connection['startTransaction']>>

/** Lets a test change the methods of each transaction that the adapter begins. */
export function changeTransactions(
  adapter: Adapter,
  change: (transaction: AdapterTransaction) => void,
): Adapter {
  const connect = adapter.connect.bind(adapter)
  adapter.connect = async () => {
    const connection = await connect()
    const start = connection.startTransaction.bind(connection)
    connection.startTransaction = async (isolationLevel) => {
      const transaction = await start(isolationLevel)
      change(transaction)
      return transaction
    }
    return connection
  }
  return adapter
}
