import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { Ledger, mysqlClient, type LedgerClient } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { createPool } from 'mysql2/promise'
import { setTimeout } from 'node:timers/promises'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { untilSomebodyWaits } from '../../../test/databases/lock-waits.ts'
import { serverDatabase } from '../../../test/databases/server-database.ts'
import { refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'

let database: DocumentsDatabase
let depot: DepotManager
let chaos: ChaosBackend
let ledger: Ledger

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  chaos = new ChaosBackend(new MemoryBackend())
  depot.configure('default', chaos)
  ledger = new Ledger(depot, database.client, { columns: database.columns })
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

async function addDocument(name: string): Promise<void> {
  const file = await depot.upload(UploadedFile.from(Buffer.from(name)))
  await database.insert(name, JSON.stringify(file))
}

async function countFiles(): Promise<number> {
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  return ids.length
}

/** A client that runs statements at the beginning and at the end of each session. */
function clientWith(before: string, after: string): LedgerClient {
  return {
    database: database.client.database,
    session: (action) =>
      database.client.session(async (session) => {
        await session.query(before)
        return await action(session).finally(() => session.query(after).catch(() => undefined))
      }),
  }
}

const READ_ONLY = {
  sqlite: ['PRAGMA query_only = ON', 'PRAGMA query_only = OFF'],
  postgres: ['SET default_transaction_read_only = on', 'RESET default_transaction_read_only'],
  mariadb: ['SET SESSION TRANSACTION READ ONLY', 'SET SESSION TRANSACTION READ WRITE'],
}[kind] as [string, string]

/** A time of the ledger so many milliseconds from now. */
function fromNow(ms: number): string {
  if (kind === 'sqlite') return `CAST(unixepoch('subsec') * 1000 AS INTEGER) + ${ms}`
  return kind === 'postgres'
    ? `now() + make_interval(secs => ${ms / 1000})`
    : `UTC_TIMESTAMP(6) + INTERVAL ${ms} * 1000 MICROSECOND`
}

describe('on a bad day', () => {
  it('a database that only reads is refused, and nothing is deleted', async () => {
    await ledger.install()
    await addDocument('a')
    await database.run('DELETE FROM documents')
    const replica = new Ledger(depot, clientWith(...READ_ONLY), { columns: database.columns })

    for (const attempt of [() => replica.install({ recount: true }), () => replica.drain()]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'LEDGER_DENIED',
        message: expect.stringContaining('read-only') as unknown,
        cause: expect.objectContaining({ message: expect.any(String) as unknown }) as unknown,
      })
    }

    expect(await countFiles()).toBe(1)
    expect((await replica.check()).isReady).toBe(true)
    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
  })

  it('a ledger of a newer version is left as it is', async () => {
    await ledger.install()
    await makeNewer()

    for (const attempt of [() => ledger.check(), () => ledger.install(), () => ledger.drain()]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'LEDGER_NEWER',
        message: expect.stringContaining('documents') as unknown,
      })
    }
  })

  it('a storage that is down for a day loses nothing, and is asked less and less often', async () => {
    await ledger.install()
    await addDocument('kept')
    await addDocument('a')
    await database.run("DELETE FROM documents WHERE name = 'a'")
    depot.on('deleteFailed', () => undefined)
    chaos.fail('delete', { error: new Error('the storage is down') })

    for (let hour = 0; hour < 24; hour++) {
      const tries = chaos.calls('delete')
      await ledger.drain()
      await ledger.drain()
      expect(chaos.calls('delete')).toBe(tries + 1)
      await passLongestPause()
    }

    chaos.restore()
    expect(await countFiles()).toBe(2)
    expect(await ledger.stats()).toMatchObject({ used: 1, waiting: 1, failing: 1 })
    expect(await ledger.drain()).toEqual({ deleted: 1, failed: 0, waiting: 0 })
    expect(await countFiles()).toBe(1)
  })

  it('a clock that was set back holds up nothing for longer than the retention', async () => {
    await ledger.install()
    await addDocument('a')
    await addDocument('b')
    await database.run('DELETE FROM documents')
    const year = 365 * 24 * 60 * 60 * 1000
    await database.run(`UPDATE filedepot_files SET discarded_at = ${fromNow(year)}`)
    const [first] = await database.run('SELECT MIN(path) AS path FROM filedepot_files')
    await database.run(`UPDATE filedepot_files SET gone = true, retry_at = ${fromNow(year)} WHERE path = ?`, [
      first?.path,
    ])

    expect(await ledger.drain({ retention: 60_000 })).toEqual({ deleted: 0, failed: 0, waiting: 2 })

    const wrong = await database.run(
      `SELECT path FROM filedepot_files WHERE discarded_at > ${fromNow(0)} OR retry_at > ${fromNow(6 * 60 * 60 * 1000)}`,
    )
    expect(wrong).toEqual([])
    await passLongestPause()
    expect(await ledger.drain()).toMatchObject({ deleted: 2 })
  })

  if (!isOn('sqlite')) {
    it('a drain waits for an installation, and then takes nothing by what it has read before', async () => {
      await ledger.install()
      await addDocument('a')
      await database.run('DELETE FROM documents')

      await database.onConnection(async (run) => {
        await run('BEGIN')
        await run("DELETE FROM filedepot_state WHERE name = 'ready'")
        const draining = ledger.drain()
        await untilSomebodyWaits()
        await run('COMMIT')
        expect(await draining).toEqual({ deleted: 0, failed: 0, waiting: 1 })
      })

      expect(await countFiles()).toBe(1)
    })

    it('an installation tries again until writers have ended', async () => {
      await database.onConnection(async (run) => {
        await run('BEGIN')
        await run('INSERT INTO documents (name, file) VALUES (?, ?)', ['a', valueOf('default/1')])
        await expect(ledger.install({ timeout: 0 })).rejects.toMatchObject({
          code: 'LEDGER_BUSY',
          message: expect.stringContaining('documents') as unknown,
          cause: expect.objectContaining({ message: expect.any(String) as unknown }) as unknown,
        })
        const installing = ledger.install()
        await untilTableIsWaitedFor()
        await run('COMMIT')
        await installing
      })

      expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      expect((await ledger.check()).isReady).toBe(true)
    })
  }

  if (isOn('postgres')) {
    it('a user without rights on the tables is told so', async () => {
      const role = `filedepot_nobody_${process.pid}`
      await database.run(`CREATE ROLE ${role}`)
      try {
        const client = clientWith(`SET ROLE ${role}`, 'RESET ROLE')

        await expect(
          new Ledger(depot, client, { columns: database.columns }).install(),
        ).rejects.toMatchObject({
          code: 'LEDGER_DENIED',
          message: expect.stringContaining('owner of the tables') as unknown,
        })
      } finally {
        await database.run(`DROP ROLE ${role}`)
      }
    })

    it('TRUNCATE fails if a policy hides rows from the owner of the triggers', async () => {
      const role = `filedepot_truncate_${process.pid}`
      await database.run(`CREATE ROLE ${role}`)
      try {
        await database.run(`GRANT ALL ON SCHEMA public TO ${role}`)
        await database.run(`ALTER TABLE documents OWNER TO ${role}`)
        // The functions that other tests have left belong to another user.
        await ledger.install()
        await ledger.remove()
        const client = clientWith(`SET ROLE ${role}`, 'RESET ROLE')
        await new Ledger(depot, client, { columns: database.columns }).install()
        await database.insert('a', valueOf('default/1'))
        await database.run('TRUNCATE documents')
        expect(await refsIn(database)).toEqual({})
        await database.insert('a', valueOf('default/1'))
        await database.run('ALTER TABLE documents ENABLE ROW LEVEL SECURITY')
        await database.run('ALTER TABLE documents FORCE ROW LEVEL SECURITY')

        await expect(database.run('TRUNCATE documents')).rejects.toThrow('row-level security')

        expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      } finally {
        await database.run(`DROP OWNED BY ${role} CASCADE`)
        await database.run(`DROP ROLE ${role}`)
      }
    })

    it('the retention of a long transaction begins with its statement, and not with the transaction', async () => {
      await ledger.install()
      await addDocument('a')
      await database.onConnection(async (run) => {
        await run('BEGIN')
        await run('SELECT pg_sleep(0.02)')
        await run('DELETE FROM documents')
        const [row] = await run(
          'SELECT discarded_at > now() + make_interval(secs => 0.01) AS later FROM filedepot_files',
        )
        expect(row).toEqual({ later: true })
        await run('COMMIT')
      })
    })
  }

  if (isOn('mariadb')) {
    it('a user who must not create triggers is told so', async () => {
      const user = `filedepot_nobody_${process.pid}`
      await database.run(`CREATE USER ${user}@'%'`)
      try {
        const { url } = await serverDatabase()
        await database.run(
          `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, LOCK TABLES ON ${new URL(url).pathname.slice(1)}.* TO ${user}@'%'`,
        )
        const pool = createPool({ uri: url, user })

        await expect(
          new Ledger(depot, mysqlClient(pool), { columns: database.columns }).install(),
        ).rejects.toMatchObject({
          code: 'LEDGER_DENIED',
          message: expect.stringContaining('owner of the tables') as unknown,
        })
        await pool.end()
      } finally {
        await database.run(`DROP USER ${user}@'%'`)
      }
    })
  }
})

/** InnoDB knows nothing of the locks of whole tables. */
async function untilTableIsWaitedFor(): Promise<void> {
  if (isOn('postgres')) {
    await untilSomebodyWaits()
    return
  }
  const waiting =
    "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table%'"
  while ((await database.run(waiting)).length === 0) await setTimeout(5)
}

/** As a later version of filedepot may mark its triggers. */
async function makeNewer(): Promise<void> {
  const marker = 'filedepot:99:0123456789abcdef'
  const body = `/* ${marker} */ ${kind === 'sqlite' ? 'SELECT 1;' : ''}`
  await database.run(
    kind === 'postgres'
      ? `COMMENT ON TRIGGER filedepot_i ON documents IS '${marker}'`
      : `CREATE TRIGGER filedepot_newer AFTER INSERT ON documents FOR EACH ROW BEGIN ${body} END`,
  )
}

async function passLongestPause(): Promise<void> {
  await database.run(`UPDATE filedepot_files SET retry_at = ${fromNow(-1)} WHERE discarded_at IS NOT NULL`)
}
