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

/** How long a statement waits for a transaction or a query of the application, in milliseconds. */
const TIMEOUT = 10_000

/**
 * The ledger on SQLite 3.42 or later, by a database of the package `better-sqlite3`. The application may go on using it:
 * a statement of the ledger waits for its transaction or `iterate()` to end.
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
      const deadline = Date.now() + TIMEOUT
      for (;;) {
        // What the ledger marks as gone must not come back with a rollback of the application.
        const answer = database.inTransaction ? undefined : tryQuery(database, sql, parameters)
        if (answer) return answer
        if (Date.now() > deadline) throw heldTooLong(database.inTransaction)
        await setTimeout(5)
      }
    },
  }
  return { database: 'sqlite', session: (action) => action(session) }
}

/** Resolves with nothing while the application reads rows one by one, as no other statement may run then. */
function tryQuery(
  database: SqliteDatabase,
  sql: string,
  parameters: readonly unknown[],
): LedgerRow[] | undefined {
  try {
    // Several statements, such as a transaction, run without a turn of the event loop between them.
    if (sql.startsWith('BEGIN')) return execute(database, sql)
    const statement = database.prepare(sql)
    if (statement.reader) return statement.all(...parameters) as LedgerRow[]
    statement.run(...parameters)
    return []
  } catch (error) {
    if (String(error).includes('busy executing a query')) return undefined
    throw error
  }
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

function heldTooLong(inTransaction: boolean): FiledepotError {
  const what = inTransaction ? 'transaction' : 'query that reads row by row, such as by iterate(),'
  return new FiledepotError(
    'TURN_TIMEOUT',
    `The ledger waited ${TIMEOUT} ms for the ${what} on the connection of the database, which is still open. End it, or give the ledger its own connection`,
  )
}
