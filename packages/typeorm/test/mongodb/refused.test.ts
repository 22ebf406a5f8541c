import 'reflect-metadata'
import { DepotManager, MemoryBackend, type UploadedFile } from '@filedepot/core'
import { attachDepot, UploadedFileColumn } from '@filedepot/typeorm'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { MongoClient, ObjectId } from 'mongodb'
import { Column, DataSource, Entity, ObjectIdColumn } from 'typeorm'
import { textFile, textOf } from '../support/contents.ts'
import { Cover, Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

@Entity('plain')
class Plain {
  @ObjectIdColumn()
  id!: ObjectId

  @Column()
  name!: string
}

const on = onMongodb([Page, Plain])
const pages = () => on.database.dataSource.getMongoRepository(Page)

beforeEach(async () => {
  await pages().save(pages().create({ name: 'one', views: 1, file: textFile('1'), notes: [textFile('a')] }))
})

/** The client behind the data source. */
function client(): MongoClient {
  const { queryRunner } = on.database.dataSource.driver as unknown as {
    queryRunner: { databaseConnection: MongoClient }
  }
  return queryRunner.databaseConnection
}

describe('writes that files cannot follow are refused, and nothing is written', () => {
  it.each<[string, () => unknown]>([
    ['$push', () => pages().updateOne({}, { $push: { notes: textFile('x') } as never })],
    ['$pull', () => pages().updateMany({}, { $pull: { notes: {} } as never })],
    ['$pop', () => pages().updateOne({}, { $pop: { notes: 1 } })],
    ['$rename of a file column', () => pages().updateOne({}, { $rename: { file: 'other' } })],
    ['$rename to a file column', () => pages().updateOne({}, { $rename: { name: 'file' } })],
    ['$setOnInsert', () => pages().updateOne({}, { $setOnInsert: { file: null } }, { upsert: true })],
    ['$set within a file', () => pages().updateOne({}, { $set: { 'file.filename': 'x' } })],
    ['$set within a list', () => pages().updateOne({}, { $set: { 'notes.0': textFile('x') } })],
    ['$unset within a list', () => pages().updateOne({}, { $unset: { 'notes.0': '' } })],
    ['a pipeline that sets', () => pages().updateOne({}, [{ $set: { file: null } }] as never)],
    ['a pipeline that unsets', () => pages().updateOne({}, [{ $unset: ['name', 'file'] }] as never)],
    ['a pipeline that replaces', () => pages().updateOne({}, [{ $replaceWith: { name: 'x' } }] as never)],
    [
      'an upsert by a file',
      () => pages().updateOne({ 'file.id': 'x' }, { $set: { views: 2 } }, { upsert: true }),
    ],
    [
      'an upsert by a file, within $and',
      () => pages().replaceOne({ $and: [{ file: null }] }, { name: 'x' }, { upsert: true }),
    ],
    [
      'findOneAndUpdate that answers with the new document',
      () => pages().findOneAndUpdate({}, { $set: { file: null } }, { returnDocument: 'after' }),
    ],
    [
      'findOneAndReplace that answers with the new document',
      () => pages().findOneAndReplace({}, { name: 'x' }, { returnDocument: 'after' }),
    ],
    [
      'bulkWrite that inserts a file',
      () => pages().bulkWrite([{ insertOne: { document: { file: textFile('x') } } }]),
    ],
    [
      'bulkWrite that sets a file',
      () => pages().bulkWrite([{ updateMany: { filter: {}, update: { $set: { file: null } } } }]),
    ],
    ['bulkWrite that deletes', () => pages().bulkWrite([{ deleteOne: { filter: {} } }])],
    [
      'bulkWrite that replaces',
      () => pages().bulkWrite([{ replaceOne: { filter: {}, replacement: { name: 'x' } } }]),
    ],
    ['initializeOrderedBulkOp', () => pages().initializeOrderedBulkOp()],
    ['initializeUnorderedBulkOp', () => pages().initializeUnorderedBulkOp()],
    ['aggregate with $out', () => plain().aggregate([{ $out: 'page' }])],
    ['aggregate with $merge', () => plain().aggregate([{ $merge: { into: { db: 'x', coll: 'page' } } }])],
    ['aggregateEntity with $merge', () => plain().aggregateEntity([{ $merge: 'page' }])],
    ['rename over the collection', () => plain().rename('page', { dropTarget: true })],
  ])('%s', async (_, write) => {
    const before = await on.database.documents(Page)

    const refused = (async () => {
      await write()
    })()

    await expect(refused).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('Page'),
    })
    expect(await on.database.documents(Page)).toEqual(before)
  })

  it('in a transaction of a session, of which nobody hears how it ends', async () => {
    const session = client().startSession()
    session.startTransaction()

    await expect(pages().deleteMany({}, { session } as never)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
    })

    await session.abortTransaction()
    await session.endSession()
    expect(await pages().countDocuments()).toBe(1)
  })

  it('by criteria that are none', async () => {
    await expect(pages().deleteOne(undefined as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(pages().insertMany([null as never])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each<[string, () => Promise<unknown>]>([
    ['softDelete', () => pages().softDelete({ name: 'one' })],
    ['restore', () => pages().restore({ name: 'one' })],
    ['upsert', () => pages().upsert({ name: 'one', file: textFile('x') }, ['name'])],
  ])('%s, by TypeORM itself', async (_, write) => {
    const writes = on.database.chaos.calls('write')

    await expect((async () => await write())()).rejects.toThrow()

    expect(on.database.chaos.calls('write')).toBe(writes)
  })
})

const plain = () => on.database.dataSource.getMongoRepository(Plain)

describe('entities without files', () => {
  it('are written as ever', async () => {
    await plain().save([plain().create({ name: 'a' }), plain().create({ name: 'b' })])
    await plain().bulkWrite([{ deleteOne: { filter: { name: 'a' } } }])
    const bulk = plain().initializeOrderedBulkOp()
    bulk.insert({ name: 'c' })
    await bulk.execute()
    await plain()
      .aggregate([{ $match: {} }])
      .toArray()
    await plain().rename('other')

    expect(await textOf((await pages().findOneByOrFail({ name: 'one' })).file)).toBe('1')
  })
})

describe('file columns that TypeORM cannot keep in documents', () => {
  @Entity()
  class Named {
    @ObjectIdColumn()
    id!: ObjectId

    @UploadedFileColumn({ name: 'other' })
    file!: UploadedFile | null
  }

  @Entity()
  class Album {
    @ObjectIdColumn()
    id!: ObjectId

    @Column(() => Cover)
    covers!: Cover[]
  }

  it.each([
    ['with a name of its own', Named, 'Named.file'],
    ['in an array of embedded documents', Album, 'Album.covers.picture'],
  ])('%s are refused when the data source is initialised', async (_, entity, name) => {
    const depot = new DepotManager()
    depot.configure('default', new MemoryBackend())
    const { options } = on.database.dataSource
    const dataSource = attachDepot(new DataSource({ ...options, entities: [entity] }), depot)

    await expect(dataSource.initialize()).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining(name),
    })
  })
})
