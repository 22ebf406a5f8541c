export { Ledger, type InstallOptions, type LedgerInstallation, type LedgerOptions } from './ledger.ts'
export type { LedgerColumn } from './ledger-column.ts'
export type { LedgerCheck } from './ledger-check.ts'
export type { LedgerStats } from './databases/database.ts'
export type { DrainOptions, DrainReport } from './drain.ts'
export type { FileRow, FileRows } from './file-rows.ts'
export type { SettleOptions, SettleReport } from './settle-uploads.ts'
export { isFileGone } from './is-file-gone.ts'

// The connections of an application.
export type { LedgerClient, LedgerRow, LedgerSession } from './clients/ledger-client.ts'
export { pgClient, type PgPool, type PgPoolClient } from './clients/pg-client.ts'
export { mysqlClient, type MysqlConnection, type MysqlPool } from './clients/mysql-client.ts'
export { sqliteClient, type SqliteDatabase, type SqliteStatement } from './clients/sqlite-client.ts'

// For integrations with an ORM.
export { Upkeep, type UpkeepOptions } from './upkeep.ts'
