import type { DataSourceOptions } from 'typeorm'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { kind } from './database-kind.ts'

export { serverDatabase }

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
