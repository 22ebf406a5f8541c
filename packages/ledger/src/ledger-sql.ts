import type { LedgerSession } from './clients/ledger-client.ts'
import type { LedgerDatabase } from './databases/database.ts'
import type { LedgerColumn } from './ledger-column.ts'

/** The statements that make the tables and triggers of a ledger. */
export async function ledgerSql(
  database: LedgerDatabase,
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<string[]> {
  const statements: string[] = []
  await database.createTables({
    query(sql) {
      if (!/^(BEGIN|COMMIT)\b/.test(sql)) statements.push(sql)
      return Promise.resolve([])
    },
  })
  const triggers = await database.expectedTriggers(session, columns)
  return [...statements, ...triggers.flatMap(({ create }) => create)]
}
