import type { LedgerSession } from '../../clients/ledger-client.ts'

/**
 * For the next transaction, or the next statement by itself. At REPEATABLE READ, a statement that reads the table row by row, as of
 * a small one, waits for all transactions that have written to it.
 */
export async function readCommitted(session: LedgerSession): Promise<void> {
  await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
}
