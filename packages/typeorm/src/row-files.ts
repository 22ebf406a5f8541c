import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { cascadesOf, type DatabaseCascade } from './database-cascades.ts'
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
    const from = `FROM ${escapeTable(queryRunner, metadata)} WHERE ${where.join(' AND ')}`
    statement = `SELECT ${columnsToRead(queryRunner, metadata)} ${from}${lockOf(queryRunner)}`
    statements.set(columns, statement)
  }
  const parameters = columns.map(
    (column) => driver.preparePersistentValue(column.getEntityValue(source), column) as unknown,
  )
  const rows = (await queryRunner.query(statement, parameters)) as Record<string, unknown>[]
  return rows.map((row) => toRowFiles(queryRunner, metadata, row))
}

/** How many rows are looked for in one statement. */
const ROWS_AT_ONCE = 200

/** The rows that the database deletes together with these, through any number of cascading foreign keys. */
export async function readCascadedRows(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  rows: readonly RowFiles[],
): Promise<{ metadata: EntityMetadata; row: RowFiles }[]> {
  const found: { metadata: EntityMetadata; row: RowFiles }[] = rows.map((row) => ({ metadata, row }))
  const seen = new Set(found.map(({ row }) => `${metadata.tablePath} ${JSON.stringify(row.key)}`))
  let parents = new Map([[metadata, [...rows]]])
  while (parents.size > 0) {
    const children = new Map<EntityMetadata, RowFiles[]>()
    for (const [parent, parentRows] of parents) {
      for (const cascade of cascadesOf(queryRunner.dataSource, parent)) {
        for (const row of await readChildren(queryRunner, cascade, parentRows)) {
          const name = `${cascade.child.tablePath} ${JSON.stringify(row.key)}`
          // Cascades can go round in circles.
          if (seen.has(name)) continue
          seen.add(name)
          found.push({ metadata: cascade.child, row })
          children.set(cascade.child, [...(children.get(cascade.child) ?? []), row])
        }
      }
    }
    parents = children
  }
  return found.slice(rows.length)
}

async function readChildren(
  queryRunner: QueryRunner,
  { child, foreignKey: { columns, referencedColumns } }: DatabaseCascade,
  parents: readonly RowFiles[],
): Promise<RowFiles[]> {
  const { driver } = queryRunner.dataSource
  const children: RowFiles[] = []
  for (let start = 0; start < parents.length; start += ROWS_AT_ONCE) {
    const parameters: unknown[] = []
    const where = parents.slice(start, start + ROWS_AT_ONCE).map(({ key }) => {
      const equal = columns.map(({ databaseName }, index) => {
        const referenced = referencedColumns[index]
        if (referenced)
          parameters.push(driver.preparePersistentValue(referenced.getEntityValue(key), referenced))
        return `${driver.escape(databaseName)} = ${driver.createParameter(databaseName, parameters.length - 1)}`
      })
      return `(${equal.join(' AND ')})`
    })
    const from = `FROM ${escapeTable(queryRunner, child)} WHERE ${where.join(' OR ')}`
    const statement = `SELECT ${columnsToRead(queryRunner, child)} ${from}${lockOf(queryRunner)}`
    const rows = (await queryRunner.query(statement, parameters)) as Record<string, unknown>[]
    children.push(...rows.map((row) => toRowFiles(queryRunner, child, row)))
  }
  return children
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
  const rows = (await queryRunner.query(sql, parameters as unknown[])) as Record<string, unknown>[]
  return rows.map((row) => toRowFiles(queryRunner, metadata, row))
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
