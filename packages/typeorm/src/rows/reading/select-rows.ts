import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm'
import {
  familyOf,
  type ColumnMetadata,
  type EscapingDriver,
  type WriteBuilder,
} from '../../typeorm-internals.ts'
import { cascadesOf } from './foreign-keys.ts'
import { fileColumnsOf, type FileColumn } from '../../column/file-column.ts'
import type { RowFiles } from './row-files.ts'

/** A statement with its parameters, as drivers take them. */
export type Statement = readonly [sql: string, parameters: readonly unknown[]]

/** The rows of this WHERE, locked where the database can, so that two who replace a file follow each other. */
export function selectRows(dataSource: DataSource, metadata: EntityMetadata, where: string): string {
  const { columns, table } = readingOf(dataSource, metadata)
  return `SELECT ${columns} FROM ${table}${where === '' ? '' : ` WHERE ${where}`}${lockOf(dataSource)}`
}

/** Columns that name rows, and where their values are: in the same columns of an object, or in others. */
export interface KeyColumns {
  readonly columns: readonly ColumnMetadata[]
  /** @default columns */
  readonly sourceColumns?: readonly ColumnMetadata[]
}

/** A WHERE for the rows that have the same values as one of the sources. */
export function whereSame(
  { driver }: DataSource,
  { columns, sourceColumns = columns }: KeyColumns,
  sources: readonly ObjectLiteral[],
): Statement {
  const parameters: unknown[] = []
  const names = columns.map(({ databaseName }) => driver.escape(databaseName))
  const parameterOf = (index: number, source: ObjectLiteral) => {
    const column = sourceColumns[index]
    parameters.push(column && driver.preparePersistentValue(column.getEntityValue(source), column))
    return driver.createParameter(`key_${index}`, parameters.length - 1)
  }
  if (names.length === 1 && sources.length > 1) {
    const list = sources.map((source) => parameterOf(0, source))
    return [`${names.join('')} IN (${list.join(', ')})`, parameters]
  }
  const each = sources.map((source) =>
    names.map((name, index) => `${name} = ${parameterOf(index, source)}`).join(' AND '),
  )
  return [each.length === 1 ? each.join('') : each.map((same) => `(${same})`).join(' OR '), parameters]
}

/** The rows that the criteria of an update or delete name. */
export function selectAffected(
  dataSource: DataSource,
  metadata: EntityMetadata,
  builder: WriteBuilder,
): Statement {
  const reader = builder.clone()
  const from = `FROM ${reader.getTableName(reader.getMainTableName())}`
  const order = `${reader.createOrderByExpression?.() ?? ''}${reader.createLimitExpression?.() ?? ''}`
  const statement = reader.replacePropertyNamesForTheWholeQuery(
    `${reader.createCteExpression()}SELECT ${readingOf(dataSource, metadata).columns} ${from}` +
      `${reader.createWhereExpression()}${order}${lockOf(dataSource)}`,
  )
  const { driver } = dataSource as unknown as { driver: EscapingDriver }
  return driver.escapeQueryWithParameters(statement, reader.getParameters(), {})
}

/** Finds a row that holds this text in the column: the values of files are different in every row. */
export function selectText({ driver }: DataSource, column: ColumnMetadata): string {
  const table = escapeTable({ driver }, column.entityMetadata)
  const name = driver.escape(column.databaseName)
  return `SELECT 1 AS found FROM ${table} WHERE ${name} = ${driver.createParameter('text', 0)} LIMIT 1`
}

/** A row that one of the statements above has read. */
export function toRowFiles(
  dataSource: DataSource,
  metadata: EntityMetadata,
  row: Readonly<Record<string, unknown>>,
): RowFiles {
  const key: ObjectLiteral = {}
  readingOf(dataSource, metadata).key.forEach((column, index) => {
    column.setEntityValue(key, dataSource.driver.prepareHydratedValue(row[`key_${index}`], column))
  })
  const texts = new Map<FileColumn, unknown>(
    fileColumnsOf(metadata).map((column, index) => [column, row[`file_${index}`]]),
  )
  return { key, texts }
}

/** How the rows of an entity are read. */
interface Reading {
  readonly table: string
  /** Every column under a name of ours, as those of databases differ in upper and lower case. */
  readonly columns: string
  /** The primary key, and what cascading foreign keys refer to. */
  readonly key: readonly ColumnMetadata[]
}

const known = new WeakMap<EntityMetadata, Reading>()

function readingOf(dataSource: DataSource, metadata: EntityMetadata): Reading {
  let reading = known.get(metadata)
  if (!reading) {
    const { driver } = dataSource
    const referenced = cascadesOf(dataSource, metadata).flatMap(
      ({ foreignKey }) => foreignKey.referencedColumns,
    )
    const key = [...new Set([...metadata.primaryColumns, ...referenced])]
    const as = (name: string, alias: string) => `${driver.escape(name)} AS ${driver.escape(alias)}`
    const columns = [
      ...key.map(({ databaseName }, index) => as(databaseName, `key_${index}`)),
      ...fileColumnsOf(metadata).map(({ column }, index) => as(column.databaseName, `file_${index}`)),
    ].join(', ')
    reading = { table: escapeTable(dataSource, metadata), columns, key }
    known.set(metadata, reading)
  }
  return reading
}

function lockOf(dataSource: DataSource): string {
  const family = familyOf(dataSource)
  return family === 'postgres' || family === 'mysql' ? ' FOR UPDATE' : ''
}

export function escapeTable({ driver }: Pick<DataSource, 'driver'>, { tablePath }: EntityMetadata): string {
  return tablePath
    .split('.')
    .map((part) => driver.escape(part))
    .join('.')
}
