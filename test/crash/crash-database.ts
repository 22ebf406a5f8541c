import { mysqlClient, pgClient, sqliteClient, type LedgerClient } from '@filedepot/ledger'
import Database from 'better-sqlite3'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { kind } from '../databases/database-kind.ts'
import { serverDatabase } from '../databases/server-database.ts'

/** A database that a program writes, and that the test looks into when the program is dead. */
export interface CrashDatabase {
  readonly client: LedgerClient
  /** What the program needs to connect. */
  readonly place: { readonly kind: string; readonly file?: string; readonly url?: string }
  readonly run: (statement: string) => Promise<Record<string, unknown>[]>
  /** Resolves when the server has ended what the dead program has sent. */
  readonly untilOver: () => Promise<void>
  readonly close: () => Promise<void>
}

const LEDGER = ['filedepot_files', 'filedepot_state']
const TABLE = 'CREATE TABLE documents (name varchar(80) PRIMARY KEY, file text)'

/** @param options.hasLedger false if the test installs none. @default true */
export async function openCrashDatabase({ hasLedger = true } = {}): Promise<CrashDatabase> {
  const drop = `DROP TABLE ${['documents', ...(hasLedger ? LEDGER : [])].join(', ')}`
  const database = await { sqlite: openSqlite, postgres: openPostgres, mariadb: openMariaDB }[kind](drop)
  await database.run(TABLE)
  return database
}

async function openSqlite(): Promise<CrashDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-crash-'))
  const file = join(folder, 'app.db')
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  return {
    client: sqliteClient(database),
    place: { kind, file },
    // eslint-disable-next-line @typescript-eslint/require-await -- the others are asynchronous
    async run(statement) {
      const prepared = database.prepare(statement)
      if (prepared.reader) return prepared.all() as Record<string, unknown>[]
      prepared.run()
      return []
    },
    untilOver: () => Promise.resolve(),
    async close() {
      database.close()
      await rm(folder, { recursive: true })
    },
  }
}

async function openPostgres(drop: string): Promise<CrashDatabase> {
  const { url } = await serverDatabase()
  const pool = new pg.Pool({ connectionString: url })
  // Connections that end with the database.
  pool.on('error', () => undefined)
  const program = new URL(url)
  program.searchParams.set('application_name', 'killed')
  const run = async (statement: string) => (await pool.query<Record<string, unknown>>(statement)).rows
  return {
    client: pgClient(pool),
    place: { kind, url: program.href },
    run,
    untilOver: () =>
      untilEmpty(
        run,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'killed'",
      ),
    async close() {
      await run(drop)
      await pool.end()
    },
  }
}

async function openMariaDB(drop: string): Promise<CrashDatabase> {
  const { url } = await serverDatabase()
  const pool = createPool({ uri: url })
  const run = async (statement: string) => {
    const [rows] = await pool.query(statement)
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  }
  // Its connections are told apart by their user.
  const program = new URL(url)
  program.username = `killed_${process.pid}`
  program.password = ''
  await run(`CREATE OR REPLACE USER ${program.username}@'%'`)
  await run(`GRANT ALL ON ${program.pathname.slice(1)}.* TO ${program.username}@'%'`)
  return {
    client: mysqlClient(pool),
    place: { kind, url: program.href },
    run,
    untilOver: () =>
      untilEmpty(run, `SELECT 1 FROM information_schema.processlist WHERE user = '${program.username}'`),
    async close() {
      await run(drop)
      await run(`DROP USER ${program.username}@'%'`)
      await pool.end()
    },
  }
}

async function untilEmpty(run: CrashDatabase['run'], query: string): Promise<void> {
  while ((await run(query)).length > 0) await setTimeout(5)
}
