import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { fileColumnsOf, type FileColumn } from './file-column.ts'

/** Databases that can lock a row while it is read, so that two who replace its file follow each other. */
const LOCKING = new Set(['postgres', 'mysql', 'mariadb', 'cockroachdb'])

/** Statements by entity; a driver per entity, as each data source has metadata of its own. */
const statements = new WeakMap<EntityMetadata, string>()

/**
 * The texts of the file columns as they are in the row now, read within the transaction. What TypeORM itself has
 * loaded was read before the transaction began, without a lock, and lacks columns with `select: false`.
 *
 * Resolves with `undefined` where there is no such row.
 */
export async function readRowFiles(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  key: ObjectLiteral,
): Promise<Map<FileColumn, unknown> | undefined> {
  const { driver } = queryRunner.dataSource
  let statement = statements.get(metadata)
  if (statement === undefined) {
    statement = makeStatement(queryRunner, metadata)
    statements.set(metadata, statement)
  }
  const parameters = metadata.primaryColumns.map(
    (column) => driver.preparePersistentValue(column.getEntityValue(key), column) as unknown,
  )
  const [row] = (await queryRunner.query(statement, parameters)) as Record<string, unknown>[]
  return row && new Map(fileColumnsOf(metadata).map((column, index) => [column, row[alias(index)]]))
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

function makeStatement(queryRunner: QueryRunner, metadata: EntityMetadata): string {
  const { driver } = queryRunner.dataSource
  const escape = (name: string) => driver.escape(name)
  const columns = fileColumnsOf(metadata).map(
    ({ column }, index) => `${escape(column.databaseName)} AS ${escape(alias(index))}`,
  )
  const table = escapeTable(queryRunner, metadata)
  const key = metadata.primaryColumns.map(
    (column, index) =>
      `${escape(column.databaseName)} = ${driver.createParameter(column.databaseName, index)}`,
  )
  const lock = LOCKING.has(driver.options.type) ? ' FOR UPDATE' : ''
  return `SELECT ${columns.join(', ')} FROM ${table} WHERE ${key.join(' AND ')}${lock}`
}

function escapeTable({ dataSource: { driver } }: QueryRunner, { tablePath }: EntityMetadata): string {
  return tablePath
    .split('.')
    .map((part) => driver.escape(part))
    .join('.')
}

function alias(index: number): string {
  return `file_${index}`
}
