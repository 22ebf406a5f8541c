export { Ledger, type InstallOptions, type LedgerInstallation, type LedgerOptions } from './ledger.ts'
export type { LedgerColumn } from './ledger-column.ts'
export type { LedgerCheck } from './ledger-check.ts'
export type { FailingFile, LedgerStats, StorageStats } from './databases/database.ts'
export type { DrainOptions, DrainReport } from './drain.ts'
export type { SweepOptions, SweepReport } from './sweep.ts'
export type { LedgerFile, LedgerFileState, RestoredFile, RestoreOptions } from './restore.ts'

// Rows that get other files.
export type { MoveOptions, MoveProgress, MoveReport } from './move/move-files.ts'
export type { RegenerateOptions, RegenerateSettings } from './move/regenerate-files.ts'
export { MoveIncompleteError } from './move/move-incomplete-error.ts'
export type { ChangeCounts, ChangeFailure, ChangeReport } from './move/change-rows.ts'

// Rows and storages compared, with a ledger or without one.
export type { FileRow, FileRows } from './file-rows.ts'
export { fileRows } from './column-rows.ts'
export { rowsWithFile, type RowsWithFileOptions } from './rows-with-file.ts'
export type { SettleOptions, SettleReport } from './settle-uploads.ts'
export { collectGarbage, type GarbageOptions, type GarbageReport } from './audit/collect-garbage.ts'
export { verifyFiles, type VerifyOptions, type VerifyReport } from './audit/verify-files.ts'
export {
  fileStats,
  type FileAge,
  type FileCount,
  type FileStats,
  type FileStatsOptions,
  type LargeFile,
} from './audit/file-stats.ts'
export type { CompareProgress } from './audit/compare-files.ts'
export type { Finding, FindingCounts, FoundRow } from './audit/findings.ts'
export { isFileGone } from './is-file-gone.ts'

// The connections of an application.
export type { LedgerClient, LedgerRow, LedgerSession } from './clients/ledger-client.ts'
export { pgClient, type PgPool, type PgPoolClient } from './clients/pg-client.ts'
export { mysqlClient, type MysqlConnection, type MysqlPool } from './clients/mysql-client.ts'
export { sqliteClient, type SqliteDatabase, type SqliteStatement } from './clients/sqlite-client.ts'

// For integrations with an ORM.
export { ledgerIncomplete } from './ledger-check.ts'
export { Upkeep, type UpkeepOptions } from './upkeep.ts'
