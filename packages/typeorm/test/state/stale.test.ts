import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository, UpdateEvent } from 'typeorm'
import { Document } from '../entities/document.ts'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { untilSomebodyWaits } from '../support/lock-waits.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
let id: number

beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
  const saved = await documents.save({ content: textFile('first'), attachments: [textFile('1')] })
  id = saved.id
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function loaded(): Promise<Document> {
  return await documents.findOneByOrFail({ id })
}

async function textsOfRow(): Promise<(string | undefined)[]> {
  const { content, attachments } = await loaded()
  return await textsOf([content, ...(attachments ?? [])])
}

/** An entity that was loaded before somebody else replaced both columns. */
async function staleDocument(): Promise<Document> {
  const stale = await loaded()
  await documents.save({ id, content: textFile('second'), attachments: [textFile('2'), textFile('3')] })
  return stale
}

describe('an entity that was loaded before somebody else replaced its file', () => {
  it('does not put the old one back when another column is saved, and holds the new one then', async () => {
    const stale = await staleDocument()

    await documents.save(Object.assign(stale, { title: 'only the title' }))

    expect((await loaded()).title).toBe('only the title')
    expect(await textsOfRow()).toEqual(['second', '2', '3'])
    expect(await textsOf([stale.content, ...stale.attachments!])).toEqual(['second', '2', '3'])
  })

  it('does not put the old one back where a subscriber was given it, and saves it later', async () => {
    const given: Document[] = []
    database.dataSource.subscribers.push({
      beforeUpdate: ({ databaseEntity }: UpdateEvent<Document>) => void given.push(databaseEntity),
    })
    await documents.save(Object.assign(await loaded(), { title: 'a title' }))
    database.dataSource.subscribers.pop()
    await documents.save({ id, content: textFile('second') })

    await documents.save(Object.assign(given[0]!, { title: 'another title' }))

    expect(await textsOfRow()).toEqual(['second', '1'])
  })

  it('does not put it back in a second save either, nor when nothing was changed', async () => {
    const stale = await staleDocument()

    await documents.save(stale)
    await documents.save(Object.assign(stale, { title: 'again' }))

    expect(await textsOfRow()).toEqual(['second', '2', '3'])
  })

  it('puts a new file where the newer one is, which goes', async () => {
    const stale = await staleDocument()

    await documents.save(Object.assign(stale, { content: textFile('third') }))

    expect(await textsOfRow()).toEqual(['third', '2', '3'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('takes the newer file away where its property is set to null', async () => {
    const stale = await staleDocument()

    await documents.save(Object.assign(stale, { content: null, attachments: null }))

    expect(await textsOfRow()).toEqual([undefined])
  })

  it('does not bring a file back that somebody else has taken away', async () => {
    const stale = await loaded()
    await documents.save({ id, content: null, attachments: null })

    await documents.save(Object.assign(stale, { title: 'only the title' }))

    expect(await textsOfRow()).toEqual([undefined])
    expect(stale).toMatchObject({ content: null, attachments: null })
  })

  it('does not take a file away that somebody else has put there', async () => {
    await documents.save({ id, content: null, attachments: null })
    const stale = await loaded()
    await documents.save({ id, content: textFile('second'), attachments: [textFile('2')] })

    await documents.save(Object.assign(stale, { title: 'only the title' }))

    expect(await textsOfRow()).toEqual(['second', '2'])
  })

  it('gives up the newer file when it is removed', async () => {
    const stale = await staleDocument()

    await documents.remove(stale)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('is still known to be stale after a transaction that was rolled back', async () => {
    const stale = await staleDocument()

    await rolledBack(database.dataSource, (manager) => manager.save(Object.assign(stale, { title: 'a' })))
    await documents.save(Object.assign(stale, { title: 'b' }))

    expect(await textsOfRow()).toEqual(['second', '2', '3'])
  })

  it('does not put the old one back when it is an entity that was saved, and not loaded', async () => {
    const saved = await documents.save(documents.create({ content: textFile('a') }))
    await documents.update(saved.id, { content: textFile('b') })

    await documents.save(Object.assign(saved, { title: 'only the title' }))

    const { content } = await documents.findOneByOrFail({ id: saved.id })
    expect(await textOf(content)).toBe('b')
  })

  it('does not put it back by an update with the entity itself', async () => {
    const stale = await staleDocument()

    await documents.update(id, Object.assign(stale, { title: 'updated' }))

    expect((await loaded()).title).toBe('updated')
    expect(await textsOfRow()).toEqual(['second', '2', '3'])
  })

  it('does not put back what an update with the entity itself had put there, after a save of a title', async () => {
    const document = await loaded()
    await documents.save(Object.assign(document, { title: 'a title' }))
    await documents.update(id, Object.assign(document, { content: textFile('second') }))
    await documents.save({ id, content: textFile('third') })

    await documents.save(Object.assign(document, { title: 'another title' }))

    expect(await textsOfRow()).toEqual(['third', '1'])
  })

  it('cannot give the old file, which is gone, to another row', async () => {
    const stale = await staleDocument()

    const saving = documents.save({ content: stale.content })

    await expect(saving).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await documents.count()).toBe(1)
  })
})

describe('one object with values', () => {
  it('is set in several rows one after the other: the first has its file, the others copies', async () => {
    const other = await documents.save({ content: textFile('other'), attachments: [textFile('o')] })
    const values = { content: textFile('new'), attachments: [textFile('n')] }

    for (const row of [id, other.id]) await documents.update(row, values)

    expect(await textsOfRow()).toEqual(['new', 'n'])
    const { content, attachments } = await documents.findOneByOrFail({ id: other.id })
    expect(await textsOf([content, ...attachments!])).toEqual(['new', 'n'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('takes the files of several rows away one after the other', async () => {
    const other = await documents.save({ content: textFile('other'), attachments: [textFile('o')] })
    const values = { content: null, attachments: [] }

    for (const row of [id, other.id]) await documents.update(row, values)

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

// On the one connection of SQLite, transactions follow each other.
if (!isOn('sqlite')) {
  describe('two transactions at the same time', () => {
    it('of which one saves a title do not put the file back that the other has replaced', async () => {
      const queryRunners = [1, 2].map(() => database.dataSource.createQueryRunner())
      const [first, second] = queryRunners
      for (const queryRunner of queryRunners) await queryRunner.startTransaction('READ COMMITTED')
      const stale = await second!.manager.findOneByOrFail(Document, { id })

      await first!.manager.save(Document, { id, content: textFile('second') })
      const saving = second!.manager.save(Object.assign(stale, { title: 'only the title' }))
      await untilSomebodyWaits()
      await first!.commitTransaction()
      await saving
      await second!.commitTransaction()

      expect((await loaded()).title).toBe('only the title')
      expect(await textsOfRow()).toEqual(['second', '1'])
      for (const queryRunner of queryRunners) await queryRunner.release()
    })

    it('that both replace it leave the file of the last, and no other', async () => {
      const queryRunners = [1, 2].map(() => database.dataSource.createQueryRunner())
      const [first, second] = queryRunners
      for (const queryRunner of queryRunners) await queryRunner.startTransaction('READ COMMITTED')
      const documentsOfBoth = [await first!.manager.findOneByOrFail(Document, { id })]
      documentsOfBoth.push(await second!.manager.findOneByOrFail(Document, { id }))

      await first!.manager.save(Object.assign(documentsOfBoth[0]!, { content: textFile('second') }))
      const saving = second!.manager.save(Object.assign(documentsOfBoth[1]!, { content: textFile('third') }))
      await untilSomebodyWaits()
      await first!.commitTransaction()
      await saving
      await second!.commitTransaction()

      expect(await textsOfRow()).toEqual(['third', '1'])
      expect(await database.pathsOfFiles()).toHaveLength(2)
      for (const queryRunner of queryRunners) await queryRunner.release()
    })
  })
}
