import type { LedgerClient } from './clients/ledger-client.ts'
import { databaseOf } from './databases/database-of.ts'
import type { FileRows } from './file-rows.ts'
import { checkColumns, type LedgerColumn } from './ledger-column.ts'
import { ledgerRows } from './ledger-rows.ts'

/**
 * The values of some columns, for {@link verifyFiles} and {@link collectGarbage}: for a database without a ledger. It only reads.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { fileRows, pgClient, verifyFiles } from '@filedepot/ledger'
 * import { Pool } from 'pg'
 *
 * const rows = fileRows(pgClient(new Pool()), { columns: [{ table: 'documents', column: 'content' }] })
 * const { dangling } = await verifyFiles(depot, rows)
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export function fileRows(
  client: LedgerClient,
  { columns }: { readonly columns: readonly LedgerColumn[] },
): FileRows {
  return ledgerRows({ client, database: databaseOf(client, undefined), columns: checkColumns(columns) })
}
