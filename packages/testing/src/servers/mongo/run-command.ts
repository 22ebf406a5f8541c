import { CommandError } from './command-error.ts'
import type { CommandContext, CommandHandler } from './command-context.ts'
import { collectionCommands } from './commands/collections.ts'
import { findAndModify } from './commands/find-and-modify.ts'
import { handshakeCommands } from './commands/handshake.ts'
import { indexCommands } from './commands/indexes.ts'
import { readingCommands } from './commands/reading.ts'
import { transactionCommands } from './commands/transactions.ts'
import { writingCommands } from './commands/writing.ts'
import type { Doc } from './documents.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Transaction } from './transaction.ts'

const HANDLERS = new Map<string, CommandHandler>(
  Object.entries({
    ...handshakeCommands,
    ...readingCommands,
    ...writingCommands,
    ...collectionCommands,
    ...indexCommands,
    ...transactionCommands,
    findAndModify,
  }),
)

/** All of a {@link CommandContext} that is the same for every command. */
export type ServerContext = Omit<CommandContext, 'database' | 'transaction'>

/** Runs a command, in the transaction or as the retryable write that its session says. */
export async function runCommand(
  name: string,
  command: Doc,
  server: ServerContext,
  sessions: Sessions,
): Promise<Doc> {
  const handler = HANDLERS.get(name)
  if (!handler) throw new CommandError(59, 'CommandNotFound', `no such command: '${name}'`)
  const run = async (transaction?: Transaction): Promise<Doc> =>
    await handler(command, { ...server, database: String(command.$db), transaction })

  const session = sessions.of(command)
  if (!session) return await run()
  if (server.facts.replicaSet === undefined) {
    const text = 'Transaction numbers are only allowed on a replica set member or mongos'
    throw new CommandError(20, 'IllegalOperation', text)
  }
  return await session.inTurn(() =>
    command.autocommit === false
      ? inTransaction(session.transactionOf(command, name, server.catalog), run)
      : once(session, command, run),
  )
}

/** Whatever fails in a transaction ends it. */
async function inTransaction(
  transaction: Transaction,
  run: (transaction: Transaction) => Promise<Doc>,
): Promise<Doc> {
  try {
    return await run(transaction)
  } catch (error) {
    transaction.abort()
    throw error
  }
}

/** A write that the driver sends again, as it got no answer, is answered as before and not run again. */
async function once(session: Session, command: Doc, run: () => Promise<Doc>): Promise<Doc> {
  const number = BigInt(String(command.txnNumber))
  const { lastWrite } = session
  if (lastWrite?.number === number) return { ...lastWrite.reply }
  if (lastWrite && lastWrite.number > number) {
    throw new CommandError(225, 'TransactionTooOld', `the session has begun a later write than ${number}`)
  }
  const reply = await run()
  session.lastWrite = { number, reply }
  return { ...reply }
}
