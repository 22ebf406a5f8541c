import { FiledepotError } from '@filedepot/core'
import type { LedgerColumn } from '@filedepot/ledger'
import type { DataSource } from 'typeorm'
import { entityFileColumns, tablesWithFiles } from '../file-rows.ts'

/**
 * The file columns of all tables of a data source.
 *
 * @throws FiledepotError `NOT_SUPPORTED` for an entity whose table is in another database than that of the data source
 */
export function ledgerColumnsOf(dataSource: DataSource): LedgerColumn[] {
  for (const { name, database } of tablesWithFiles(dataSource)) {
    if (database === undefined || database === dataSource.driver.database) continue
    throw new FiledepotError(
      'NOT_SUPPORTED',
      `The table of ${name} is in another database, "${database}", and triggers of a ledger write only to their own. Open a data source for that database`,
    )
  }
  return entityFileColumns(dataSource).map(({ schema, table, column }) => ({
    ...(schema !== undefined && { schema }),
    table,
    column,
  }))
}
