import type { FileRows } from './file-rows.ts'
import type { PageRow } from './databases/sweep-database.ts'
import { byTable, type TableColumns } from './ledger-column.ts'
import { runStep, throwIfAborted, type LedgerContext } from './ledger-context.ts'

/** Rows that are read at once. */
const PAGE = 1000

type Context = Pick<LedgerContext, 'client' | 'database' | 'columns'>

/** The values of the columns of a ledger, a page at a time, so that no statement runs for long. */
export function ledgerRows(context: Context): FileRows {
  return {
    async *values(signal) {
      for await (const { from, row } of pageRows(context, signal)) {
        const table = from.schema === undefined ? from.table : `${from.schema}.${from.table}`
        for (const [column, value] of Object.entries(row.values)) {
          if (value !== null) yield { table, column, key: row.key, value }
        }
      }
    },
  }
}

/** The rows that have a value in one of the columns, and the table of each. */
export async function* pageRows(
  context: Context,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly from: TableColumns; readonly row: PageRow }> {
  const { database, columns } = context
  for (const from of byTable(columns)) {
    let after: readonly unknown[] | undefined
    do {
      throwIfAborted('Reading the rows', signal)
      const page = { after, limit: PAGE }
      const { rows, next } = await runStep(context, (session) => database.readPage(session, from, page))
      for (const row of rows) yield { from, row }
      after = next
    } while (after)
  }
}
