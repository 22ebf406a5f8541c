import { afterAll } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { kind } from './database-kind.ts'

/** A database on a server, which a test file has for itself. */
export interface ServerDatabase {
  readonly url: string
  /** Runs a statement on a connection of its own, beside those of the tests. */
  readonly query: (statement: string) => Promise<Record<string, unknown>[]>
  /**
   * Ends a connection, whatever it is doing. Resolves when both ends know it, so that no pool gives it out again.
   *
   * @param meanwhile what has to have ended, too
   */
  endConnection(id: number, meanwhile?: Promise<unknown>): Promise<void>
  /** Ends every other connection to the database, whatever it is doing. */
  killConnections(): Promise<void>
  drop(): Promise<void>
}

let creating: Promise<ServerDatabase> | undefined

afterAll(async () => {
  const database = await creating
  creating = undefined
  await database?.drop()
})

/** The server's database of this test file; made when it is asked for first, dropped at the end of the file. */
export async function serverDatabase(): Promise<ServerDatabase> {
  creating ??= createServerDatabase()
  return await creating
}

async function createServerDatabase(): Promise<ServerDatabase> {
  const name = `filedepot_${process.pid}_${randomBytes(6).toString('hex')}`
  return kind === 'postgres' ? await createOnPostgres(name) : await createOnMariaDB(name)
}

async function createOnPostgres(name: string): Promise<ServerDatabase> {
  const url = new URL(process.env.FILEDEPOT_TEST_POSTGRES_URL ?? '')
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`)
  // A deadlock is looked for after 1 s otherwise, and random programs get into many. Only a superuser may say so.
  await admin.query(`ALTER DATABASE ${name} SET deadlock_timeout = '20ms'`).catch(() => undefined)
  url.pathname = `/${name}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  const rows = async (statement: string) => (await client.query<Record<string, unknown>>(statement)).rows
  return {
    url: url.href,
    query: rows,
    endConnection: (id, meanwhile) =>
      endConnection(rows, {
        end: `SELECT pg_terminate_backend(${id})`,
        alive: `SELECT 1 FROM pg_stat_activity WHERE pid = ${id}`,
        meanwhile,
      }),
    async killConnections() {
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity ' +
          'WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
    },
    async drop() {
      await client.end()
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await admin.end()
    },
  }
}

async function createOnMariaDB(name: string): Promise<ServerDatabase> {
  const url = new URL(process.env.FILEDEPOT_TEST_MYSQL_URL ?? '')
  url.pathname = '/'
  const admin = await mysql.createConnection({ uri: url.href })
  await admin.query(`CREATE DATABASE ${name}`)
  await admin.query(`USE ${name}`)
  url.pathname = `/${name}`
  const rows = async (statement: string) => (await admin.query(statement))[0] as Record<string, unknown>[]
  const killConnections = async () => {
    const others = await rows(
      `SELECT id FROM information_schema.processlist WHERE db = '${name}' AND id <> connection_id()`,
    )
    for (const { id } of others) await rows(`KILL ${String(id)}`).catch(() => undefined)
  }
  return {
    url: url.href,
    query: rows,
    endConnection: (id, meanwhile) =>
      endConnection(rows, {
        end: `KILL ${id}`,
        alive: `SELECT 1 FROM information_schema.processlist WHERE id = ${id}`,
        meanwhile,
      }),
    killConnections,
    async drop() {
      await killConnections()
      await rows(`DROP DATABASE ${name}`)
      await admin.end()
    },
  }
}

async function endConnection(
  query: ServerDatabase['query'],
  { end, alive, meanwhile }: { end: string; alive: string; meanwhile: Promise<unknown> | undefined },
): Promise<void> {
  // It may have gone by itself.
  await query(end).catch(() => [])
  await meanwhile
  while ((await query(alive)).length > 0) await setTimeout(1)
  // The server forgets a connection before it closes the socket, and the client hears of that later still.
  await setTimeout(30)
}
