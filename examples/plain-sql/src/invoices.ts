// What the workers of both engines share: the depot, the database and the ledger of it.
import { depot, LocalBackend } from '@filedepot/core'
import { Ledger, pgClient } from '@filedepot/ledger'
import { Pool } from 'pg'

depot.configure('default', new LocalBackend(process.env.UPLOADS ?? './uploads'))

const pool = new Pool({ connectionString: process.env.DATABASE_URL })

export const ledger = new Ledger(depot, pgClient(pool), { columns: [{ table: 'invoices', column: 'scan' }] })

export async function close(): Promise<void> {
  await pool.end()
  await depot.close()
}
