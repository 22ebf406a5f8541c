import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { refsIn, valueOf } from '../support/books.ts'
import { documents, type DocumentsDatabase } from '../support/documents.ts'

let database: DocumentsDatabase

beforeEach(async () => {
  database = await documents()
  const ledger = new Ledger(new DepotManager(), database.client, { columns: database.columns })
  await ledger.install()
})

afterEach(() => database.close())

it('a statement does not wait forever for a transaction that refers to the same file, and may wait for it', async () => {
  await database.onConnection(async (run) => {
    await run('BEGIN')
    await run("INSERT INTO documents (name, file) VALUES ('inside', ?)", [valueOf('default/1')])

    await expect(database.insert('outside', valueOf('default/1'))).rejects.toMatchObject({ code: '55P03' })

    await run('COMMIT')
  })
  expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  await database.insert('outside', valueOf('default/1'))
  expect(await refsIn(database)).toEqual({ 'default/1': 2 })
}, 60_000)
