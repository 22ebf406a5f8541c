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
  const printer: LedgerSession = {
    query(sql) {
      if (!/^(BEGIN|COMMIT)\b/.test(sql)) statements.push(sql)
      return Promise.resolve([])
    },
  }
  await database.createTables(printer)
  // Rows may be written before the triggers are there, also if these are made again: they are to be counted.
  await database.setCounted(printer, undefined)
  const triggers = await database.expectedTriggers(session, columns)
  return [...statements, ...triggers.flatMap(({ create }) => create)]
}
