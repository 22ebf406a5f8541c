import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { EntitySubscriberInterface, InsertEvent, Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

const statements = new StatementLog()
let database: TestDatabase
let documents: Repository<Document>

beforeAll(async () => {
  database = await TestDatabase.open([Document], { dataSource: { logger: statements } })
  documents = database.dataSource.getRepository(Document)
})

beforeEach(() => {
  statements.clear()
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const BEGIN = /^(?:BEGIN|START TRANSACTION)/
const COMMIT = /^COMMIT/
const WRITE = /^(?:INSERT|UPDATE|DELETE)/

/** What the files of all documents say, in the order of their titles. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { title: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

describe('save of one entity', () => {
  it.each([
    ['an entity of the class', () => documents.create({ title: 'a', content: textFile('new') })],
    ['a plain object', () => ({ title: 'a', content: textFile('new') })],
  ])('that is new, %s, uploads its file and holds the stored value', async (_, make) => {
    const entity = make()

    const saved = await documents.save(entity)

    expect(saved).toBe(entity)
    expect(entity.content?.isPending).toBe(false)
    expect(await texts()).toEqual(['new'])
    expect(statements.matching(BEGIN)).toHaveLength(1)
  })

  it('that was loaded and changed replaces the file', async () => {
    const { id, content: old } = await documents.save({ title: 'a', content: textFile('old') })
    const entity = await documents.findOneByOrFail({ id })

    entity.content = textFile('new')
    await documents.save(entity)

    expect(await texts()).toEqual(['new'])
    expect(await database.exists(old)).toBe(false)
  })

  it('that is a plain object with an id replaces the file', async () => {
    const { id, content: old } = await documents.save({ title: 'a', content: textFile('old') })

    await documents.save({ id, content: textFile('new') })

    expect(await texts()).toEqual(['new'])
    expect(await database.exists(old)).toBe(false)
  })

  it('that is a plain object with an id and without the column keeps the file', async () => {
    const { id } = await documents.save({ title: 'a', content: textFile('kept') })
    const plain = { id, title: 'b' }

    await documents.save(plain)
    await documents.save(plain)

    expect(await texts()).toEqual(['kept'])
  })

  it('that did not change sends no statement that writes, and begins no transaction', async () => {
    const { id } = await documents.save({ content: textFile('same'), attachments: [textFile('same')] })
    const entity = await documents.findOneByOrFail({ id })
    statements.clear()

    await documents.save(entity)
    await documents.save({ id, content: entity.content, attachments: entity.attachments })

    expect(statements.matching(BEGIN)).toEqual([])
    expect(statements.matching(WRITE)).toEqual([])
  })

  it('with an id that no row has inserts it with its file', async () => {
    await documents.save({ id: 4711, content: textFile('new') })

    expect(await texts()).toEqual(['new'])
  })

  it('whose row has gone since it was loaded inserts it again, with a file of its own', async () => {
    const { id } = await documents.save({ content: textFile('gone') })
    const entity = await documents.findOneByOrFail({ id })
    await documents.delete(id)

    entity.content = textFile('new')
    await documents.save(entity)

    expect(await texts()).toEqual(['new'])
  })

  it('whose row and file have gone since it was loaded is refused', async () => {
    const { id } = await documents.save({ content: textFile('gone') })
    const entity = await documents.findOneByOrFail({ id })
    await documents.delete(id)

    await expect(documents.save(entity)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })

    expect(await documents.count()).toBe(0)
  })
})

describe('save of several entities', () => {
  it('inserts, replaces and gives up files in one transaction', async () => {
    const [replaced, emptied] = await documents.save([
      documents.create({ title: 'a', content: textFile('old') }),
      documents.create({ title: 'b', content: textFile('given up') }),
    ])
    statements.clear()

    await documents.save([
      { id: replaced!.id, content: textFile('replaced') },
      { id: emptied!.id, content: null },
      { title: 'c', content: textFile('new') },
    ])

    expect(await texts()).toEqual(['replaced', undefined, 'new'])
    expect(statements.matching(BEGIN)).toHaveLength(1)
    expect(statements.matching(COMMIT)).toHaveLength(1)
  })

  it('keeps every old file where one of the new ones cannot be uploaded', async () => {
    const rows = await documents.save(
      ['a', 'b'].map((title) => documents.create({ title, content: textFile(title) })),
    )

    const saving = documents.save([
      { id: rows[0]!.id, content: textFile('new') },
      { id: rows[1]!.id, content: brokenFile() },
    ])

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await texts()).toEqual(['a', 'b'])
  })

  it('in chunks is one transaction all the same', async () => {
    const entities = ['a', 'b', 'c'].map((title) => ({ title, content: textFile(title) }))
    statements.clear()

    await documents.save(entities, { chunk: 1 })

    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(statements.matching(BEGIN)).toHaveLength(1)
    expect(statements.matching(/^INSERT/)).toHaveLength(3)
  })

  it('in chunks takes back the chunks before the one that fails', async () => {
    const saving = documents.save(
      [{ content: textFile('first') }, { content: textFile('second') }, { content: brokenFile() }],
      { chunk: 1 },
    )

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('save of the same row twice in one array', () => {
  it.each([
    ['a row with a file', () => textFile('old')],
    ['a row without a file', () => null],
  ])('leaves one file of %s', async (_, before) => {
    const { id } = await documents.save({ content: before() })

    await documents.save([
      { id, content: textFile('one') },
      { id, content: textFile('two') },
    ])

    expect(['one', 'two']).toContain((await texts())[0])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('leaves no file where one of the two takes it away', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await documents.save([
      { id, content: textFile('one') },
      { id, content: null },
    ])

    expect(await database.pathsOfFiles()).toHaveLength((await texts()).filter(Boolean).length)
  })

  it('keeps the old file alone where it is rolled back', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, [
        { id, content: textFile('one') },
        { id, content: textFile('two') },
      ])
      throw new Error('rolled back on purpose')
    })

    await expect(saving).rejects.toThrow('on purpose')
    expect(await texts()).toEqual(['old'])
  })

  it.each([
    ['a row with a file', () => textFile('old')],
    ['a row without a file', () => null],
  ])('leaves one file of %s where it is the same object', async (_, before) => {
    const entity = await documents.save(documents.create({ content: before() }))

    entity.content = textFile('new')
    await documents.save([entity, entity])

    expect(await texts()).toEqual(['new'])
    expect(await textOf(entity.content)).toBe('new')
  })

  it('gives the object that lost its pending file back', async () => {
    const { id } = await documents.save({ content: null })
    const pairs = [textFile('one'), textFile('two')].map((content) => ({ content, entity: { id, content } }))

    await documents.save(pairs.map(({ entity }) => entity))

    const [written, lost] = pairs[0]!.entity.content.isPending ? pairs.reverse() : pairs
    expect(await texts()).toEqual([await textOf(written!.entity.content)])
    expect(lost!.entity.content).toBe(lost!.content)
  })

  it('is refused where it is a new object, which TypeORM would make two rows of', async () => {
    const entity = documents.create({ content: textFile('new') })
    const early = documents.create({ content: await database.depot.upload(textFile('early')) })

    for (const twice of [entity, early])
      await expect(documents.save([twice, twice])).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })

    expect(await documents.count()).toBe(0)
    await documents.save([entity, early])
    expect((await texts()).sort()).toEqual(['early', 'new'])
  })

  it('is as TypeORM has it where a new object has no file', async () => {
    const entity = documents.create({ title: 'twice', content: null })

    await documents.save([entity, entity])

    expect(await documents.countBy({ title: 'twice' })).toBe(2)
  })
})

describe('options of save', () => {
  it('reload: false stores the file as ever', async () => {
    const entity = documents.create({ content: textFile('new') })

    await documents.save(entity, { reload: false })
    entity.content = textFile('newer')
    await documents.save(entity, { reload: false })

    expect((await texts()).at(-1)).toBe('newer')
  })

  it('reload: false is rolled back as ever', async () => {
    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('gone') }, { reload: false })
      throw new Error('rolled back on purpose')
    })

    await expect(saving).rejects.toThrow('on purpose')
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('data reaches the subscribers of the application, and the files follow as ever', async () => {
    const seen: unknown[] = []
    const subscriber: EntitySubscriberInterface<Document> = {
      listenTo: () => Document,
      beforeInsert: ({ queryRunner, entity }: InsertEvent<Document>) => {
        seen.push(queryRunner.data)
        entity.content = textFile(`by ${String(queryRunner.data.by)}`)
      },
    }
    database.dataSource.subscribers.unshift(subscriber)

    await documents.save({ content: null }, { data: { by: 'Ada' } })
    const saving = documents.save([{}, { attachments: [brokenFile()] }], { data: { by: 'Bob' } })
    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    database.dataSource.subscribers.shift()

    expect(seen).toEqual([{ by: 'Ada' }, { by: 'Bob' }, { by: 'Bob' }])
    expect(await texts()).toEqual(['by Ada'])
  })
})
