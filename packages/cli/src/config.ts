import type { DepotManager } from '@filedepot/core'
import type { FileRows, Ledger, LedgerClient, LedgerColumn } from '@filedepot/ledger'

/** A `DataSource` of TypeORM, as far as the command line uses it. */
export interface DataSourceLike {
  readonly isInitialized: boolean
  readonly initialize: () => Promise<unknown>
  readonly destroy: () => Promise<void>
}

/** A client of Prisma that is extended with `filedepot()`, as far as the command line uses it. */
export interface PrismaClientLike {
  readonly $disconnect: () => Promise<void>
}

/** A database without an ORM: a connection, and the columns that hold files. */
export interface PlainDatabase {
  /** Of `pgClient`, `mysqlClient` or `sqliteClient`. */
  readonly client: LedgerClient
  readonly columns: readonly LedgerColumn[]
  /** False if the database has no ledger, and is to get none. @default true */
  readonly ledger?: boolean
  /** The schema of the tables of the ledger, on PostgreSQL. @default 'public' */
  readonly schema?: string
  /** For how long a discarded file is kept, in milliseconds. @default 0 */
  readonly retention?: number
  /** Closes the connections when the command is done. */
  readonly close?: () => unknown
}

/** The source of the rows: a data source of TypeORM, an extended client of Prisma, a ledger, a connection, or the rows alone. */
export type DatabaseSource = DataSourceLike | PrismaClientLike | Ledger | PlainDatabase | FileRows

/** A database whose files are on another depot than the first. */
export interface DatabaseOnDepot {
  readonly source: DatabaseSource | (() => DatabaseSource | Promise<DatabaseSource>)
  /** The name of the depot in `depots`. */
  readonly depot: string
}

/** A database, or a function that opens it: only commands that need the database call the function. */
export type DatabaseEntry =
  DatabaseSource | (() => DatabaseSource | Promise<DatabaseSource>) | DatabaseOnDepot

/** What `filedepot.config.ts` exports. */
export interface FiledepotConfig {
  /** The storages, if there is one set of them. @default the depot of the process, `depot` of `@filedepot/core` */
  readonly depot?: DepotManager
  /** Several sets of storages by name. The first is that of all databases that do not name another one. */
  readonly depots?: Readonly<Record<string, DepotManager>>
  /** The database, if there is one. */
  readonly database?: DatabaseEntry
  /** Several databases by name. Commands choose one by `--database`. */
  readonly databases?: Readonly<Record<string, DatabaseEntry>>
  /** Called when the command is done. */
  readonly close?: () => unknown
}

/**
 * Says where files and rows are, for the command line. It returns what it is given, and makes an editor know the properties.
 *
 * ```ts
 * // filedepot.config.ts
 * import { depot, LocalBackend } from '@filedepot/core'
 * import { attachDepot } from '@filedepot/typeorm'
 * import { defineConfig } from 'filedepot'
 * import { DataSource } from 'typeorm'
 *
 * depot.configure('default', new LocalBackend('./uploads'))
 * const dataSource = attachDepot(
 *   new DataSource({ type: 'better-sqlite3', database: 'app.db', entities: [] }),
 *   depot,
 *   { ledger: true },
 * )
 *
 * export default defineConfig({ depot, database: dataSource })
 * ```
 */
export function defineConfig(config: FiledepotConfig): FiledepotConfig {
  return config
}
