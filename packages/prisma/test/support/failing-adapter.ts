import type { EmptyDatabase } from './empty-database.ts'

type Adapter = ReturnType<EmptyDatabase['adapter']>

/** Has some statements of transactions fail as they do where the connection is lost. */
export function failingAdapter(adapter: Adapter, fails: (statement: string) => boolean): Adapter {
  const connect = adapter.connect.bind(adapter)
  adapter.connect = async () => {
    const connection = await connect()
    const start = connection.startTransaction.bind(connection)
    connection.startTransaction = async (isolationLevel) => {
      const transaction = await start(isolationLevel)
      const execute = transaction.executeRaw.bind(transaction)
      transaction.executeRaw = async (query) => {
        if (fails(query.sql)) throw new Error('Connection terminated unexpectedly')
        return await execute(query)
      }
      return transaction
    }
    return connection
  }
  return adapter
}
