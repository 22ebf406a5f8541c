import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { HOUR, pathIn, pathsIn, store } from './support/stored-files.ts'

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

/** A file that a row has given up. */
async function discarded(): Promise<string> {
  const value = await store(depot, 'a')
  await database.insert('a', value)
  await database.run('DELETE FROM documents')
  return pathIn(value)
}

describe('restore', () => {
  it('keeps a discarded file from drains, and says what a row has to hold to have it again', async () => {
    const path = await discarded()
    const before = Date.now()

    const { state, discardedAt, keptUntil, value } = await ledger.restore(path, { keepFor: HOUR })

    expect(state).toBe('discarded')
    expect(Math.abs(Number(discardedAt) - before)).toBeLessThan(60_000)
    expect(Math.abs(Number(keptUntil) - before - HOUR)).toBeLessThan(60_000)
    expect(await ledger.drain()).toMatchObject({ deleted: 0, waiting: 1 })
    await database.insert('b', JSON.stringify(value))
    expect(await ledger.find(path)).toMatchObject({ state: 'used', refs: 1 })
    expect(await ledger.drain()).toMatchObject({ deleted: 0, waiting: 0 })
    expect(await ledger.verify({ hash: true })).toMatchObject({
      dangling: 0,
      changed: 0,
      unreadable: 0,
      values: 1,
    })
  })

  it('is over after the time', async () => {
    const path = await discarded()
    await ledger.restore(path, { keepFor: 0 })

    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
  })

  it('says what is gone, what is in use, and what nobody knows', async () => {
    const path = await discarded()
    await ledger.drain()
    expect(await ledger.restore(path)).toMatchObject({
      state: 'deleted',
      keptUntil: undefined,
      value: undefined,
    })
    expect(await ledger.find(path)).toMatchObject({ state: 'deleted', discardedAt: undefined })

    const used = await store(depot, 'b')
    await database.insert('b', used)
    expect(await ledger.restore(pathIn(used))).toMatchObject({ state: 'used', keptUntil: undefined })

    const unknown = pathIn(await store(depot, 'c'))
    expect(await ledger.restore(unknown)).toMatchObject({ state: undefined, value: { files: [unknown] } })
    expect(await ledger.find(unknown)).toBeUndefined()
    expect(await pathsIn(depot.get())).toHaveLength(2)
    await ledger.remove()
    await expect(ledger.find(unknown)).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    await expect(ledger.restore('nonsense')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
