import { mysqlClient, pgClient, sqliteClient, type LedgerClient } from '@filedepot/ledger'
import Database from 'better-sqlite3'
import mysql from 'mysql2/promise'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { kind, sql } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'

type Row = Record<string, unknown>

/** A database as an application has it, with `?` for parameters on each. */
export interface TestDatabase {
  /** What the ledger uses. */
  readonly client: LedgerClient
  readonly run: (statement: string, parameters?: readonly unknown[]) => Promise<Row[]>
  /** Runs statements on a connection of their own. */
  readonly onConnection: <T>(action: (run: TestDatabase['run']) => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

export async function openDatabase(): Promise<TestDatabase> {
  if (kind === 'sqlite') return await openSqlite()
  const { url } = await serverDatabase()
  return kind === 'postgres' ? openPostgres(url) : openMariaDB(url)
}

async function openSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-ledger-'))
  const file = join(folder, 'app.db')
  const open = () => {
    // A connection that waits holds the event loop, and with it the transaction that it waits for.
    const database = new Database(file, { timeout: 0 })
    database.pragma('journal_mode = WAL')
    database.pragma('foreign_keys = ON')
    return database
  }
  const runOn =
    (database: Database.Database): TestDatabase['run'] =>
    // eslint-disable-next-line @typescript-eslint/require-await -- the others are asynchronous
    async (statement, parameters = []) => {
      const prepared = database.prepare(statement)
      if (prepared.reader) return prepared.all(...parameters) as Row[]
      prepared.run(...parameters)
      return []
    }
  const database = open()
  return {
    client: sqliteClient(database),
    run: runOn(database),
    async onConnection(action) {
      const own = open()
      try {
        return await action(runOn(own))
      } finally {
        own.close()
      }
    },
    async close() {
      database.close()
      await rm(folder, { recursive: true })
    },
  }
}

function openPostgres(url: string): TestDatabase {
  const pool = new pg.Pool({ connectionString: url })
  pool.on('error', () => undefined)
  const runOn =
    (client: Pick<pg.Client, 'query'>): TestDatabase['run'] =>
    async (statement, parameters = []) =>
      (await client.query<Row>(sql(statement), [...parameters])).rows
  return {
    client: pgClient(pool),
    run: runOn(pool),
    async onConnection(action) {
      const client = await pool.connect()
      try {
        return await action(runOn(client))
      } finally {
        client.release(true)
      }
    },
    close: () => pool.end(),
  }
}

function openMariaDB(url: string): TestDatabase {
  const pool = mysql.createPool({ uri: url })
  const runOn =
    (connection: Pick<mysql.Connection, 'query'>): TestDatabase['run'] =>
    async (statement, parameters = []) => {
      const [rows] = await connection.query(statement, [...parameters])
      return Array.isArray(rows) ? (rows as Row[]) : []
    }
  return {
    client: mysqlClient(pool),
    run: runOn(pool),
    async onConnection(action) {
      const connection = await pool.getConnection()
      try {
        return await action(runOn(connection))
      } finally {
        connection.destroy()
      }
    },
    close: () => pool.end(),
  }
}
