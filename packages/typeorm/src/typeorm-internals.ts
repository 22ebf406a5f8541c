/**
 * Everything private of TypeORM that this package uses. What the data source and its query builders have is checked when a depot is
 * attached, what a query runner has when the first one is made. `test/typeorm-internals.test.ts` pins all of it.
 */
import { FiledepotError } from '@filedepot/core'
import type { SqlFamily } from '@filedepot/core/integration'
import type {
  DataSource,
  EntityManager,
  EntityMetadata,
  ObjectLiteral,
  QueryBuilder,
  QueryRunner,
} from 'typeorm'

/** A column of an entity, as TypeORM describes it. */
export type ColumnMetadata = EntityMetadata['columns'][number]

/** The data source of a query runner or a manager, which TypeORM 0.3 knows as its connection. */
export function dataSourceOf(owner: QueryRunner | EntityManager): DataSource {
  const either = owner as { dataSource?: DataSource; connection?: DataSource }
  const found = either.dataSource ?? either.connection
  if (!found) throw unknownVersion('the data source of a query runner or a manager')
  return found
}

const FAMILIES: Readonly<Record<string, SqlFamily>> = {
  postgres: 'postgres',
  cockroachdb: 'postgres',
  'aurora-postgres': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
  'better-sqlite3': 'sqlite',
  sqlite: 'sqlite',
  sqljs: 'sqlite',
  expo: 'sqlite',
  capacitor: 'sqlite',
  cordova: 'sqlite',
  'react-native': 'sqlite',
  nativescript: 'sqlite',
}

export function familyOf({ options }: DataSource): SqlFamily {
  return FAMILIES[options.type] ?? 'other'
}

/**
 * What follows from the metadata of a data source, worked out when it is asked for first. The metadata is built when the
 * data source is initialised, and again each time it is.
 */
export function fromMetadata<T>(
  dataSource: DataSource,
  workOut: (metadatas: readonly EntityMetadata[]) => T,
): () => T {
  let known: { readonly metadatas: readonly EntityMetadata[]; readonly result: T } | undefined
  return () => {
    const { entityMetadatas: metadatas } = dataSource
    if (known?.metadatas !== metadatas) known = { metadatas, result: workOut(metadatas) }
    return known.result
  }
}

/** A query builder that writes, with what its types keep to themselves. */
export interface WriteBuilder {
  readonly expressionMap: QueryBuilder<ObjectLiteral>['expressionMap']
  queryRunner: QueryRunner | undefined
  execute(): Promise<unknown>
  clone(): WriteBuilder
  getParameters(): ObjectLiteral
  createCteExpression(): string
  createReturningExpression(kind: string): string
  createWhereExpression(): string
  createOrderByExpression?(): string
  createLimitExpression?(): string
  getMainTableName(): string
  getTableName(path: string): string
  replacePropertyNamesForTheWholeQuery(statement: string): string
}

/** The entity that a builder writes; `undefined` where it knows a table only. */
export function metadataOf({ expressionMap }: WriteBuilder): EntityMetadata | undefined {
  return expressionMap.mainAlias?.hasMetadata ? expressionMap.mainAlias.metadata : undefined
}

/** A driver as both versions of TypeORM have it. */
export interface EscapingDriver {
  /** The third argument is one of TypeORM 0.3, which has native parameters. */
  escapeQueryWithParameters(
    sql: string,
    parameters: ObjectLiteral,
    native?: ObjectLiteral,
  ): [string, unknown[]]
}

/** What TypeORM collects while it broadcasts an event. */
export interface BroadcastResult {
  /** Where it is more than none before a statement, TypeORM looks anew for what has changed. */
  count: number
  readonly promises: Promise<unknown>[]
}

type Row = ObjectLiteral | undefined
type Columns = ColumnMetadata[] | undefined

/** TypeORM's broadcaster, of which each query runner has one. */
export interface Broadcaster {
  readonly queryRunner: QueryRunner
  broadcast(event: string, ...parameters: unknown[]): Promise<void>
  broadcastLoadEvent(
    result: BroadcastResult,
    metadata: EntityMetadata,
    entities: readonly ObjectLiteral[],
  ): void
  broadcastBeforeInsertEvent(result: BroadcastResult, metadata: EntityMetadata, entity: Row): void
  broadcastAfterInsertEvent(result: BroadcastResult, metadata: EntityMetadata, entity: Row, id: unknown): void
  broadcastBeforeUpdateEvent(
    result: BroadcastResult,
    metadata: EntityMetadata,
    entity: Row,
    row: Row,
    columns: Columns,
    relations: unknown,
  ): void
  broadcastAfterUpdateEvent(
    result: BroadcastResult,
    metadata: EntityMetadata,
    entity: Row,
    row: Row,
    columns: Columns,
    relations: unknown,
  ): void
  broadcastBeforeRemoveEvent(
    result: BroadcastResult,
    metadata: EntityMetadata,
    entity: Row,
    row: Row,
    id: unknown,
  ): void
  broadcastAfterRemoveEvent(
    result: BroadcastResult,
    metadata: EntityMetadata,
    entity: Row,
    row: Row,
    id: unknown,
  ): void
  broadcastAfterQueryEvent(
    result: BroadcastResult,
    query: string,
    parameters: unknown,
    success: boolean,
    time: unknown,
    rawResults: unknown,
    error: unknown,
  ): void
  broadcastBeforeTransactionStartEvent(result: BroadcastResult): void
  broadcastAfterTransactionStartEvent(result: BroadcastResult): void
  broadcastBeforeTransactionCommitEvent(result: BroadcastResult): void
  broadcastAfterTransactionCommitEvent(result: BroadcastResult): void
  broadcastBeforeTransactionRollbackEvent(result: BroadcastResult): void
  broadcastAfterTransactionRollbackEvent(result: BroadcastResult): void
}

/** How many savepoints are open in the transaction of a query runner. */
export function savepointsOf(queryRunner: QueryRunner): number {
  return Math.max(depthOf(queryRunner) - 1, 0)
}

/** The query runner counts transaction and savepoints together, in a field that its types keep to themselves. */
export function depthOf(queryRunner: QueryRunner): number {
  return (queryRunner as unknown as { transactionDepth: number }).transactionDepth
}

/**
 * The one query runner of SQLite, which the driver keeps; `undefined` while nobody has asked for it. Asking the data source for it
 * would give it a new manager each time.
 */
export function singleRunnerOf({ driver }: DataSource): QueryRunner | undefined {
  return (driver as { queryRunner?: QueryRunner }).queryRunner
}

/** True where SQLite's one connection is in no transaction. Only better-sqlite3 says it; of others nothing is known. */
export function isOverOnSqlite(queryRunner: QueryRunner): boolean {
  const { driver } = dataSourceOf(queryRunner) as unknown as {
    driver: { databaseConnection?: { inTransaction?: unknown } }
  }
  return driver.databaseConnection?.inTransaction === false
}

/** What the drivers know of their connections, as far as we ask for it. */
interface DriverConnection {
  /** Of pg: false when the connection has failed or has ended. */
  readonly _queryable?: boolean
  /** Of mysql2: what has ended the connection. */
  readonly _fatalError?: unknown
  readonly stream?: { readonly destroyed?: boolean }
}

/** True if the driver has already noticed that the connection is gone, so that it sends nothing more. */
export function isConnectionLost(queryRunner: QueryRunner): boolean {
  if (queryRunner.isReleased) return true
  const { databaseConnection: connection } = queryRunner as { databaseConnection?: DriverConnection }
  if (!connection) return false
  const { _queryable, _fatalError, stream } = connection
  return _queryable === false || Boolean(_fatalError) || stream?.destroyed === true
}

/** A document, as the client of MongoDB takes and gives it. */
export type Doc = Record<string, unknown>

/** What a statement that finds a document and changes it answers. */
export interface ModifyResult {
  readonly value?: Doc | null
  readonly lastErrorObject?: { readonly n?: number; readonly upserted?: unknown }
}

/** A collection of the client, as far as it is used here: the same in its versions 5, 6 and 7. */
export interface MongoCollection {
  find(filter: Doc, options?: Doc): AsyncIterable<Doc> & { toArray(): Promise<Doc[]> }
  findOneAndUpdate(filter: Doc, update: unknown, options: Doc): Promise<ModifyResult | null>
  findOneAndReplace(filter: Doc, replacement: Doc, options: Doc): Promise<ModifyResult | null>
  findOneAndDelete(filter: Doc, options: Doc): Promise<ModifyResult | null>
}

/** The query runner of TypeORM's MongoDB driver. Every method of managers, repositories and `BaseEntity` ends in one of its own. */
export interface MongoRunner {
  manager: object
  readonly broadcaster: object
  getCollection(name: string): MongoCollection
  release(): Promise<void>
}

/** The driver that makes them: one for each connection. */
export interface MongoDriver {
  readonly queryRunner?: MongoRunner
  connect(): Promise<void>
  createQueryRunner(mode: string): MongoRunner | undefined
}

const DATA_SOURCE = [
  'buildMetadatas',
  'createEntityManager',
  'createQueryBuilder',
  'createQueryRunner',
  'initialize',
  'manager.save',
  'manager.transaction',
  'driver.escapeQueryWithParameters',
  'driver.preparePersistentValue',
  'driver.prepareHydratedValue',
]
const MONGO_DATA_SOURCE = ['buildMetadatas', 'driver.connect', 'driver.createQueryRunner']
const BUILDER = [
  'insert',
  'update',
  'delete',
  'relation',
  'createQueryBuilder',
  'clone',
  'setParameter',
  'getParameters',
  'createCteExpression',
  'createReturningExpression',
  'createWhereExpression',
  'getMainTableName',
  'getTableName',
  'replacePropertyNamesForTheWholeQuery',
]
const RUNNER = [
  'query',
  'release',
  'clearTable',
  'broadcaster.broadcast',
  'broadcaster.broadcastLoadEvent',
  'broadcaster.broadcastAfterQueryEvent',
  ...['Insert', 'Update', 'Remove', 'TransactionStart', 'TransactionCommit', 'TransactionRollback'].flatMap(
    (event) => [`broadcaster.broadcastBefore${event}Event`, `broadcaster.broadcastAfter${event}Event`],
  ),
]
const MONGO_RUNNER = ['getCollection', 'release', 'broadcaster.broadcastLoadEvent']

/** @throws FiledepotError `NOT_SUPPORTED` if this version of TypeORM lacks what this package uses of a data source */
export function checkDataSource(dataSource: DataSource): void {
  if (dataSource.options.type === 'mongodb') {
    requireMethods('data source', dataSource, MONGO_DATA_SOURCE)
    return
  }
  requireMethods('data source', dataSource, DATA_SOURCE)
  requireMethods('query builder', dataSource.createQueryBuilder(), BUILDER)
}

/** @throws FiledepotError `NOT_SUPPORTED` if this version of TypeORM lacks what this package uses of a query runner */
export function checkQueryRunner(queryRunner: QueryRunner): void {
  requireMethods('query runner', queryRunner, RUNNER)
  dataSourceOf(queryRunner)
  if (typeof depthOf(queryRunner) !== 'number') throw unknownVersion('"transactionDepth" of a query runner')
}

/** @throws FiledepotError `NOT_SUPPORTED` if this version of TypeORM lacks what this package uses of MongoDB's query runner */
export function checkMongoRunner(runner: MongoRunner): void {
  requireMethods('query runner', runner, MONGO_RUNNER)
}

function requireMethods(name: string, owner: object, paths: readonly string[]): void {
  for (const path of paths) {
    let found: unknown = owner
    for (const key of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[key]
    if (typeof found !== 'function') throw unknownVersion(`"${path}" of a ${name}`)
  }
}

function unknownVersion(what: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `This version of TypeORM does not have ${what}, which @filedepot/typeorm needs: use TypeORM 0.3.31 or a later 0.3, or 1.1 or a later 1`,
  )
}
