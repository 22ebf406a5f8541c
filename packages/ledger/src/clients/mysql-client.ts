import type { LedgerClient, LedgerRow } from './ledger-client.ts'

/** What is used of a pool of `mysql2/promise`. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>
}

/** What is used of one of its connections. */
export interface MysqlConnection {
  query(sql: string, parameters?: unknown[]): Promise<[unknown, unknown]>
  release(): void
  destroy(): void
}

/**
 * The ledger on MariaDB 10.6 or MySQL 8.0.21, or later, by a pool of `mysql2/promise`.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { Ledger, mysqlClient } from '@filedepot/ledger'
 * import { createPool } from 'mysql2/promise'
 *
 * const pool = createPool({ uri: 'mysql://127.0.0.1/app' })
 * const ledger = new Ledger(depot, mysqlClient(pool), { columns: [{ table: 'documents', column: 'content' }] })
 * ```
 */
export function mysqlClient(pool: MysqlPool): LedgerClient {
  return {
    database: 'mysql',
    async session(action) {
      const connection = await pool.getConnection()
      try {
        const result = await action({
          async query(sql, parameters = []) {
            const [rows] = await connection.query(sql, [...parameters])
            return Array.isArray(rows) ? (rows as LedgerRow[]) : []
          },
        })
        connection.release()
        return result
      } catch (error) {
        // A transaction, a lock or a temporary table may be open.
        connection.destroy()
        throw error
      }
    },
  }
}
