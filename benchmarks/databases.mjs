// Empty databases for benchmarks with a ledger.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'

const { FILEDEPOT_TEST_POSTGRES_URL: POSTGRES, FILEDEPOT_TEST_MYSQL_URL: MARIADB } = process.env

/** The databases that can be measured here: SQLite, and the servers that the environment names. */
export const DATABASES = ['sqlite', ...(POSTGRES ? ['postgres'] : []), ...(MARIADB ? ['mariadb'] : [])]

/** Makes an empty database: its URL, or its file, and what removes it. */
export async function openDatabase(kind, folder) {
  if (kind === 'sqlite') return { path: join(folder, 'bench.db'), drop: async () => undefined }
  const name = `filedepot_bench_${randomBytes(6).toString('hex')}`
  const url = new URL(kind === 'postgres' ? POSTGRES : MARIADB)
  await statement(kind, url.href, `CREATE DATABASE ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { url: own.href, drop: () => statement(kind, url.href, `DROP DATABASE ${name}`) }
}

async function statement(kind, url, sql) {
  if (kind === 'postgres') {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(sql)
    await client.end()
  } else {
    const connection = await mysql.createConnection(url)
    await connection.query(sql)
    await connection.end()
  }
}
