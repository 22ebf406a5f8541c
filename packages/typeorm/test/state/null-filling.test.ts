import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { EventSubscriber, type EntitySubscriberInterface, type Repository, type UpdateEvent } from 'typeorm'
import { Document } from '../entities/document.ts'
import { Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** What a subscriber of the application saw in `afterUpdate`. */
const seen: unknown[] = []

@EventSubscriber()
class Sees implements EntitySubscriberInterface<Document> {
  listenTo() {
    return Document
  }

  afterUpdate({ entity }: UpdateEvent<Document>): void {
    seen.push(entity?.content)
  }
}

let database: TestDatabase
let documents: Repository<Document>
let id: number

beforeEach(async () => {
  seen.length = 0
  database = await TestDatabase.open([Document, Vehicle], { dataSource: { subscribers: [Sees] } })
  documents = database.dataSource.getRepository(Document)
  const saved = await documents.save({ content: textFile('first'), attachments: [textFile('1')] })
  id = saved.id
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function textsOfRow(): Promise<(string | undefined)[]> {
  const { content, attachments } = await documents.findOneByOrFail({ id })
  return await textsOf([content, ...(attachments ?? [])])
}

describe('a nullable column that TypeORM fills with null in memory after an UPDATE', () => {
  it('is left undefined in a plain object with an id, so that the next save keeps the file', async () => {
    const values: Partial<Document> = { id, title: 'a' }

    const saved = await documents.save(values)
    expect([values.content, saved.content]).toEqual([undefined, undefined])
    await documents.save(Object.assign(saved, { title: 'b' }))

    expect(await textsOfRow()).toEqual(['first', '1'])
  })

  it('is left undefined in an object that was made with create()', async () => {
    const document = documents.create({ id, title: 'a' })

    for (const title of ['b', 'c']) await documents.save(Object.assign(document, { title }))

    expect(document.content).toBeUndefined()
    expect(await textsOfRow()).toEqual(['first', '1'])
  })

  it('is left undefined where another file is saved in the same object', async () => {
    const values: Partial<Document> = { id, attachments: [textFile('2')] }

    await documents.save(values)
    await documents.save(Object.assign(values, { title: 'b' }))

    expect(await textsOfRow()).toEqual(['first', '2'])
  })

  it('is left undefined in each of several that are saved at once', async () => {
    const other = await documents.save({ content: textFile('other') })
    const both: Partial<Document>[] = [
      { id, title: 'a' },
      { id: other.id, title: 'b' },
    ]

    await documents.save(both)
    for (const values of both) values.title = 'c'
    await documents.save(both)

    expect(await textsOfRow()).toEqual(['first', '1'])
    expect(await textOf((await documents.findOneByOrFail({ id: other.id })).content)).toBe('other')
  })

  it('is left undefined within an embedded object', async () => {
    const vehicles = database.dataSource.getRepository(Vehicle)
    const vehicle = await vehicles.save({ papers: { scan: textFile('scan') } })
    const values: { id: number; photo: Vehicle['photo'] } = { id: vehicle.id, photo: textFile('photo') }

    await vehicles.save(values)
    await vehicles.save(Object.assign(values, { photo: textFile('new photo') }))

    const { papers } = await vehicles.findOneByOrFail({ id: vehicle.id })
    expect(await textOf(papers.scan)).toBe('scan')
  })

  it('is null where null was saved', async () => {
    const values: Partial<Document> = { id, title: 'a', content: null }

    await documents.save(values)

    expect(values.content).toBeNull()
    expect(await textsOfRow()).toEqual([undefined, '1'])
  })

  it('is null in an entity that was inserted without a file', async () => {
    const document = documents.create({ title: 'a' })

    await documents.save(document)

    expect(document.content).toBeNull()
    await documents.save(Object.assign(document, { title: 'b' }))
    expect((await documents.findOneByOrFail({ id: document.id })).content).toBeNull()
  })

  it('leaves a file alone that somebody has put into a row that was inserted without one', async () => {
    const document = documents.create({ title: 'a' })
    await documents.save(document)
    await documents.update(document.id, { content: textFile('put there') })

    await documents.save(Object.assign(document, { title: 'b' }))

    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('put there')
  })

  it('keeps the file also where the first save is rolled back', async () => {
    const values: Partial<Document> = { id, title: 'a' }

    await rolledBack(database.dataSource, (manager) => manager.save(Document, values))
    await documents.save(Object.assign(values, { title: 'b' }))

    expect(await textsOfRow()).toEqual(['first', '1'])
  })
})
