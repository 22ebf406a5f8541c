import { afterAll } from '@jest/globals'
import type { DataSourceOptions } from 'typeorm'
import { kind } from './database-kind.ts'
import { createServerDatabase, type ServerDatabase } from './server-database.ts'

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

/** Options of an empty database: a new one in memory, or the file's own on the server, whose tables are dropped. */
export async function dataSourceOptions(
  more: Partial<Pick<DataSourceOptions, 'entities' | 'subscribers' | 'dropSchema' | 'synchronize'>> & object,
): Promise<DataSourceOptions> {
  const common = { synchronize: true, dropSchema: true, ...more }
  if (kind === 'sqlite') return { ...common, type: 'better-sqlite3', database: ':memory:' }
  const { url } = await serverDatabase()
  if (kind === 'postgres') return { ...common, type: 'postgres', url }
  return { ...common, type: 'mariadb', url, extra: { connectionLimit: 20 } }
}
