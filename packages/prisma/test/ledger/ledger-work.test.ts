import { UploadedFile } from '@filedepot/core'
import { collectGarbage, verifyFiles } from '@filedepot/ledger'
import { fileRowsOf, ledgerOf } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { isOn, quoted } from '../../../../test/databases/database-kind.ts'
import { textFile, textsIn } from '../../../../test/support/contents.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open({ ledger: { drain: false } })
  prisma = database.prisma
})

afterEach(() => database.endTest())

describe('the ledger of a client, by the connections of Prisma', () => {
  it('is content after the installation, which counts anew if it is told to', async () => {
    const ledger = ledgerOf(prisma)
    await prisma.document.create({ data: { content: textFile('a') } })

    expect(await ledger.check()).toMatchObject({ isReady: true, missing: [], outdated: [], disabled: [] })
    expect(await ledger.install()).toMatchObject({ created: [], repaired: 0 })
    await database.query('DELETE FROM filedepot_files')
    expect(await ledger.install({ recount: true })).toMatchObject({ created: [], repaired: 1 })
    expect(await ledger.stats()).toMatchObject({ used: 1, waiting: 0, failing: 0, unreadable: 0 })
  })

  it('deletes, finds and keeps files', async () => {
    const ledger = ledgerOf(prisma)
    const { id, content } = await prisma.document.create({ data: { content: textFile('a') } })
    const { path } = content!
    expect(await ledger.find(path)).toMatchObject({ path })

    await prisma.document.delete({ where: { id } })
    await ledger.restore(path)
    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 1 })
    await prisma.document.create({ data: { content: content! } })

    expect(await ledger.drain()).toEqual({ deleted: 0, failed: 0, waiting: 0 })
    expect(await textsIn(database.depot)).toEqual(['a'])
  })

  it('sweeps uploads that no row has taken', async () => {
    await database.depot.upload(textFile('nobody has it'))
    await prisma.document.create({ data: { content: textFile('a') } })

    expect(await ledgerOf(prisma).sweep({ grace: 0 })).toMatchObject({ swept: 1, failed: 0 })

    expect(await textsIn(database.depot)).toEqual(['a'])
  })

  it('compares rows and storages', async () => {
    const ledger = ledgerOf(prisma)
    const { content } = await prisma.document.create({ data: { content: textFile('a') } })
    await prisma.document.create({ data: { content: textFile('b') } })
    expect(await ledger.verify({ hash: true })).toMatchObject({ dangling: 0 })

    await database.depot.deleteFiles([content!.path])

    expect(await ledger.gc()).toMatchObject({ dangling: 1, repaired: 0 })
    await prisma.document.deleteMany()
  })
})

describe('a client with a ledger', () => {
  it('deletes what is to be deleted before its connections are closed', async () => {
    const own = await TestDatabase.open({ ownClient: true, ledger: { drain: false } })
    const client = own.extend(own.base, { ledger: true })
    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await client.document.delete({ where: { id } })
    const failing = client.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('b') } })
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')

    await client.$disconnect()

    expect(await own.pathsOfFiles()).toEqual([])
  })

  it('has nothing to do when the depot closes if it has written nothing', () => {
    let actions = 0
    const onClose = database.depot.onClose.bind(database.depot)
    database.depot.onClose = (action) => {
      actions++
      return onClose(action)
    }

    for (let count = 0; count < 3; count++) database.extend(database.base, { ledger: true })

    expect(actions).toBe(0)
  })
})

describe('a ledger that is not complete', () => {
  it('is refused at the first write of files, with what to do: LEDGER_INCOMPLETE', async () => {
    await ledgerOf(prisma).remove()
    const client = database.extend(database.base, { ledger: { drain: false } })

    await expect(client.document.create({ data: { content: textFile('a') } })).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      message: expect.stringContaining('ledgerOf(prisma).install()') as unknown,
    })
    expect(await database.pathsOfFiles()).toEqual([])
    await client.document.create({ data: { title: 'without a file' } })

    await ledgerOf(client).install()
    await client.document.create({ data: { content: textFile('a') } })
    expect(await textsIn(database.depot)).toEqual(['a'])
  })

  it('is refused in a transaction, too, which does not wait for itself', async () => {
    await ledgerOf(prisma).remove()
    const client = database.extend(database.base, { ledger: { drain: false } })

    const writing = client.$transaction((tx) => tx.document.create({ data: { content: textFile('a') } }))

    await expect(writing).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    await ledgerOf(client).install()
  })

  it('deletes nothing, and says so', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    await prisma.document.delete({ where: { id } })
    await database.query("DELETE FROM filedepot_state WHERE name = 'ready'")

    await expect(ledgerOf(prisma).drain()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    await ledgerOf(prisma).install()
  })
})

describe('a client without a ledger', () => {
  it('has none: INVALID_ARGUMENT', () => {
    const plain = database.extend(database.base)

    expect(() => ledgerOf(plain)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => ledgerOf(database.base)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('says which values its rows have, for gc and verify', async () => {
    const plain = database.extend(database.base)
    const [a, b] = [await database.depot.upload(textFile('a')), await database.depot.upload(textFile('b'))]
    await prisma.page.create({ data: { chapter: 'one', number: 1, scan: a } })
    await prisma.document.create({ data: { attachments: [textFile('c'), textFile('d')] } })
    const rows = fileRowsOf(plain)

    const found: unknown[] = []
    for await (const { table, column, key, value } of rows.values()) {
      const json = (typeof value === 'string' ? JSON.parse(value) : value) as object
      found.push([table, column, Object.keys(key), Array.isArray(json) ? json.length : 1])
    }
    expect(found).toEqual([
      ['Document', 'attachments', ['id'], 2],
      ['Page', 'scan', ['chapter', 'number'], 1],
    ])

    expect(await verifyFiles(database.depot, rows)).toMatchObject({ dangling: 0 })
    await expect(collectGarbage(database.depot, rows, { delete: true })).rejects.toMatchObject({
      code: 'LEDGER_NOT_OWNER',
    })
    expect(await collectGarbage(database.depot, rows, { grace: 0, delete: true, force: true })).toMatchObject(
      { deleted: 1 },
    )
    expect(await database.exists(b)).toBe(false)
    expect(await database.exists(a)).toBe(true)
  })
})

describe('the SQL of a ledger', () => {
  it('makes its tables and triggers in a migration; the rows are counted afterwards', async () => {
    const ledger = ledgerOf(prisma)
    const statements = await ledger.sql()
    await ledger.remove()

    for (const statement of statements) await database.query(statement)

    expect(await ledger.check()).toMatchObject({ missing: [], outdated: [], disabled: [], isCounted: false })
    expect(await ledger.install()).toMatchObject({ created: [] })
    expect(statements.filter((statement) => statement.includes(quoted('Document'))).length).toBeGreaterThan(0)
    expect(statements.some((statement) => isOn('sqlite') && statement.startsWith('BEGIN'))).toBe(false)
  })
})

describe('a value', () => {
  it('of a row is an UploadedFile', async () => {
    await prisma.document.create({ data: { content: textFile('a') } })

    expect((await prisma.document.findFirstOrThrow()).content).toBeInstanceOf(UploadedFile)
  })
})
