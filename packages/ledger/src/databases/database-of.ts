import type { LedgerClient } from '../clients/ledger-client.ts'
import type { LedgerDatabase } from './database.ts'
import { mysqlDatabase } from './mysql/mysql-database.ts'
import { postgresDatabase } from './postgres/postgres-database.ts'
import { sqliteDatabase } from './sqlite/sqlite-database.ts'

/** The SQL for the database of a client. */
export function databaseOf({ database }: LedgerClient, schema: string | undefined): LedgerDatabase {
  if (database === 'postgres') return postgresDatabase(schema)
  return database === 'mysql' ? mysqlDatabase() : sqliteDatabase()
}
