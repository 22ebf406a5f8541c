import { FiledepotError } from '@filedepot/core'
import { setTimeout } from 'node:timers/promises'
import type { LedgerClient, LedgerRow, LedgerSession } from './ledger-client.ts'

/** What is used of a database of the package `better-sqlite3`. */
export interface SqliteDatabase {
  readonly inTransaction: boolean
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
}

/** What is used of one of its statements. */
export interface SqliteStatement {
  readonly reader: boolean
  all(...parameters: unknown[]): unknown[]
  run(...parameters: unknown[]): unknown
}

/** How long a statement waits for the transaction of the application, in milliseconds. */
const TRANSACTION_TIMEOUT = 10_000

/**
 * The ledger on SQLite 3.42 or later, by a database of the package `better-sqlite3`. The application may go on using it:
 * no statement of the ledger gets into a transaction of the application.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { Ledger, sqliteClient } from '@filedepot/ledger'
 * import Database from 'better-sqlite3'
 *
 * const database = new Database('app.db')
 * const ledger = new Ledger(depot, sqliteClient(database), { columns: [{ table: 'documents', column: 'content' }] })
 * ```
 */
export function sqliteClient(database: SqliteDatabase): LedgerClient {
  const session: LedgerSession = {
    async query(sql, parameters = []) {
      await transactionOver(database)
      // Several statements, such as a transaction, run without a turn of the event loop between them.
      if (sql.startsWith('BEGIN')) return execute(database, sql)
      const statement = database.prepare(sql)
      if (statement.reader) return statement.all(...parameters) as LedgerRow[]
      statement.run(...parameters)
      return []
    },
  }
  return { database: 'sqlite', session: (action) => action(session) }
}

function execute(database: SqliteDatabase, sql: string): LedgerRow[] {
  try {
    database.exec(sql)
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
  return []
}

/** What the ledger marks as gone must not come back with a rollback of the application. */
async function transactionOver(database: SqliteDatabase): Promise<void> {
  const deadline = Date.now() + TRANSACTION_TIMEOUT
  while (database.inTransaction) {
    if (Date.now() > deadline) {
      throw new FiledepotError(
        'TURN_TIMEOUT',
        `the ledger has waited ${TRANSACTION_TIMEOUT} ms for the transaction on the connection of the database, and it is still open: end it, or give the ledger a connection of its own`,
      )
    }
    await setTimeout(5)
  }
}
