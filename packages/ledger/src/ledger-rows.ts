import type { FileRows } from './file-rows.ts'
import { byTable } from './ledger-column.ts'
import { runStep, throwIfAborted, type LedgerContext } from './ledger-context.ts'

/** Rows that are read at once. */
const PAGE = 1000

/** The values of the columns of a ledger, a page at a time, so that no statement runs for long. */
export function ledgerRows(context: Pick<LedgerContext, 'client' | 'database' | 'columns'>): FileRows {
  const { database, columns } = context
  return {
    async *values(signal) {
      for (const wanted of byTable(columns)) {
        const table = wanted.schema === undefined ? wanted.table : `${wanted.schema}.${wanted.table}`
        let after: readonly unknown[] | undefined
        do {
          throwIfAborted('reading the rows', signal)
          const page = { after, limit: PAGE }
          const { rows, next } = await runStep(context, (session) => database.readPage(session, wanted, page))
          for (const { key, values } of rows) {
            for (const [column, value] of Object.entries(values)) {
              if (value !== null) yield { table, column, key, value }
            }
          }
          after = next
        } while (after)
      }
    },
  }
}
