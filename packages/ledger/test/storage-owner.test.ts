import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { DepotManager, LocalBackend, MemoryBackend } from '@filedepot/core'
import { collectGarbage, fileRows, Ledger } from '@filedepot/ledger'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { forgetSweeps, pathIn, pathsIn, store } from './support/stored-files.ts'

let database: DocumentsDatabase
let depot: DepotManager
let ledger: Ledger

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  ledger = new Ledger(depot, database.client, { columns: database.columns })
  await ledger.install()
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

/** As a copy of the database has it that was made now. */
async function stateOf(): Promise<Record<string, unknown>[]> {
  return await database.run("SELECT name, value FROM filedepot_state WHERE name LIKE 'storage:%'")
}

async function restoreState(rows: readonly Record<string, unknown>[]): Promise<void> {
  await forgetSweeps(database)
  for (const { name, value } of rows)
    await database.run('INSERT INTO filedepot_state (name, value) VALUES (?, ?)', [name, value])
}

const REFUSED = {
  code: 'LEDGER_NOT_OWNER',
  message: expect.stringContaining("ledger.own(['default'])") as unknown,
}

describe('the owner of a storage', () => {
  it('is the database that installs its ledger first', async () => {
    const value = await store(depot, 'of both')
    await database.insert('a', value)
    // A copy of the database that was made before, as a staging system may have it.
    await forgetSweeps(database)

    await expect(ledger.install()).rejects.toMatchObject(REFUSED)
    await expect(ledger.install({ recount: true })).rejects.toMatchObject(REFUSED)
    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 0, failed: 1 })

    expect(await pathsIn(depot.get())).toEqual([pathIn(value)])
    expect((await ledger.check()).isReady).toBe(true)
    await ledger.own()
    expect(await ledger.install()).toMatchObject({ created: [], unclaimed: [] })
  })

  it('of a storage that is configured later is the database that drains it first', async () => {
    depot.configure('later', new MemoryBackend())
    await database.insert('a', await store(depot, 'a', 'later'))
    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
    const value = await store(depot, 'b', 'later')
    await database.insert('b', value)
    await database.run('DELETE FROM documents')
    await forgetSweeps(database)

    expect(await ledger.drain()).toMatchObject({ deleted: 0, failed: 1 })

    expect(await pathsIn(depot.get('later'))).toEqual([pathIn(value)])
  })

  it('is claimed by the first drain if the storage was down when the ledger was installed', async () => {
    const backend = new MemoryBackend()
    depot.configure('down', backend)
    const readOwner = jest.spyOn(backend, 'readOwner').mockRejectedValue(new Error('the storage is down'))
    expect(await ledger.install()).toMatchObject({ unclaimed: ['down'] })
    readOwner.mockRestore()

    await database.insert('a', await store(depot, 'a', 'down'))
    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 1 })

    expect(await backend.readOwner()).toEqual(expect.any(String))
  })

  it('is the same database in a new storage, if no row has a file in the old one', async () => {
    await database.insert('a', await store(depot, 'a'))
    const other = new DepotManager()
    other.configure('default', new MemoryBackend())
    const restarted = new Ledger(other, database.client, { columns: database.columns })
    await expect(restarted.install()).rejects.toMatchObject({
      code: 'LEDGER_NOT_OWNER',
      message: expect.stringContaining('lost its owner') as unknown,
    })
    expect(await other.get().backend.readOwner?.()).toBeUndefined()

    await database.run('DELETE FROM documents')
    await restarted.install()

    expect(await other.get().backend.readOwner?.()).toEqual(expect.any(String))
  })

  it('is nobody after the ledger was removed', async () => {
    await ledger.remove()

    await collectGarbage(depot, fileRows(database.client, { columns: database.columns }), { delete: true })
    expect(await ledger.install()).toMatchObject({ unclaimed: [] })
    await ledger.sweep()
  })

  it('stays who it is if a ledger is removed that does not own the storage', async () => {
    await forgetSweeps(database)
    const owner = await depot.get().backend.readOwner?.()
    await ledger.remove()

    expect(await depot.get().backend.readOwner?.()).toBe(owner)
  })

  it('is every process of the database', async () => {
    await ledger.sweep()
    const owner = await depot.get().backend.readOwner?.()
    await new Ledger(depot, database.client, { columns: database.columns }).sweep()

    expect(owner).toEqual(expect.any(String))
    expect(await depot.get().backend.readOwner?.()).not.toBe(owner)
    await Promise.all([ledger.sweep(), ledger.sweep(), ledger.sweep()])
    await ledger.sweep()
  })

  it('is the database whose first sweep was cut off before it had said so', async () => {
    const { backend } = depot.get()
    const writeOwner = jest.spyOn(backend as MemoryBackend, 'writeOwner')
    writeOwner.mockRejectedValueOnce(new Error('cut off'))
    await expect(ledger.sweep()).rejects.toMatchObject({ code: 'READ_FAILED' })
    writeOwner.mockRestore()

    await ledger.sweep()
    await ledger.sweep()
  })

  it('refuses a second database, until it is told that it owns the storage', async () => {
    await ledger.sweep()
    await forgetSweeps(database)
    await store(depot, 'of the other database')
    await setTimeout(5)

    await expect(ledger.sweep({ grace: 0 })).rejects.toMatchObject(REFUSED)
    await expect(ledger.gc()).rejects.toMatchObject(REFUSED)
    await expect(ledger.gc({ delete: true, grace: 0 })).rejects.toMatchObject(REFUSED)
    expect(await pathsIn(depot.get())).toHaveLength(1)

    await ledger.own(['default'])
    expect(await ledger.sweep({ grace: 0 })).toMatchObject({ swept: 1 })
  })

  it('refuses a copy of the database, and one that was restored from a backup', async () => {
    await ledger.sweep()
    const copy = await stateOf()
    await ledger.sweep()
    await restoreState(copy)

    await expect(ledger.sweep()).rejects.toMatchObject(REFUSED)
    await ledger.own()
    await ledger.sweep()
  })

  it('keeps a second database from draining its files', async () => {
    const value = await store(depot, 'a')
    await database.insert('a', value)
    await ledger.sweep()
    await forgetSweeps(database)
    await database.run('DELETE FROM documents')

    expect(await ledger.drain()).toMatchObject({ deleted: 0, failed: 1 })

    expect(await pathsIn(depot.get())).toEqual([pathIn(value)])
    const { lastError } = (await ledger.find(pathIn(value))) ?? {}
    expect(lastError).toContain('belongs to another database')
  })

  it('is known however many later marks have never got there', async () => {
    await ledger.sweep()
    const writeOwner = jest.spyOn(depot.get().backend as MemoryBackend, 'writeOwner')
    writeOwner.mockRejectedValue(new Error('a full disk'))
    for (let n = 0; n < 70; n++) await expect(ledger.sweep()).rejects.toMatchObject({ code: 'READ_FAILED' })
    writeOwner.mockRestore()

    await ledger.sweep()
  })

  it('has one storage only for one folder, whatever its names', async () => {
    depot.configure('again', depot.get().backend)
    await expect(ledger.sweep()).rejects.toMatchObject({
      code: 'LEDGER_NOT_OWNER',
      message: expect.stringContaining('"again"') as unknown,
    })
  })
})

describe('a folder that is not mounted', () => {
  it('is no empty storage: nothing is swept or deleted, and no file counts as lost', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'filedepot-unmounted-'))
    const folder = join(parent, 'files')
    depot.configure('disk', new LocalBackend(folder))
    await database.insert('a', await store(depot, 'a', 'disk'))
    await ledger.sweep({ storages: ['disk'] })
    await rename(folder, join(parent, 'away'))
    // A process that has never seen the folder cannot know its marker.
    const other = new DepotManager()
    other.configure('disk', new LocalBackend(folder))
    const restarted = new Ledger(other, database.client, { columns: database.columns })

    await expect(ledger.sweep({ storages: ['disk'] })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await expect(restarted.sweep()).rejects.toMatchObject({ code: 'LEDGER_NOT_OWNER' })
    await expect(restarted.gc({ delete: true, force: true })).rejects.toMatchObject({
      code: 'LEDGER_NOT_OWNER',
    })
    await expect(restarted.verify()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await rename(join(parent, 'away'), folder)

    expect(await restarted.verify()).toMatchObject({ dangling: 0, orphaned: 0, files: 1 })
    await restarted.sweep()
    await rm(parent, { recursive: true })
  })
})
