import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { cascadesOf } from './database-cascades.ts'
import { fileColumnsOf, type FileColumn } from './file-column.ts'
import type { WriteBuilder } from './write-builder.ts'

type ColumnMetadata = EntityMetadata['columns'][number]

/** A row as it is in the database: its key, and the texts of its file columns. */
export interface RowFiles {
  /** An object with the primary key, and with what cascading foreign keys refer to. */
  readonly key: ObjectLiteral
  readonly texts: ReadonlyMap<FileColumn, unknown>
}

/** The paths of all files that the row refers to. */
export function pathsIn({ texts }: RowFiles): string[] {
  return [...texts].flatMap(([column, text]) => column.parse(text).flatMap(({ files }) => files))
}

/** Databases that can lock a row while it is read, so that two who replace its file follow each other. */
const LOCKING = new Set(['postgres', 'mysql', 'mariadb', 'cockroachdb'])

/** Statements by the columns that name the row; each data source has metadata of its own, and so a driver. */
const statements = new WeakMap<readonly ColumnMetadata[], string>()

/**
 * The row with this primary key as it is now, read within the transaction. What TypeORM itself has loaded was read
 * before the transaction began, without a lock, and lacks columns with `select: false`.
 *
 * Resolves with `undefined` where there is no such row.
 */
export async function readRowFiles(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  key: ObjectLiteral,
): Promise<RowFiles | undefined> {
  return (await readRowsBy(queryRunner, metadata, metadata.primaryColumns, key))[0]
}

/** The rows that have the same values as `source` in these columns. */
export async function readRowsBy(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: readonly ColumnMetadata[],
  source: ObjectLiteral,
): Promise<RowFiles[]> {
  const { driver } = queryRunner.dataSource
  let statement = statements.get(columns)
  if (statement === undefined) {
    const where = columns.map(
      ({ databaseName }, index) =>
        `${driver.escape(databaseName)} = ${driver.createParameter(databaseName, index)}`,
    )
    statement = selectRows(queryRunner, metadata, where.join(' AND '))
    statements.set(columns, statement)
  }
  const parameters = columns.map(
    (column) => driver.preparePersistentValue(column.getEntityValue(source), column) as unknown,
  )
  return await queryRows(queryRunner, metadata, statement, parameters)
}

/** The statement that reads and locks the rows of this WHERE. */
export function selectRows(queryRunner: QueryRunner, metadata: EntityMetadata, where: string): string {
  const from = `FROM ${escapeTable(queryRunner, metadata)} WHERE ${where}`
  return `SELECT ${columnsToRead(queryRunner, metadata)} ${from}${lockOf(queryRunner)}`
}

/** Runs a statement that reads the {@link columnsToRead | columns} of rows. */
export async function queryRows(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  statement: string,
  parameters: readonly unknown[],
): Promise<RowFiles[]> {
  const rows = (await queryRunner.query(statement, [...parameters])) as Record<string, unknown>[]
  return rows.map((row) => toRowFiles(queryRunner, metadata, row))
}

/** The rows that the criteria of an update or delete name, as they are now, locked where the database can. */
export async function readAffectedRows(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  builder: WriteBuilder,
): Promise<RowFiles[]> {
  const reader = builder.clone()
  const from = `FROM ${reader.getTableName(reader.getMainTableName())}`
  const order = `${reader.createOrderByExpression?.() ?? ''}${reader.createLimitExpression?.() ?? ''}`
  const statement = reader.replacePropertyNamesForTheWholeQuery(
    `${reader.createCteExpression()}SELECT ${columnsToRead(queryRunner, metadata)} ${from}` +
      `${reader.createWhereExpression()}${order}${lockOf(queryRunner)}`,
  )
  const { driver } = queryRunner.dataSource
  const [sql, parameters] = driver.escapeQueryWithParameters(statement, reader.getParameters())
  return await queryRows(queryRunner, metadata, sql, parameters as unknown[])
}

/** True where some row holds this text in the column: the values of files are different in every row. */
export async function holdsText(
  queryRunner: QueryRunner,
  { column }: FileColumn,
  text: unknown,
): Promise<boolean> {
  const { driver } = queryRunner.dataSource
  const [table, name] = [escapeTable(queryRunner, column.entityMetadata), driver.escape(column.databaseName)]
  const statement = `SELECT 1 AS found FROM ${table} WHERE ${name} = ${driver.createParameter('text', 0)}`
  return ((await queryRunner.query(statement, [text])) as unknown[]).length > 0
}

function keyColumnsOf(dataSource: DataSource, metadata: EntityMetadata): ColumnMetadata[] {
  const referenced = cascadesOf(dataSource, metadata).flatMap(
    ({ foreignKey }) => foreignKey.referencedColumns,
  )
  return [...new Set([...metadata.primaryColumns, ...referenced])]
}

/** Every column under a name of ours, as those of databases differ in upper and lower case. */
function columnsToRead({ dataSource }: QueryRunner, metadata: EntityMetadata): string {
  const { driver } = dataSource
  const as = (name: string, alias: string) => `${driver.escape(name)} AS ${driver.escape(alias)}`
  return [
    ...keyColumnsOf(dataSource, metadata).map(({ databaseName }, index) => as(databaseName, `key_${index}`)),
    ...fileColumnsOf(metadata).map(({ column }, index) => as(column.databaseName, `file_${index}`)),
  ].join(', ')
}

function toRowFiles(
  { dataSource }: QueryRunner,
  metadata: EntityMetadata,
  row: Record<string, unknown>,
): RowFiles {
  const key: ObjectLiteral = {}
  keyColumnsOf(dataSource, metadata).forEach((column, index) => {
    column.setEntityValue(key, dataSource.driver.prepareHydratedValue(row[`key_${index}`], column))
  })
  const texts = new Map(fileColumnsOf(metadata).map((column, index) => [column, row[`file_${index}`]]))
  return { key, texts }
}

function lockOf({ dataSource: { driver } }: QueryRunner): string {
  return LOCKING.has(driver.options.type) ? ' FOR UPDATE' : ''
}

function escapeTable({ dataSource: { driver } }: QueryRunner, { tablePath }: EntityMetadata): string {
  return tablePath
    .split('.')
    .map((part) => driver.escape(part))
    .join('.')
}
