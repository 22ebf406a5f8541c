import 'reflect-metadata'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { describe, expect, it } from '@jest/globals'
import { DataSource, EventSubscriber, type EntitySubscriberInterface, type InsertEvent } from 'typeorm'
import { Document } from './entities/document.ts'
import { Receipt } from './entities/receipt.ts'
import { textFile, textOf } from './support/contents.ts'
import { isOn } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

function newDepot(): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  return depot
}

function newDataSource(more: object = {}): DataSource {
  return new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Document, Receipt],
    synchronize: true,
    ...more,
  })
}

describe('attachDepot', () => {
  it('works before and after initialize()', async () => {
    const depot = newDepot()
    const dataSource = await newDataSource().initialize()
    attachDepot(dataSource, depot)

    const { content } = await dataSource.manager.save(Document, { content: textFile('after') })

    expect(await depot.get().exists(content.id)).toBe(true)
    await dataSource.destroy()
  })

  it('holds when the data source is destroyed and initialised again', async () => {
    const depot = newDepot()
    const dataSource = attachDepot(newDataSource(), depot)
    await dataSource.initialize()
    await dataSource.destroy()
    await dataSource.initialize()

    const { content } = await dataSource.manager.save(Document, { content: textFile('again') })

    expect(await depot.get().exists(content.id)).toBe(true)
    await dataSource.destroy()
  })

  it('gives two data sources their own depots', async () => {
    const [first, second] = [newDepot(), newDepot()]
    const [one, two] = [attachDepot(newDataSource(), first), attachDepot(newDataSource(), second)]
    await Promise.all([one.initialize(), two.initialize()])

    const inOne = await one.manager.save(Document, { content: textFile('one') })
    await two.manager.save(Document, { content: textFile('two') })

    const [loaded] = await two.manager.find(Document)
    expect(await textOf(inOne.content)).toBe('one')
    expect(await textOf(loaded?.content)).toBe('two')
    expect(await second.get().exists(inOne.content.id)).toBe(false)
    await Promise.all([one.destroy(), two.destroy()])
  })

  it('attaches the same depot once, and refuses a second one', () => {
    const depot = newDepot()
    const dataSource = attachDepot(newDataSource(), depot)

    expect(attachDepot(dataSource, depot)).toBe(dataSource)
    expect(dataSource.subscribers).toEqual([])
    expect(() => attachDepot(dataSource, newDepot())).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('sees the file that a subscriber of the application sets', async () => {
    @EventSubscriber()
    class AddsFile implements EntitySubscriberInterface<Document> {
      listenTo() {
        return Document
      }

      beforeInsert({ entity }: InsertEvent<Document>): void {
        entity.content = textFile('from a subscriber')
      }
    }
    const depot = newDepot()
    const dataSource = attachDepot(newDataSource({ subscribers: [AddsFile] }), depot)
    await dataSource.initialize()

    const { id } = await dataSource.manager.save(Document, { title: 'plain' })

    expect(await textOf((await dataSource.manager.findOneByOrFail(Document, { id })).content)).toBe(
      'from a subscriber',
    )
    await dataSource.destroy()
  })

  it('gives each query runner a manager of its own, and SQLite its one manager', async () => {
    const database = await TestDatabase.open([Document])
    const { dataSource } = database
    const [one, two] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()]
    const { manager } = one
    const { manager: other } = two

    expect(manager.queryRunner).toBe(one)
    expect(other.queryRunner).toBe(two)
    expect(other === manager).toBe(isOn('sqlite'))
    // As packages do that find the transaction of a request by its asynchronous context.
    Object.defineProperty(one, 'manager', { get: () => other, set: () => undefined })
    expect(dataSource.createEntityManager(one).queryRunner).toBe(one)
    await Promise.all([one.release(), two.release()])
    await database.close()
  })

  it('leaves the prototypes of TypeORM alone', async () => {
    const before = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(newDataSource().manager) as object)

    const database = await TestDatabase.open([Document])

    const untouched = newDataSource()
    expect(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(untouched.manager) as object)).toEqual(
      before,
    )
    expect(Object.hasOwn(untouched.manager, 'save')).toBe(false)
    await database.close()
  })
})
