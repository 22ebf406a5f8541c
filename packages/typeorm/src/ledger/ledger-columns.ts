import { FiledepotError } from '@filedepot/core'
import type { LedgerColumn } from '@filedepot/ledger'
import type { DataSource, EntityMetadata } from 'typeorm'
import { fileColumnsOf } from '../file-column.ts'

/**
 * The file columns of all tables of a data source. Entities of one table, as in single-table inheritance, name a column once.
 *
 * @throws FiledepotError `NOT_SUPPORTED` for an entity whose table is in another database than that of the data source
 */
export function ledgerColumnsOf(dataSource: DataSource): LedgerColumn[] {
  const columns = new Map<string, LedgerColumn>()
  for (const metadata of tablesOf(dataSource)) {
    for (const { column } of fileColumnsOf(metadata)) {
      const { schema, tableName: table } = metadata
      const found = { ...(schema !== undefined && { schema }), table, column: column.databaseName }
      columns.set(JSON.stringify(found), found)
    }
  }
  return [...columns.values()]
}

/** The entities with tables of their own that have files. */
export function tablesOf(dataSource: DataSource): EntityMetadata[] {
  const tables = dataSource.entityMetadatas.filter(
    (metadata) => metadata.tableType !== 'view' && fileColumnsOf(metadata).length > 0,
  )
  for (const { name, database } of tables) {
    if (database === undefined || database === dataSource.driver.database) continue
    throw new FiledepotError(
      'NOT_SUPPORTED',
      `the table of ${name} is in the database "${database}", and the triggers of a ledger only write to their own: open a data source for that database`,
    )
  }
  return tables
}
