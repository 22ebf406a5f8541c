import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll } from '@jest/globals'
import Database from 'better-sqlite3'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { kind, quoted } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { TABLES } from './file-models.ts'
import { migrations } from './migrations.ts'

type Row = Record<string, unknown>

/** A database with empty tables. */
export interface EmptyDatabase {
  /** An adapter that opens connections of its own. */
  adapter(): PrismaBetterSqlite3 | PrismaPg | PrismaMariaDb
  /** Runs a statement on a connection beside those of the tests, which sees what is committed. */
  readonly query: (statement: string) => Promise<Row[]>
  /** Deletes all rows. */
  empty(): Promise<void>
  close(): void
}

/** Connections of one client. */
const CONNECTIONS = 20

/** A file of its own, or the test file's database on the server, whose rows are deleted. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  if (kind === 'sqlite') return sqliteDatabase()
  const server = await serverDatabase()
  migrating ??= migrate(server.query)
  await migrating
  const database: EmptyDatabase = {
    adapter: () => (kind === 'postgres' ? postgresAdapter(server.url) : mariadbAdapter(server.url)),
    query: server.query,
    empty: () => emptyTables(server.query),
    close: () => undefined,
  }
  await database.empty()
  return database
}

let migrating: Promise<void> | undefined

async function migrate(query: EmptyDatabase['query']): Promise<void> {
  const statements = migrations(kind)
  // MariaDB takes one at a time.
  for (const statement of kind === 'postgres' ? [statements.join('\n')] : statements) await query(statement)
}

/** How often a write asks for a lock, and the milliseconds in between. */
const LOCK_TRIES = 1000
const LOCK_PAUSE = 10

let folder: string | undefined
let files = 0

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  folder = undefined
})

function sqliteDatabase(): EmptyDatabase {
  folder ??= sqliteFolder()
  const path = join(folder, `${++files}.db`)
  copyFileSync(join(folder, 'template.db'), path)
  // Whoever holds the lock is in this process, and goes on only while nothing waits for it on the calling thread.
  const observer = new Database(path, { timeout: 0 })
  const query = async (statement: string): Promise<Row[]> => {
    const prepared = observer.prepare<[], Row>(statement)
    if (prepared.reader) return prepared.all()
    for (let tries = 1; ; tries++) {
      try {
        prepared.run()
        return []
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || tries === LOCK_TRIES) throw error
        await setTimeout(LOCK_PAUSE)
      }
    }
  }
  return {
    adapter: () => new PrismaBetterSqlite3({ url: `file:${path}` }),
    query,
    empty: () => emptyTables(query),
    close: () => {
      observer.close()
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    },
  }
}

/** Tables are made once, and copied. */
function sqliteFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'filedepot-prisma-'))
  const template = new Database(join(made, 'template.db'))
  // So that others can read while a transaction is open.
  template.pragma('journal_mode = WAL')
  template.exec(migrations('sqlite').join('\n'))
  template.close()
  return made
}

function postgresAdapter(connectionString: string): PrismaPg {
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS })
  // Nobody else listens to a connection while it changes hands; one that is killed just then would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return new PrismaPg(pool, { disposeExternalPool: true })
}

function mariadbAdapter(url: string): PrismaMariaDb {
  const { hostname: host, port, username: user, password, pathname } = new URL(url)
  return new PrismaMariaDb({
    host,
    ...(port && { port: Number(port) }),
    user,
    ...(password && { password: decodeURIComponent(password) }),
    database: pathname.slice(1),
    connectionLimit: CONNECTIONS,
  })
}

/** In whichever order the tables refer to each other. */
async function emptyTables(query: EmptyDatabase['query']): Promise<void> {
  const [off, on] = {
    sqlite: ['PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys = ON'],
    postgres: ['SET session_replication_role = replica', 'SET session_replication_role = origin'],
    mariadb: ['SET FOREIGN_KEY_CHECKS = 0', 'SET FOREIGN_KEY_CHECKS = 1'],
  }[kind] as [string, string]
  const statements = [off, ...TABLES.map((table) => `DELETE FROM ${quoted(table)}`), on]
  // The others take one at a time.
  for (const statement of kind === 'postgres' ? [statements.join('; ')] : statements) await query(statement)
}
