import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { EntityManager, Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { brokenFile, textFile, textOf, textsOf } from '../support/contents.ts'
import { errorsAbortTransactions, says } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
  await database.dataSource.query('CREATE UNIQUE INDEX one_title ON document (title)')
  await documents.save({ title: 'old', content: textFile('old'), attachments: [textFile('kept')] })
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function textOfRow(title: string): Promise<string | undefined> {
  return await textOf((await documents.findOneByOrFail({ title })).content)
}

describe('after a transaction that failed, a new entity', () => {
  it('has its pending value and the id that the database gave it, and can be saved again', async () => {
    const pending = textFile('new')
    const document = documents.create({ title: 'new', content: pending })

    await rolledBack(database.dataSource, (manager) => manager.save(document))

    expect(document.content).toBe(pending)
    expect(document.id).toBeGreaterThan(0)
    await documents.save(document)
    expect(await textOfRow('new')).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('has the bytes that it was given, and not a value made of them', async () => {
    const bytes = Buffer.from('bare')
    const document = documents.create({ title: 'new' })
    Object.assign(document, { content: bytes })

    await rolledBack(database.dataSource, (manager) => manager.save(document))

    expect(document.content).toBe(bytes)
    await documents.save(document)
    expect(await textOfRow('new')).toBe('bare')
  })

  it('has its pending value where its own INSERT was refused', async () => {
    const pending = textFile('new')
    const document = documents.create({ title: 'old', content: pending })

    await expect(documents.save(document)).rejects.toThrow(says.unique)

    expect(document.content).toBe(pending)
    await documents.save(Object.assign(document, { title: 'free' }))
    expect(await textOfRow('free')).toBe('new')
  })

  it('has its pending value where the upload of another failed', async () => {
    const pending = textFile('new')
    const document = documents.create({ title: 'new', content: pending })

    const saving = documents.save([document, documents.create({ title: 'b', content: brokenFile() })])

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(document.content).toBe(pending)
    await documents.save(document)
    expect(await textOfRow('new')).toBe('new')
  })

  it('is tried as often as one likes', async () => {
    const document = documents.create({ title: 'new', content: textFile('new') })

    for (let tries = 0; tries < 3; tries++)
      await rolledBack(database.dataSource, (manager) => manager.save(document))
    await documents.save(document)

    expect(await textOfRow('new')).toBe('new')
    expect(database.chaos.calls('write')).toBe(1 + 4)
  })
})

describe('after a transaction that failed, a changed entity', () => {
  it('has its pending values, and gives up the old files only when it is saved again', async () => {
    const document = await documents.findOneByOrFail({ title: 'old' })
    const [content, attachments] = [textFile('new'), [textFile('more')]]
    Object.assign(document, { content, attachments })

    await rolledBack(database.dataSource, (manager) => manager.save(document))

    expect(document.content).toBe(content)
    expect(document.attachments).toBe(attachments)
    expect(await textOfRow('old')).toBe('old')
    await documents.save(document)
    expect(await textOfRow('old')).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('has the value that it was given last of several', async () => {
    const document = await documents.findOneByOrFail({ title: 'old' })
    const last = textFile('last')

    await rolledBack(database.dataSource, async (manager) => {
      await manager.save(Object.assign(document, { content: textFile('first') }))
      await manager.save(Object.assign(document, { content: last }))
    })

    expect(document.content).toBe(last)
    await documents.save(document)
    expect(await textOfRow('old')).toBe('last')
  })

  it('keeps what the program has put there since', async () => {
    const document = await documents.findOneByOrFail({ title: 'old' })
    const later = textFile('later')

    await rolledBack(database.dataSource, async (manager) => {
      await manager.save(Object.assign(document, { content: textFile('new') }))
      document.content = later
    })

    expect(document.content).toBe(later)
    await documents.save(document)
    expect(await textOfRow('old')).toBe('later')
  })

  it('is null where null was saved, and gives up its file when it is saved again', async () => {
    const document = await documents.findOneByOrFail({ title: 'old' })

    await rolledBack(database.dataSource, (manager) =>
      manager.save(Object.assign(document, { content: null })),
    )
    expect(await textOfRow('old')).toBe('old')
    await documents.save(document)

    expect(await textOfRow('old')).toBeUndefined()
  })

  it('gives up its file where null is set, although null was what that transaction had loaded', async () => {
    let document = new Document()

    await rolledBack(database.dataSource, async (manager) => {
      await manager.update(Document, { title: 'old' }, { content: null })
      document = await manager.findOneByOrFail(Document, { title: 'old' })
      await manager.save(Object.assign(document, { content: textFile('new') }))
    })
    expect(await textOfRow('old')).toBe('old')
    await documents.save(Object.assign(document, { content: null }))

    expect(await textOfRow('old')).toBeUndefined()
  })

  it.each<[string, (document: Document) => Promise<void> | void, string[]]>([
    ['a file that was taken out of an array', ({ attachments }) => void attachments!.shift(), ['2', '3']],
    ['the new order of an array', ({ attachments }) => void attachments!.reverse(), ['3', '2', '1']],
    [
      'a file that was uploaded beforehand',
      async (document) => {
        document.attachments = [await database.depot.upload(textFile('early'))]
      },
      ['early'],
    ],
    [
      'an emptied array',
      (document) => {
        document.attachments = []
      },
      [],
    ],
  ])('still has %s, and is saved with it again', async (_, change, texts) => {
    await documents.update({ title: 'old' }, { attachments: ['1', '2', '3'].map((text) => textFile(text)) })
    const document = await documents.findOneByOrFail({ title: 'old' })
    await change(document)

    await rolledBack(database.dataSource, (manager) => manager.save(document))
    expect(await textsOf((await documents.findOneByOrFail({ title: 'old' })).attachments)).toEqual([
      '1',
      '2',
      '3',
    ])
    await documents.save(document)

    expect(await textsOf((await documents.findOneByOrFail({ title: 'old' })).attachments)).toEqual(texts)
  })

  it('that was removed can be removed again, by its id', async () => {
    const document = await documents.findOneByOrFail({ title: 'old' })
    const { id } = document

    await rolledBack(database.dataSource, (manager) => manager.remove(document))
    expect(await textOfRow('old')).toBe('old')
    await documents.remove(Object.assign(document, { id }))

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

/** What can be given to a write by criteria. */
interface Values {
  title: string
  content: UploadedFile
  attachments: UploadedFile[]
}

describe('after a transaction that failed, the object that was given to', () => {
  it.each<[string, string, (manager: EntityManager, values: Values) => Promise<unknown>]>([
    ['insert()', 'new', (manager, values) => manager.insert(Document, values)],
    ['update()', 'old', (manager, values) => manager.update(Document, { title: 'old' }, values)],
    ['upsert() of a new row', 'new', (manager, values) => manager.upsert(Document, values, ['title'])],
    [
      'upsert() of a row that is there',
      'old',
      (manager, values) => manager.upsert(Document, values, ['title']),
    ],
    [
      'the values of a query builder',
      'new',
      (manager, values) => manager.createQueryBuilder().insert().into(Document).values(values).execute(),
    ],
    [
      'the set of a query builder',
      'old',
      (manager, values) =>
        manager.createQueryBuilder().update(Document).set(values).where('title = :t', { t: 'old' }).execute(),
    ],
  ])('%s has its pending values, and the next try uploads again', async (_, title, write) => {
    const values: Values = { title, content: textFile('new'), attachments: [textFile('1'), textFile('2')] }
    const { content, attachments } = values

    await rolledBack(database.dataSource, (manager) => write(manager, values))

    expect(values.content).toBe(content)
    expect(values.attachments).toBe(attachments)
    expect(await textOfRow('old')).toBe('old')
    await write(database.dataSource.manager, values)
    const row = await documents.findOneByOrFail({ title })
    expect(await textsOf([row.content, ...row.attachments!])).toEqual(['new', '1', '2'])
  })

  it('insert() has its pending values where the database refuses the row', async () => {
    const values = { title: 'old', content: textFile('new') }
    const { content } = values

    await expect(documents.insert(values)).rejects.toThrow(says.unique)

    expect(values.content).toBe(content)
    await documents.insert(Object.assign(values, { title: 'free' }))
    expect(await textOfRow('free')).toBe('new')
  })
})

if (!errorsAbortTransactions) {
  describe('after a statement that failed in a transaction that goes on, an entity', () => {
    it('is saved with its file by the next try, in the same transaction', async () => {
      const document = await documents.save(documents.create({ title: 'mine', content: textFile('mine') }))

      await database.dataSource.transaction(async (manager) => {
        Object.assign(document, { title: 'old', content: textFile('new') })
        await expect(manager.save(document)).rejects.toThrow(says.unique)
        await manager.save(Object.assign(document, { title: 'free' }))
      })

      expect(await textOfRow('free')).toBe('new')
      expect(await database.pathsOfFiles()).toHaveLength(3)
    })

    it('is saved without its file by the next try, where null was to take it away', async () => {
      const document = await documents.save(documents.create({ title: 'mine', content: textFile('mine') }))

      await database.dataSource.transaction(async (manager) => {
        Object.assign(document, { title: 'old', content: null })
        await expect(manager.save(document)).rejects.toThrow(says.unique)
      })
      expect(await textOfRow('mine')).toBe('mine')
      await documents.save(Object.assign(document, { title: 'free' }))

      expect(await textOfRow('free')).toBeUndefined()
    })
  })
}

describe('after a savepoint that was rolled back, an entity', () => {
  it('has its pending value, and is saved again in the same transaction', async () => {
    const document = documents.create({ title: 'new', content: textFile('new') })
    const pending = document.content

    await database.dataSource.transaction(async (outer) => {
      const failure = new Error('of the savepoint')
      const inner = outer.transaction(async (manager) => {
        await manager.save(document)
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
      expect(document.content).toBe(pending)
      await outer.save(document)
    })

    expect(await textOfRow('new')).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})
