import { FiledepotError } from '@filedepot/core'
import {
  sqliteClient,
  type LedgerClient,
  type LedgerRow,
  type LedgerSession,
  type SqliteDatabase,
} from '@filedepot/ledger'
import type { DataSource, QueryRunner } from 'typeorm'

/** What the drivers of servers have for ending a connection. */
interface DriverConnection {
  /** Of `mysql2`. */
  destroy?(): void
  /** Of `pg`. */
  end?(): Promise<void>
}

/** Query runners that run statements of a ledger, so that their statements are told from those of the application. */
const ofLedgers = new WeakSet<QueryRunner>()

/** True if the query runner is one of a ledger. */
export function isOfLedger(queryRunner: QueryRunner): boolean {
  return ofLedgers.has(queryRunner)
}

/**
 * The connections of a data source, for a ledger.
 *
 * @throws FiledepotError `NOT_SUPPORTED` for a database that has no ledger
 */
export function typeormClient(dataSource: DataSource): LedgerClient {
  switch (dataSource.options.type) {
    case 'postgres':
      return serverClient(dataSource, 'postgres')
    case 'mysql':
    case 'mariadb':
      return serverClient(dataSource, 'mysql')
    case 'better-sqlite3':
      return oneConnectionClient(dataSource)
    default:
      throw new FiledepotError(
        'NOT_SUPPORTED',
        `Expected a data source of postgres, mysql, mariadb or better-sqlite3 for a ledger, got ${dataSource.options.type}. Remove the option "ledger"`,
      )
  }
}

function serverClient(dataSource: DataSource, database: 'postgres' | 'mysql'): LedgerClient {
  return {
    database,
    async session(action) {
      const queryRunner = dataSource.createQueryRunner()
      ofLedgers.add(queryRunner)
      try {
        return await action(sessionOf(queryRunner))
      } catch (error) {
        // A transaction, a lock or a temporary table may be open.
        await endConnection(queryRunner).catch(() => undefined)
        throw error
      } finally {
        await queryRunner.release()
      }
    },
  }
}

function sessionOf(queryRunner: QueryRunner): LedgerSession {
  return {
    async query(sql, parameters = []) {
      const { records } = await queryRunner.query(sql, [...parameters], true)
      return Array.isArray(records) ? (records as LedgerRow[]) : []
    },
  }
}

/** The pool does not hand it out again. */
async function endConnection(queryRunner: QueryRunner): Promise<void> {
  const connection = (await queryRunner.connect()) as DriverConnection
  if (connection.destroy) connection.destroy()
  else await connection.end?.()
}

/** TypeORM has one connection of SQLite, on which transactions of the application are waited for. */
function oneConnectionClient(dataSource: DataSource): LedgerClient {
  let last: { database: SqliteDatabase; client: LedgerClient } | undefined
  return {
    database: 'sqlite',
    async session(action) {
      const database = (await dataSource.createQueryRunner().connect()) as SqliteDatabase
      if (last?.database !== database) last = { database, client: sqliteClient(database) }
      return await last.client.session(action)
    },
  }
}
