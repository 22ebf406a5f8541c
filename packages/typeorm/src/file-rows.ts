import { AbortedError } from '@filedepot/core'
import type { FileRow, FileRows } from '@filedepot/ledger'
import type { DataSource, EntityMetadata } from 'typeorm'
import { fileColumnsOf } from './column/file-column.ts'
import { documentRowsOf } from './mongodb/document-rows.ts'

/** A column that holds files, and the property of an entity that it is. */
export interface EntityFileColumn {
  readonly schema: string | undefined
  readonly table: string
  readonly column: string
  /** The name of the entity. */
  readonly entity: string
  /** Within embedded objects the path, for example `address.plan`. */
  readonly property: string
}

/** Rows that are read at once. */
const PAGE = 1000

/**
 * The columns of a data source that hold files, once for each entity that has them.
 *
 * ```ts
 * import { entityFileColumns } from '@filedepot/typeorm'
 * import type { DataSource } from 'typeorm'
 *
 * const tablesWithFiles = (dataSource: DataSource) => new Set(entityFileColumns(dataSource).map(({ table }) => table))
 * ```
 */
export function entityFileColumns(dataSource: DataSource): EntityFileColumn[] {
  return tablesWithFiles(dataSource).flatMap((metadata) =>
    fileColumnsOf(metadata).map(({ column }) => ({
      schema: metadata.schema,
      table: metadata.tableName,
      column: column.databaseName,
      entity: metadata.name,
      property: column.propertyPath,
    })),
  )
}

/**
 * All values of the file columns of a data source, for `verifyFiles` and `collectGarbage` of `@filedepot/ledger`, with or without a
 * ledger. Rows that are soft-deleted and columns with `select: false` are among them. Tables are read by their primary keys, a
 * page at a time; on MongoDB, collections by a cursor.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { verifyFiles } from '@filedepot/ledger'
 * import { fileRowsOf } from '@filedepot/typeorm'
 * import type { DataSource } from 'typeorm'
 *
 * async function missingFiles(dataSource: DataSource): Promise<number> {
 *   const { dangling } = await verifyFiles(depot, fileRowsOf(dataSource))
 *   return dangling
 * }
 * ```
 */
export function fileRowsOf(dataSource: DataSource): FileRows {
  if (dataSource.options.type === 'mongodb') return documentRowsOf(dataSource)
  return {
    async *values(signal) {
      for (const [first, columns] of tablesAndColumns(dataSource)) {
        for await (const row of rowsOf(dataSource, first, columns)) {
          if (signal?.aborted) throw new AbortedError('Reading the rows', { cause: signal.reason })
          yield row
        }
      }
    },
  }
}

/** The entities with tables of their own that have files. */
export function tablesWithFiles({ entityMetadatas }: DataSource): EntityMetadata[] {
  return entityMetadatas.filter(
    (metadata) => metadata.tableType !== 'view' && fileColumnsOf(metadata).length > 0,
  )
}

/** Each table once, with the columns of all of its entities, as in single-table inheritance. */
function tablesAndColumns(dataSource: DataSource): Iterable<[EntityMetadata, Set<string>]> {
  const tables = new Map<string, [EntityMetadata, Set<string>]>()
  for (const metadata of tablesWithFiles(dataSource)) {
    const known = tables.get(metadata.tablePath) ?? [metadata, new Set()]
    for (const { column } of fileColumnsOf(metadata)) known[1].add(column.databaseName)
    tables.set(metadata.tablePath, known)
  }
  return tables.values()
}

async function* rowsOf(
  dataSource: DataSource,
  { tablePath, primaryColumns }: EntityMetadata,
  columns: ReadonlySet<string>,
): AsyncIterable<FileRow> {
  const { driver } = dataSource
  const escape = (name: string) => driver.escape(name)
  const keys = primaryColumns.map(({ databaseName }) => databaseName)
  const table = tablePath.split('.').map(escape).join('.')
  const selected = [...new Set([...keys, ...columns])].map(escape).join(', ')
  const held = [...columns].map((name) => `${escape(name)} IS NOT NULL`).join(' OR ')
  let last: Record<string, unknown> | undefined
  for (;;) {
    const parameters: unknown[] = []
    const bind = (name: string) => {
      parameters.push(last?.[name])
      return dataSource.options.type === 'postgres' ? `$${parameters.length}` : '?'
    }
    const after = last ? ` AND (${afterKey(keys.map(escape), (index) => bind(keys[index] ?? ''))})` : ''
    const rows: Record<string, unknown>[] = await dataSource.query(
      `SELECT ${selected} FROM ${table} WHERE (${held})${after} ORDER BY ${keys.map(escape).join(', ')} LIMIT ${PAGE}`,
      parameters,
    )
    for (const row of rows) {
      const key = Object.fromEntries(keys.map((name) => [name, row[name]]))
      for (const column of columns) {
        const value = row[column]
        if (value !== null && value !== undefined) yield { table: tablePath, column, key, value }
      }
    }
    last = rows.at(-1)
    if (rows.length < PAGE) return
  }
}

/** What a row of the next page is: by the first columns of the key the same, and by the one after these greater. */
function afterKey(names: readonly string[], bind: (index: number) => string): string {
  return names
    .map((_, last) => {
      const same = names.slice(0, last).map((name, index) => `${name} = ${bind(index)}`)
      return [...same, `${names[last] ?? ''} > ${bind(last)}`].join(' AND ')
    })
    .join(' OR ')
}
