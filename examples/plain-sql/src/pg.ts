// Plain SQL by `pg`, with files on local disk. DATABASE_URL names a database of PostgreSQL.
import { depot, LocalBackend, UploadedFile } from '@filedepot/core'
import { Ledger, pgClient } from '@filedepot/ledger'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'

const uploads = await mkdtemp(join(tmpdir(), 'filedepot-pg-'))
console.log(`Files are in ${uploads}`)
depot.configure('default', new LocalBackend(uploads))

const pool = new Pool({ connectionString: process.env.DATABASE_URL })
await pool.query(
  'CREATE TABLE IF NOT EXISTS invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scan jsonb)',
)

// A step of the deployment, after the migrations.
const ledger = new Ledger(depot, pgClient(pool), { columns: [{ table: 'invoices', column: 'scan' }] })
await ledger.install()

console.log('Save three rows with their files')
for (const number of [1, 2, 3]) {
  const scan = UploadedFile.from(Buffer.from(`invoice ${number}`), { filename: `${number}.txt` })
  const stored = await depot.upload(scan)
  await pool.query('INSERT INTO invoices (scan) VALUES ($1)', [JSON.stringify(stored)])
}
await show()

console.log('Two rows may share a file: it goes with the last one')
await pool.query('INSERT INTO invoices (scan) SELECT scan FROM invoices ORDER BY id LIMIT 1')
await pool.query('DELETE FROM invoices WHERE id = (SELECT min(id) FROM invoices)')
console.log(`  ${(await ledger.drain()).deleted} files deleted`)
await show()

console.log('Any statement counts, of any program: here a bulk UPDATE and a TRUNCATE')
await pool.query(`UPDATE invoices SET scan = NULL WHERE scan ->> 'filename' = '2.txt'`)
console.log(`  ${(await ledger.drain()).deleted} file deleted`)
await pool.query('TRUNCATE invoices')
console.log(`  ${(await ledger.drain()).deleted} files deleted`)
await show()

await pool.end()
await depot.close()

/** Each row with what its file says, and how many files there are. */
async function show(): Promise<void> {
  const { rows } = await pool.query<{ id: string; scan: unknown }>(
    'SELECT id, scan FROM invoices ORDER BY id',
  )
  for (const { id, scan } of rows) {
    if (scan === null) console.log(`  row ${id} has no file`)
    else console.log(`  row ${id} says "${(await UploadedFile.fromJSON(scan).bytes()).toString()}"`)
  }
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  console.log(`  ${ids.length} files in the storage`)
}
