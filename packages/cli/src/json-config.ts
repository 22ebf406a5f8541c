import { DepotManager, LocalBackend, MemoryBackend, type StorageBackend } from '@filedepot/core'
import { mysqlClient, pgClient, sqliteClient, type LedgerColumn } from '@filedepot/ledger'
import type { FiledepotConfig, PlainDatabase } from './config.ts'
import { UsageError } from './exit-codes.ts'
import type { Project } from './project.ts'

type Settings = Readonly<Record<string, unknown>>

/**
 * A configuration without code, for containers without TypeScript and for databases without an ORM:
 *
 *     {
 *       "storages": { "default": { "backend": "local", "path": "./uploads" } },
 *       "database": { "url": "$DATABASE_URL", "columns": [{ "table": "documents", "column": "content" }] }
 *     }
 *
 * A text that begins with `$` is a variable of the environment.
 *
 * @throws UsageError
 */
export async function configFromJson(json: unknown, project: Project): Promise<FiledepotConfig> {
  const { storages, database, databases, ...others } = withEnvironment(objectOf(json, 'the configuration'))
  const unknown = Object.keys(others).find((name) => name !== '$schema')
  if (unknown !== undefined)
    throw new UsageError(`the configuration has "${unknown}": expected storages, database, databases`)
  const depot = new DepotManager()
  for (const [name, settings] of Object.entries(objectOf(storages, 'storages')))
    depot.configure(name, await backendOf(name, objectOf(settings, `the storage "${name}"`), project))
  const named = objectOf(databases ?? (database === undefined ? {} : { default: database }), 'databases')
  const entries = Object.entries(named).map(([name, settings]) => {
    const checked = objectOf(settings, `the database "${name}"`)
    return [name, () => databaseOf(checked, project)] as const
  })
  return { depot, databases: Object.fromEntries(entries) }
}

async function backendOf(name: string, settings: Settings, project: Project): Promise<StorageBackend> {
  const { backend, path, ...options } = settings
  switch (backend) {
    case 'local':
      return new LocalBackend(textOf(path, `the path of the storage "${name}"`), options)
    case 'memory':
      return new MemoryBackend()
    case 's3': {
      const { S3Backend } = await project.import<Backends>('@filedepot/s3', `the storage "${name}"`)
      return new S3Backend(options)
    }
    case 'gcs': {
      const { GcsBackend } = await project.import<Backends>('@filedepot/gcs', `the storage "${name}"`)
      return new GcsBackend(options)
    }
    default:
      throw new UsageError(
        `Expected the backend of the storage "${name}" to be local, s3, gcs or memory, got ${JSON.stringify(backend)}`,
      )
  }
}

/** The packages are those of the project, and may not be there. */
type Backends = Readonly<Record<'S3Backend' | 'GcsBackend', new (options: object) => StorageBackend>>

async function databaseOf(settings: Settings, project: Project): Promise<PlainDatabase> {
  const { url: given, columns, ...options } = settings
  const url = textOf(given, 'the url of a database')
  const rest = { ...options, columns: columns as readonly LedgerColumn[] }
  if (/^postgres(ql)?:/.test(url)) {
    const { Pool } = await project.import<typeof import('pg')>('pg', 'a database on PostgreSQL')
    const pool = new Pool({ connectionString: url })
    return { ...rest, client: pgClient(pool), close: () => pool.end() }
  }
  if (/^(mysql|mariadb):/.test(url)) {
    const { createPool } = await project.import<typeof import('mysql2/promise')>(
      'mysql2/promise',
      'a database on MySQL or MariaDB',
    )
    const pool = createPool(url.replace(/^mariadb:/, 'mysql:'))
    return { ...rest, client: mysqlClient(pool), close: () => pool.end() }
  }
  const file = url.replace(/^(file|sqlite):(\/\/(?=\/))?/, '')
  if (/^\w+:\/\//.test(file))
    throw new UsageError('Expected the url of a database to begin with postgres:, mysql:, mariadb: or file:')
  const { default: Database } = await project.import<{ default: typeof import('better-sqlite3') }>(
    'better-sqlite3',
    'a database on SQLite',
  )
  const database = new Database(file, { fileMustExist: true })
  return { ...rest, client: sqliteClient(database), close: () => database.close() }
}

/** Puts the variables of the environment into the texts that name them. */
function withEnvironment(json: Settings): Settings {
  const replaced = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replaced)
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaced(inner)]))
    if (typeof value !== 'string' || !/^\$\w+$/.test(value)) return value
    const found = process.env[value.slice(1)]
    if (found === undefined || found === '')
      throw new UsageError(`the configuration needs the variable ${value.slice(1)} of the environment`)
    return found
  }
  return replaced(json) as Settings
}

function objectOf(value: unknown, what: string): Settings {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Settings
  throw new UsageError(
    `Expected ${what} to be an object, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
  )
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new UsageError(
    `Expected ${what} to be a text, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
  )
}
