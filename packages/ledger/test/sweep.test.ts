import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { copyStorage, DepotManager, MemoryBackend } from '@filedepot/core'
import { isFileGone, Ledger } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { setTimeout } from 'node:timers/promises'
import { isOn } from '../../../test/databases/database-kind.ts'
import { valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { HOUR, installLongAgo, pathIn, pathsIn, store, storeOld } from './support/stored-files.ts'

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
  await installLongAgo(database)
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

const NONE = { listed: 0, swept: 0, kept: 0, failed: 0, unread: 0, future: 0, leftovers: 0 }

/** Ids of this millisecond are not swept. */
async function sweepAll() {
  await setTimeout(5)
  return await ledger.sweep({ grace: 0 })
}

describe('sweep', () => {
  it('deletes uploads that no row has taken, and no other', async () => {
    const [taken, lost] = [await store(depot, 'taken'), await store(depot, 'lost')]
    await database.insert('a', taken)

    expect(await sweepAll()).toEqual({ ...NONE, listed: 2, swept: 1 })

    expect(await pathsIn(depot.get())).toEqual([pathIn(taken)])
    expect(await ledger.find(pathIn(lost))).toMatchObject({ state: 'deleted', refs: 0 })
    expect(await ledger.stats()).toMatchObject({ used: 1, waiting: 0, failing: 0 })
  })

  it('leaves what is younger than the grace by either clock', async () => {
    const files = depot.get()
    const young = await storeOld(files, { idAge: HOUR })
    const lateUpload = await storeOld(files, { idAge: 48 * HOUR, age: HOUR })
    const clockBehind = await storeOld(files, { idAge: HOUR, age: 48 * HOUR })
    const old = await storeOld(files, { idAge: 25 * HOUR })

    expect(await ledger.sweep()).toEqual({ ...NONE, listed: 2, swept: 1, kept: 1 })

    expect(await pathsIn(files)).toEqual([lateUpload, young, clockBehind].sort())
    expect(await pathsIn(files)).not.toContain(old)
  })

  it('comes back to what it has left', async () => {
    const late = await storeOld(depot.get(), { idAge: 20 * 24 * HOUR, age: HOUR })
    await ledger.sweep()

    expect(await ledger.sweep({ grace: HOUR / 2 })).toMatchObject({ swept: 1 })
    expect(await pathsIn(depot.get())).not.toContain(late)
  })

  it('is not held up by a file that its storage cannot read, and comes back to it', async () => {
    const unread = await storeOld(depot.get(), { idAge: 20 * 24 * HOUR })
    const read = await storeOld(depot.get(), { idAge: 20 * 24 * HOUR - 1 })
    const stat = chaos.stat.bind(chaos)
    const denied = jest.spyOn(chaos, 'stat').mockImplementation(async (id, ...rest) => {
      if (unread.endsWith(id)) throw new Error('EACCES: permission denied')
      return await stat(id, ...rest)
    })

    expect(await ledger.sweep()).toEqual({ ...NONE, listed: 2, swept: 1, unread: 1 })
    expect(await pathsIn(depot.get())).toEqual([unread])
    denied.mockRestore()
    expect(await ledger.sweep()).toMatchObject({ swept: 1, unread: 0 })
    expect(await pathsIn(depot.get())).not.toContain(read)
  })

  it('goes on if leftovers cannot be removed, says so, and looks for them again', async () => {
    await storeOld(depot.get(), { idAge: 20 * 24 * HOUR })
    const calls: unknown[] = []
    let isAway = true
    const backend = Object.assign(new MemoryBackend(), {
      sweepLeftovers: ({ after }: { after?: string | undefined }) => {
        calls.push(after)
        return isAway ? Promise.reject(new Error('Access Denied')) : Promise.resolve(3)
      },
    })
    depot.configure('parts', backend)
    const failed: unknown[] = []
    depot.on('ledgerFailed', (event) => failed.push(event))

    expect(await ledger.sweep()).toEqual({ ...NONE, listed: 1, swept: 1 })
    expect(failed).toMatchObject([{ error: { code: 'READ_FAILED' } }])
    await ledger.sweep()
    isAway = false
    expect(await ledger.sweep()).toEqual({ ...NONE, leftovers: 3 })
    await ledger.sweep()

    expect(calls[1]).toBe(calls[0])
    expect(calls[2]).toBe(calls[0])
    expect(calls[3]).not.toBe(calls[0])
  })

  it('lists only what came since the last one, and a little more', async () => {
    await storeOld(depot.get(), { idAge: 10 * 24 * HOUR })
    const values = [await storeOld(depot.get(), { idAge: 30 * 24 * HOUR })]
    await database.insert('a', valueOf(...values))
    expect(await ledger.sweep()).toMatchObject({ listed: 2, swept: 1 })
    await storeOld(depot.get(), { idAge: 26 * HOUR })

    expect(await ledger.sweep()).toEqual({ ...NONE, listed: 1, swept: 1 })
  })

  it('does not judge what is older than the ledger, and what other programs have stored', async () => {
    await database.run("UPDATE filedepot_state SET value = ? WHERE name = 'installed'", [
      String(Date.now() - HOUR),
    ])
    const older = await storeOld(depot.get(), { idAge: 2 * HOUR })
    const info = { filename: 'a', contentType: 'a/b', size: 1, sha256: undefined, metadata: {} }
    await chaos.write('01890a5d-ac96-474b-bcce-b302099a8057', Buffer.from('a'), info, {})

    expect(await sweepAll()).toEqual(NONE)
    expect(await pathsIn(depot.get())).toContain(older)
  })

  it('deletes what was uploaded after its path had been given up', async () => {
    const path = await storeOld(depot.get(), { idAge: 2 * HOUR })
    await sweepAll()
    const info = { filename: 'a', contentType: 'a/b', size: 1, sha256: undefined, metadata: {} }
    await chaos.write(path.slice('default/'.length), Buffer.from('late'), info, {})

    expect(await sweepAll()).toMatchObject({ swept: 1 })
    expect(await pathsIn(depot.get())).toEqual([])
    expect(await ledger.find(path)).toMatchObject({ state: 'deleted' })
  })

  it('leaves to drains what the storage refuses to delete', async () => {
    const path = pathIn(await store(depot, 'a'))
    chaos.fail('delete', { error: new Error('the disk is away') })

    expect(await sweepAll()).toMatchObject({ swept: 0, failed: 1 })
    chaos.restore()
    expect(await ledger.find(path)).toMatchObject({
      state: 'deleting',
      lastError: expect.stringContaining('away') as unknown,
    })
    await database.run('UPDATE filedepot_files SET retry_at = NULL')

    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
    expect(await pathsIn(depot.get())).toEqual([])
  })

  it('changes nothing if the storage cannot be listed', async () => {
    await store(depot, 'a')
    chaos.fail('list')

    await expect(sweepAll()).rejects.toMatchObject({ code: 'READ_FAILED' })
    chaos.restore()
    expect(await sweepAll()).toMatchObject({ swept: 1 })
  })

  it('is refused while the counts cannot be trusted, or a value cannot be read', async () => {
    await store(depot, 'a')
    await database.insert('broken', '{broken')
    await expect(sweepAll()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    await database.run('DELETE FROM documents')
    await database.run("DELETE FROM filedepot_state WHERE name = 'ready'")
    await expect(sweepAll()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('is refused if rows name a storage by its alias, as their files look like others', async () => {
    depot.alias('old', 'default')
    const value = await store(depot, 'a')
    await database.insert('a', value.replaceAll('default', 'old'))

    await expect(sweepAll()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('deletes nothing if most uploads have no row, as with a column that was forgotten', async () => {
    for (let n = 0; n < 2001; n++) await storeOld(depot.get(), { idAge: HOUR })

    await expect(sweepAll()).rejects.toMatchObject({ code: 'GARBAGE_LIMIT' })
    await expect(sweepAll()).rejects.toMatchObject({ code: 'GARBAGE_LIMIT' })
    expect(await pathsIn(depot.get())).toHaveLength(2001)
    expect(await ledger.sweep({ grace: 0, force: true })).toMatchObject({ swept: 2001 })
  })

  it('leaves copies of what rows have, as in a backup or while files are moved', async () => {
    const value = await store(depot, 'a')
    await database.insert('a', value)
    await store(depot, 'lost')
    const backup = depot.configure('backup', new MemoryBackend())
    await copyStorage(depot.get(), backup)

    expect(await sweepAll()).toMatchObject({ listed: 4, swept: 1, kept: 2 })

    expect(await pathsIn(depot.get())).toEqual([pathIn(value)])
    expect(await pathsIn(backup)).toHaveLength(2)
    expect(await pathsIn(backup)).toContain(pathIn(value).replace('default', 'backup'))
  })

  it('leaves the files of rows that know the storage by another name', async () => {
    depot.configure('again', chaos)
    const value = await store(depot, 'a')
    await database.insert('a', value.replaceAll('default', 'again'))

    await expect(sweepAll()).rejects.toMatchObject({ code: 'LEDGER_NOT_OWNER' })
    await expect(ledger.gc({ grace: 0, delete: true })).rejects.toMatchObject({ code: 'LEDGER_NOT_OWNER' })
    expect(await ledger.sweep({ grace: 0, storages: ['default'] })).toMatchObject({ swept: 0, kept: 1 })
    await ledger.gc({ grace: 0, delete: true, storages: ['default'] })

    expect(await pathsIn(depot.get())).toEqual([pathIn(value)])
  })

  it('sweeps the other storages if one of them is down', async () => {
    const other = depot.configure('other', new MemoryBackend())
    await store(depot, 'lost', 'other')
    chaos.fail('list', { error: new Error('down') })

    await expect(sweepAll()).rejects.toMatchObject({ code: 'READ_FAILED' })

    expect(await pathsIn(other)).toEqual([])
    chaos.restore()
  })

  it('hears an abort, and says how far it is', async () => {
    await store(depot, 'a')
    await expect(ledger.sweep({ grace: 0, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect(await pathsIn(depot.get())).toHaveLength(1)
    await setTimeout(5)
    const progress: unknown[] = []

    await ledger.sweep({ grace: 0, onProgress: (step) => progress.push(step) })

    expect(progress).toEqual([
      { ...NONE, storage: 'default', listed: 1 },
      { ...NONE, storage: 'default', listed: 1, swept: 1 },
    ])
  })

  it('refuses options that are none', async () => {
    await expect(ledger.sweep({ grace: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(ledger.sweep({ storages: ['none'] })).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })
})

describe('beside others, a sweep', () => {
  it('leaves the file of a transaction that has written its row, and is still open', async () => {
    const value = await store(depot, 'a')
    await database.onConnection(async (run) => {
      await run('BEGIN')
      await run("INSERT INTO documents (name, file) VALUES ('a', ?)", [value])
      if (isOn('sqlite')) await expect(sweepAll()).rejects.toMatchObject({ code: 'LEDGER_BUSY' })
      else expect(await sweepAll()).toEqual({ ...NONE, listed: 1, kept: 1 })
      await run('COMMIT')
    })

    expect(await sweepAll()).toMatchObject({ swept: 0, kept: 0 })
    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('takes the file of a transaction that was rolled back', async () => {
    const value = await store(depot, 'a')
    await database.onConnection(async (run) => {
      await run('BEGIN')
      await run("INSERT INTO documents (name, file) VALUES ('a', ?)", [value])
      await run('ROLLBACK')
    })

    expect(await sweepAll()).toMatchObject({ swept: 1 })
  })

  it('has the row of a transaction refused that comes after it', async () => {
    const value = await store(depot, 'a')
    await database.onConnection(async (run) => {
      await run('BEGIN')
      await run('SELECT count(*) FROM documents')
      expect(await sweepAll()).toMatchObject({ swept: 1 })
      const error: unknown = await run("INSERT INTO documents (name, file) VALUES ('a', ?)", [value]).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      // With its old snapshot, SQLite refuses the transaction itself.
      if (isOn('sqlite')) expect(error).toMatchObject({ code: 'SQLITE_BUSY_SNAPSHOT' })
      else expect(isFileGone(error)).toBe(true)
    })
    expect(await database.run('SELECT name FROM documents')).toEqual([])
  })

  it('shares the work with other sweeps and drains: nothing is deleted twice, and nothing that a row has', async () => {
    const kept = await store(depot, 'kept')
    await database.insert('kept', kept)
    for (let n = 0; n < 40; n++) {
      const value = await store(depot, `${n}`)
      if (n % 2 === 0) await database.insert(`${n}`, value)
    }
    await database.run("DELETE FROM documents WHERE name <> 'kept'")
    await setTimeout(5)

    const [first, second, drained] = await Promise.all([
      ledger.sweep({ grace: 0 }),
      ledger.sweep({ grace: 0 }),
      ledger.drain(),
    ])

    expect(first.swept + second.swept).toBe(20)
    expect(drained.deleted).toBe(20)
    expect(await pathsIn(depot.get())).toEqual([pathIn(kept)])
  })
})
