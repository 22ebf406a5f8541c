import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { isFileGone, Ledger } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { setImmediate } from 'node:timers/promises'
import { isOn } from '../../../test/databases/database-kind.ts'
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
  await ledger.install()
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

/** Stores a file, and says what a row holds of it. */
async function store(text: string): Promise<string> {
  return JSON.stringify(await depot.upload(UploadedFile.from(Buffer.from(text))))
}

async function storedIds(): Promise<string[]> {
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  return ids.sort()
}

/** As if the time to wait were over. */
async function passTime(): Promise<void> {
  await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
}

describe('drain', () => {
  it('deletes the files that no row refers to any more, and no other', async () => {
    const [kept, replaced, removed] = [await store('kept'), await store('replaced'), await store('removed')]
    await database.insert('a', kept)
    await database.insert('b', replaced)
    await database.insert('c', removed)
    await database.run("UPDATE documents SET file = ? WHERE name = 'b'", [kept])
    await database.run("DELETE FROM documents WHERE name = 'c'")
    const { oldestWaiting, ...counts } = await ledger.stats()
    expect(Math.abs(Number(oldestWaiting) - Date.now())).toBeLessThan(60_000)
    expect(counts).toEqual({
      used: 1,
      waiting: 2,
      failing: 0,
      unreadable: 0,
      storages: [{ storage: 'default', used: 1, waiting: 2, failing: 0, oldestWaiting }],
      failures: [],
    })

    expect(await ledger.drain()).toEqual({ deleted: 2, failed: 0, waiting: 0 })

    expect(await storedIds()).toEqual([(JSON.parse(kept) as { id: string }).id])
    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 0 })
    expect(await ledger.stats()).toMatchObject({ used: 1, waiting: 0, failing: 0, oldestWaiting: undefined })
  })

  it('leaves the file of a row whose deletion was rolled back', async () => {
    await database.insert('a', await store('a'))
    await database.onConnection(async (run) => {
      await run('BEGIN')
      await run('DELETE FROM documents')
      await run('ROLLBACK')
    })

    expect(await ledger.drain()).toMatchObject({ deleted: 0 })
    expect(await storedIds()).toHaveLength(1)
  })

  it('keeps rows from referring to what it has deleted', async () => {
    const value = await store('a')
    await database.insert('a', value)
    await database.run('DELETE FROM documents')
    await ledger.drain()

    const error: unknown = await database.insert('b', value).then(
      () => undefined,
      (reason: unknown) => reason,
    )

    expect(isFileGone(error)).toBe(true)
    expect(isFileGone(new Error('of an ORM', { cause: error }))).toBe(true)
    expect(isFileGone(new Error('another'))).toBe(false)
    expect(await database.run('SELECT name FROM documents')).toEqual([])
  })

  it('keeps discarded files for the retention, in which a row takes one back', async () => {
    const value = await store('a')
    await database.insert('a', value)
    await database.run('DELETE FROM documents')

    expect(await ledger.drain({ retention: 60_000 })).toEqual({ deleted: 0, failed: 0, waiting: 1 })
    await database.insert('b', value)

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 0 })
    expect(await storedIds()).toHaveLength(1)
  })

  it('tries again later what the storage refuses, and keeps the reason', async () => {
    const values = [await store('a'), await store('b')]
    await database.insert('a', values[0] ?? '')
    await database.insert('b', values[1] ?? '')
    await database.run('DELETE FROM documents')
    chaos.fail('delete', { error: new Error('the disk is away') })

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 2, waiting: 2 })
    chaos.restore()
    // It is too early.
    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 2 })
    expect(await ledger.stats()).toMatchObject({
      waiting: 2,
      failing: 2,
      storages: [{ storage: 'default', used: 0, waiting: 2, failing: 2 }],
      failures: [
        { attempts: 1, lastError: expect.stringContaining('the disk is away') as unknown },
        { attempts: 1 },
      ],
    })
    const [row] = await database.run('SELECT last_error AS reason, attempts FROM filedepot_files')
    expect(row).toEqual({ reason: expect.stringContaining('the disk is away') as unknown, attempts: 1 })

    await passTime()
    expect(await ledger.drain()).toEqual({ deleted: 2, failed: 0, waiting: 0 })
    expect(await storedIds()).toEqual([])
  })

  it.each(['default/no uuid', 'nonsense', '/', 'default/'])('is not stopped by the path %j', async (path) => {
    await database.insert('a', JSON.stringify({ files: [path] }))
    await database.insert('b', await store('b'))
    await database.run('DELETE FROM documents')

    const { deleted, failed } = await ledger.drain()

    // MariaDB counts no path without a slash.
    expect(deleted).toBe(1)
    expect(failed).toBe(isOn('mariadb') && !/.\/./.test(path) ? 0 : 1)
    expect(await storedIds()).toEqual([])
  })

  it('deletes nothing by counts that cannot be trusted', async () => {
    await database.insert('a', await store('a'))
    await database.run('DELETE FROM documents')
    await ledger.remove()
    await expect(ledger.drain()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    await ledger.install()
    await database.run("DELETE FROM filedepot_state WHERE name = 'ready'")
    await expect(ledger.drain()).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      message: expect.stringContaining('have not been counted') as unknown,
    })
    expect(await storedIds()).toHaveLength(1)
  })

  it('deletes nothing while a value cannot be read', async () => {
    await database.insert('a', await store('a'))
    await database.run("UPDATE documents SET file = '{broken' WHERE name = 'a'")

    await expect(ledger.drain()).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      message: expect.stringContaining('1 values') as unknown,
    })
    expect(await storedIds()).toHaveLength(1)

    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
  })

  it('leaves to others what they have taken since', async () => {
    const gates: ((isAway: boolean) => void)[] = []
    const slow = new MemoryBackend()
    const remove = slow.delete.bind(slow)
    slow.delete = async (ids) => {
      const isAway = await new Promise<boolean>((resolve) => gates.push(resolve))
      return isAway ? { failed: ids.map((id) => ({ id, error: new Error('away') })) } : await remove(ids)
    }
    depot.configure('slow', slow)
    const file = await depot.upload(UploadedFile.from(Buffer.from('a'), { storage: 'slow' }))
    await database.insert('a', JSON.stringify(file))
    await database.run('DELETE FROM documents')
    const first = ledger.drain()
    while (gates.length < 1) await setImmediate()
    await passTime()
    const second = ledger.drain()
    while (gates.length < 2) await setImmediate()

    gates[0]?.(true)
    expect(await first).toMatchObject({ failed: 1 })

    const [row] = await database.run('SELECT last_error AS reason, attempts FROM filedepot_files')
    expect(row).toEqual({ reason: null, attempts: 2 })
    gates[1]?.(false)
    expect(await second).toEqual({ deleted: 1, failed: 0, waiting: 0 })
  })

  it('deletes nothing while rows name a storage by its alias', async () => {
    depot.alias('uploads', 'default')
    const value = await store('a')
    await database.insert('a', value)
    await database.insert('b', value.replaceAll('default', 'uploads'))
    await database.run("DELETE FROM documents WHERE name = 'a'")

    await expect(ledger.drain()).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      message: expect.stringContaining('alias "uploads"') as unknown,
    })
    expect(await storedIds()).toHaveLength(1)

    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 1, failed: 0, waiting: 0 })
    expect(await storedIds()).toEqual([])
  })

  it('keeps a file whose rows have got the name of the storage in the place of its alias', async () => {
    depot.alias('uploads', 'default')
    const value = await store('a')
    await database.insert('a', value.replaceAll('default', 'uploads'))
    await database.run('UPDATE documents SET file = ?', [value])

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 0 })
    expect(await storedIds()).toHaveLength(1)

    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toEqual({ deleted: 1, failed: 0, waiting: 0 })
    expect(await storedIds()).toEqual([])
  })

  it('leaves the files of a storage that it does not have to a process that has it', async () => {
    const other = new DepotManager()
    other.configure('default', depot.get().backend)
    other.configure('archive', new MemoryBackend())
    const file = await other.upload(UploadedFile.from(Buffer.from('a'), { storage: 'archive' }))
    await database.insert('a', JSON.stringify(file))
    await database.run('DELETE FROM documents')

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 1 })
    expect(await ledger.find(file.path)).toMatchObject({ state: 'discarded', attempts: 0 })

    const complete = new Ledger(other, database.client, { columns: database.columns })
    expect(await complete.drain()).toEqual({ deleted: 1, failed: 0, waiting: 0 })
  })

  it('gives up what is the path of no file, and says so', async () => {
    const failed: string[] = []
    depot.on('deleteFailed', ({ path }) => failed.push(path))
    await database.insert('a', valueOf('default/no uuid', 'default/'))
    await database.run('DELETE FROM documents')
    const paths = isOn('mariadb') ? ['default/no uuid'] : ['default/', 'default/no uuid']

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: paths.length, waiting: 0 })
    await passTime()
    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 0 })

    expect(failed.sort()).toEqual(paths)
    const rows = await database.run('SELECT last_error AS reason FROM filedepot_files WHERE gone')
    expect(rows).toHaveLength(paths.length)
    for (const { reason } of rows) expect(reason).toContain('to be a UUID')
  })

  it('never takes a file twice, however many drain', async () => {
    const count = 60
    for (let n = 0; n < count; n++) await database.insert(`${n}`, await store(`${n}`))
    await database.run('DELETE FROM documents')

    const reports = await Promise.all(Array.from({ length: 4 }, () => ledger.drain()))

    expect(reports.reduce((sum, { deleted }) => sum + deleted, 0)).toBe(count)
    expect(await storedIds()).toEqual([])
  })

  it('hears an abort, and says how far it is', async () => {
    await database.insert('a', await store('a'))
    await database.run('DELETE FROM documents')

    await expect(ledger.drain({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await storedIds()).toHaveLength(1)
    const progress: unknown[] = []
    await ledger.drain({ onProgress: (step) => progress.push(step) })
    expect(progress).toEqual([{ deleted: 1, failed: 0 }])
  })

  it('refuses a retention that is none', async () => {
    await expect(ledger.drain({ retention: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('forgets what was deleted long ago', async () => {
    await database.insert('a', await store('a'))
    await database.run('DELETE FROM documents')
    await ledger.drain()
    expect(await database.run('SELECT path FROM filedepot_files')).toHaveLength(1)
    const longAgo = isOn('sqlite') ? '1' : "'2020-01-01 00:00:00'"
    await database.run(`UPDATE filedepot_files SET retry_at = ${longAgo}`)

    await ledger.drain()

    expect(await database.run('SELECT path FROM filedepot_files')).toEqual([])
  })

  it('counts what cascades delete', async () => {
    await database.insert('parent', await store('parent'))
    await database.insert('child', await store('child'), 'parent')
    await database.run("DELETE FROM documents WHERE name = 'parent'")

    // MariaDB fires no triggers for a cascade: the books have to be counted anew.
    if (isOn('mariadb')) {
      expect(await ledger.drain()).toMatchObject({ deleted: 1 })
      expect(await ledger.install({ recount: true })).toMatchObject({ repaired: 1 })
    }
    await ledger.drain()

    expect(await storedIds()).toEqual([])
    expect(await refsIn(database)).toEqual({})
  })
})
