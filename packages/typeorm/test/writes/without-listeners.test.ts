import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { EntityManager, Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeAll(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const quiet = { listeners: false }
const failure = new Error('rolled back on purpose')

async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { id: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

describe('save with listeners: false', () => {
  it('refuses a pending file of a new row with PENDING_FILE', async () => {
    const saving = documents.save({ content: textFile('pending') }, quiet)

    await expect(saving).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await documents.count()).toBe(0)
  })

  it('refuses a pending file for a row with PENDING_FILE, and keeps the old one', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    const saving = documents.save({ id, content: textFile('pending') }, quiet)

    await expect(saving).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await texts()).toEqual(['old'])
  })

  it('refuses a list in which one file is pending with PENDING_FILE, and keeps what was uploaded', async () => {
    const early = await database.depot.upload(textFile('early'))

    const saving = documents.save({ attachments: [early, textFile('pending')] }, quiet)

    await expect(saving).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await documents.count()).toBe(0)
    await documents.save({ content: early })
    expect(database.chaos.calls('write')).toBeGreaterThan(0)
    expect(await texts()).toEqual(['early'])
  })

  it('adopts a stored value that was uploaded ahead in a new row', async () => {
    const early = await database.depot.upload(textFile('early'))
    const written = database.chaos.calls('write')

    const { id, content } = await documents.save({ content: early }, quiet)

    expect(content).toBe(early)
    expect(await texts()).toEqual(['early'])
    expect(database.chaos.calls('write')).toBe(written)
    await documents.delete(id)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('adopts a stored value that was uploaded ahead in place of the old file, which goes', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await documents.save({ id, content: await database.depot.upload(textFile('early')) }, quiet)

    expect(await texts()).toEqual(['early'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('gives a value that was uploaded ahead back where it is rolled back', async () => {
    const early = await database.depot.upload(textFile('early'))
    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: early }, quiet)
      throw failure
    })
    await expect(saving).rejects.toBe(failure)
    expect(await database.exists(early)).toBe(true)

    await documents.save({ content: early }, quiet)

    expect(await texts()).toEqual(['early'])
  })

  it('gives a second row a copy of the file', async () => {
    const first = await documents.save({ content: textFile('shared') })

    await documents.save({ content: first.content }, quiet)
    await documents.remove(await documents.findOneByOrFail({ id: first.id }))

    expect(await texts()).toEqual(['shared'])
  })

  it('gives the file up where the property is set to null', async () => {
    const { id } = await documents.save({ content: textFile('given up') })

    await documents.save({ id, content: null }, quiet)

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps a file that was set to null where it is rolled back', async () => {
    const { id } = await documents.save({ content: textFile('kept') })

    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { id, content: null }, quiet)
      throw failure
    })

    await expect(saving).rejects.toBe(failure)
    expect(await texts()).toEqual(['kept'])
  })

  it('keeps the file where another column changes', async () => {
    const { id } = await documents.save({ content: textFile('kept') })

    await documents.save({ id, title: 'changed' }, quiet)

    expect(await texts()).toEqual(['kept'])
  })

  it('follows each of several rows', async () => {
    const rows = await documents.save(
      ['a', 'b', 'c'].map((text) => documents.create({ content: textFile(text) })),
    )
    const [a, b, c] = await documents.findBy(rows.map(({ id }) => ({ id })))
    a!.content = null
    b!.content = await database.depot.upload(textFile('new b'))
    c!.title = 'changed'

    await documents.save([a!, b!, c!], quiet)

    expect(await texts()).toEqual([undefined, 'new b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('follows one beside a save with listeners in the same transaction', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('heard') })
      await manager.save(Document, { id, content: null }, quiet)
      await manager.save(Document, { content: textFile('heard too') })
    })

    expect(await texts()).toEqual([undefined, 'heard', 'heard too'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('after a save that failed in the same transaction', () => {
  /** A save of a new row whose upload fails, for which hooks have been called all the same. */
  async function failToInsert(manager: EntityManager): Promise<void> {
    const saving = manager.save(Document, { content: brokenFile(), attachments: [textFile('goes well')] })
    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
  }

  it('a save with listeners: false gives the file up', async () => {
    const { id } = await documents.save({ content: textFile('given up') })

    await database.dataSource.transaction(async (manager) => {
      await failToInsert(manager)
      await manager.save(Document, { id, content: null }, quiet)
    })

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it.each<[string, (manager: EntityManager, row: Document) => Promise<unknown>]>([
    ['a remove with listeners: false', (manager, row) => manager.remove(row, quiet)],
    [
      'a query builder without listeners',
      (manager, { id }) =>
        manager.createQueryBuilder().delete().from(Document).where({ id }).callListeners(false).execute(),
    ],
  ])('%s deletes the file', async (_, remove) => {
    const row = await documents.save(documents.create({ content: textFile('gone') }))

    await database.dataSource.transaction(async (manager) => {
      await failToInsert(manager)
      await remove(manager, row)
    })

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('remove with listeners: false', () => {
  it('deletes the files of the rows', async () => {
    const rows = await documents.save(
      ['a', 'b', 'c'].map((text) => documents.create({ content: textFile(text) })),
    )

    await documents.remove(rows.slice(0, 2), quiet)

    expect(await texts()).toEqual(['c'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps them where it is rolled back', async () => {
    const row = await documents.save(documents.create({ content: textFile('kept') }))

    const removing = database.dataSource.transaction(async (manager) => {
      await manager.remove(row, quiet)
      throw failure
    })

    await expect(removing).rejects.toBe(failure)
    expect(await texts()).toEqual(['kept'])
  })
})
