import type { LedgerClient, LedgerRow } from './ledger-client.ts'

/** What is used of a `Pool` of the package `pg`. */
export interface PgPool {
  connect(): Promise<PgPoolClient>
}

/** What is used of one of its clients. */
export interface PgPoolClient {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>
  release(error?: boolean | Error): void
}

/**
 * The ledger on PostgreSQL 14 or later, by a pool of the package `pg`.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { Ledger, pgClient } from '@filedepot/ledger'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool()
 * const ledger = new Ledger(depot, pgClient(pool), { columns: [{ table: 'documents', column: 'content' }] })
 * ```
 */
export function pgClient(pool: PgPool): LedgerClient {
  return {
    database: 'postgres',
    async session(action) {
      const client = await pool.connect()
      try {
        const result = await action({
          query: async (sql, parameters = []) =>
            (await client.query(sql, [...parameters])).rows as LedgerRow[],
        })
        client.release()
        return result
      } catch (error) {
        // A transaction, a lock or a temporary table may be open.
        client.release(true)
        throw error
      }
    },
  }
}
