import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { isFileGone, Ledger, type LedgerClient } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { isOn } from '../../../test/databases/database-kind.ts'
import { valueOf } from './support/books.ts'
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
  await ledger.install()
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

function upload(text: string): Promise<UploadedFile> {
  return depot.upload(UploadedFile.from(Buffer.from(text)))
}

async function storedPaths(): Promise<string[]> {
  const paths: string[] = []
  for await (const id of depot.get().list()) paths.push(`default/${id}`)
  return paths.sort()
}

/** The client of the database, with something that happens before a statement. */
function before(statement: string, happens: () => Promise<void>): LedgerClient {
  return {
    database: database.client.database,
    session: (action) =>
      database.client.session((session) =>
        action({
          async query(sql, parameters) {
            if (sql === statement) await happens()
            return await session.query(sql, parameters)
          },
        }),
      ),
  }
}

describe('settleUploads', () => {
  // InnoDB makes the transaction with fewer locks the victim of a deadlock, and that is not to be one of the application.
  if (isOn('mariadb')) {
    it('holds the lock of no file beside that of another one', async () => {
      const files = [await upload('a'), await upload('b')]
      const held: unknown[] = []
      const client: LedgerClient = {
        database: 'mysql',
        session: (action) =>
          database.client.session((session) =>
            action({
              async query(sql, parameters) {
                const rows = await session.query(sql, parameters)
                if (sql.startsWith('INSERT INTO filedepot_files')) {
                  const free = await database.run('SELECT path FROM filedepot_files FOR UPDATE SKIP LOCKED')
                  const all = await database.run('SELECT path FROM filedepot_files')
                  held.push(free.length, all.length)
                }
                return rows
              },
            }),
          ),
      }
      const watched = new Ledger(depot, client, { columns: database.columns })

      await watched.settleUploads(files.flatMap((file) => file.files))

      expect(held).toEqual([1, 1, 2, 2])
      expect(await storedPaths()).toEqual([])
    })
  }

  it('knows a file by whatever spelling of its path', async () => {
    const file = await upload('a')
    depot.alias('uploads', 'default')
    await database.insert('a', JSON.stringify(file))

    const spellings = [`default/${file.id.toUpperCase()}`, `uploads/${file.id}`]
    expect(await ledger.settleUploads(spellings)).toEqual({ deleted: 0, failed: 0, kept: 1, open: [] })

    expect(await storedPaths()).toEqual([file.path])
  })

  it('deletes uploads that no row has taken, and no others', async () => {
    const [taken, discarded, unused] = [await upload('a'), await upload('b'), await upload('c')]
    await database.insert('a', JSON.stringify(taken))
    await database.insert('b', JSON.stringify(discarded))
    await database.run("DELETE FROM documents WHERE name = 'b'")

    expect(await ledger.settleUploads([taken.path, discarded.path, unused.path, unused.path])).toEqual({
      deleted: 1,
      failed: 0,
      kept: 2,
      open: [],
    })

    expect(await storedPaths()).toEqual([taken.path, discarded.path].sort())
    expect(await ledger.stats()).toMatchObject({ used: 1, waiting: 1 })
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 0 })
  })

  it('does nothing without uploads', async () => {
    expect(await ledger.settleUploads([])).toEqual({ deleted: 0, failed: 0, kept: 0, open: [] })
  })

  it('has a row refused that refers to such a file later', async () => {
    const unused = await upload('a')
    await ledger.settleUploads(unused.files)

    const late = await database.insert('a', JSON.stringify(unused)).catch((error: unknown) => error)

    expect(isFileGone(late)).toBe(true)
    expect(await database.run('SELECT name FROM documents')).toEqual([])
  })

  it('leaves the files of a transaction that is open to it', async () => {
    // SQLite lets no other connection write meanwhile.
    if (isOn('sqlite')) return
    const [committed, rolledBack] = [await upload('a'), await upload('b')]
    for (const [file, end] of [
      [committed, 'COMMIT'],
      [rolledBack, 'ROLLBACK'],
    ] as const) {
      await database.onConnection(async (run) => {
        await run('BEGIN')
        await run('INSERT INTO documents (name, file) VALUES (?, ?)', [end, JSON.stringify(file)])

        expect(await ledger.settleUploads([file.path])).toMatchObject({
          deleted: 0,
          kept: 0,
          open: [file.path],
        })

        await run(end)
      })
    }

    expect(await ledger.settleUploads([committed.path])).toMatchObject({ kept: 1, open: [] })
    expect(await ledger.settleUploads([rolledBack.path])).toMatchObject({ deleted: 1, open: [] })
    expect(await storedPaths()).toEqual([committed.path])
  })

  it('deletes the others of many, of which a transaction that is open has some', async () => {
    if (isOn('sqlite')) return
    const files = await Promise.all(Array.from({ length: 40 }, (_, n) => upload(`${n}`)))
    const held = [files[3], files[17], files[18]].flatMap((file) => (file ? [file.path] : []))
    await database.onConnection(async (run) => {
      await run('BEGIN')
      for (const path of held)
        await run('INSERT INTO documents (name, file) VALUES (?, ?)', [path.slice(-40), valueOf(path)])

      const settled = await ledger.settleUploads(files.map(({ path }) => path))

      expect({ ...settled, open: [...settled.open].sort() }).toEqual({
        deleted: 37,
        failed: 0,
        kept: 0,
        open: held.sort(),
      })
      await run('COMMIT')
    })
    expect(await storedPaths()).toEqual(held)
  })

  if (isOn('mariadb')) {
    it('waits a second for a transaction that has come between the look and the mark', async () => {
      const [taken, unused] = [await upload('a'), await upload('b')]
      await database.onConnection(async (run) => {
        await run('BEGIN')
        const mark = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED'
        const late = new Ledger(depot, before(mark, insertOnce), { columns: database.columns })
        let isThere = false
        async function insertOnce(): Promise<void> {
          if (isThere) return
          isThere = true
          await run('INSERT INTO documents (name, file) VALUES (?, ?)', ['a', JSON.stringify(taken)])
        }

        expect(await late.settleUploads([taken.path, unused.path])).toEqual({
          deleted: 1,
          failed: 0,
          kept: 0,
          open: [taken.path],
        })
        await run('COMMIT')
      })
      expect(await storedPaths()).toEqual([taken.path])
    })
  }

  it('leaves to drains what the storage refuses to delete', async () => {
    const unused = await upload('a')
    chaos.fail('delete', { error: new Error('the disk is away') })

    expect(await ledger.settleUploads(unused.files)).toMatchObject({ deleted: 0, failed: 1 })
    chaos.restore()
    expect(await ledger.stats()).toMatchObject({ waiting: 1, failing: 1 })

    await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
    expect(await ledger.drain()).toEqual({ deleted: 1, failed: 0, waiting: 0 })
    expect(await storedPaths()).toEqual([])
  })

  it('deletes nothing while the counts cannot be trusted', async () => {
    const unused = await upload('a')
    await database.insert('a', 'no JSON')

    await expect(ledger.settleUploads(unused.files)).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    await database.run('DELETE FROM documents')
    await database.run("DELETE FROM filedepot_state WHERE name = 'ready'")
    await expect(ledger.settleUploads(unused.files)).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    expect(await storedPaths()).toEqual([unused.path])
  })
})
