import { describe, expect, it } from '@jest/globals'
import { Binary, Double, Int32, Long, MongoServerError, ObjectId, UUID } from 'mongodb'
import { connected } from './connected.ts'

const on = connected()

describe('documents on the MongoDB test server', () => {
  it('come back with the types that they were stored with', async () => {
    const document = {
      _id: new ObjectId(),
      text: 'Ада',
      whole: new Int32(5),
      real: new Double(5),
      long: Long.fromString('9007199254740993'),
      date: new Date(5),
      bytes: new Binary(Buffer.from([1, 2, 3])),
      uuid: new UUID(),
      nothing: null,
      list: [1, { a: true }],
      pattern: /a.b/i,
    }
    await on.db.collection('things').insertOne(document)

    const found = await on.db.collection('things').findOne({}, { promoteValues: false, promoteLongs: false })

    expect(found).toMatchObject({ whole: new Int32(5), real: new Double(5), long: document.long })
    expect([found?.whole, found?.real, found?.long].map((value: object) => value.constructor.name)).toEqual([
      'Int32',
      'Double',
      'Long',
    ])
    expect(found).toMatchObject({ text: 'Ада', date: new Date(5), nothing: null, pattern: /a.b/i })
    expect((found?.bytes as Binary).value()).toEqual(Buffer.from([1, 2, 3]))
    expect(document.uuid.equals(found?.uuid as UUID)).toBe(true)
  })

  it('are found by the values of BSON, and compared within their type only', async () => {
    const things = on.db.collection<{ _id: ObjectId | string | number }>('things')
    const ids = [new ObjectId(), new ObjectId(), 'a', 'b', 1]
    await things.insertMany(ids.map((_id) => ({ _id })))

    expect(await things.findOne({ _id: new ObjectId(ids[0] as ObjectId) })).toEqual({ _id: ids[0] })
    expect(await idsOf({ _id: { $in: [ids[1], 'b', 7] } })).toEqual(['b', ids[1]])
    expect(await idsOf({ _id: { $gt: '' } })).toEqual(['a', 'b'])
    expect(await idsOf({ _id: { $gt: ids[0] } })).toEqual([ids[1]])
    expect(await idsOf({})).toEqual([1, 'a', 'b', ids[0], ids[1]])

    async function idsOf(filter: object): Promise<unknown[]> {
      return (await things.find(filter).sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
    }
  })

  it('are sorted, skipped, limited and projected, over several batches', async () => {
    const things = on.db.collection('things')
    await things.insertMany(
      Array.from({ length: 500 }, (_, n) => ({ _id: n as never, half: n % 2, text: 'x' })),
    )

    const found = await things
      .find({ half: 1 }, { projection: { _id: 1 } })
      .sort({ _id: -1 })
      .skip(10)
      .limit(200)
      .batchSize(30)
      .toArray()

    expect(found).toEqual(Array.from({ length: 200 }, (_, n) => ({ _id: 479 - 2 * n })))
    expect(on.server.openCursors).toBe(0)
  })

  it('that are deleted while a cursor is open are not in its later batches', async () => {
    const things = on.db.collection('things')
    await things.insertMany(Array.from({ length: 30 }, (_, n) => ({ _id: n as never })))
    const cursor = things.find({}, { batchSize: 10 }).sort({ _id: 1 })
    await cursor.next()

    await things.deleteMany({ _id: { $gte: 20 as never } })

    // One is read ahead, as it may be on a server.
    expect((await cursor.toArray()).length).toBeLessThan(21)
  })

  it('leave no cursor behind where the client closes it', async () => {
    await on.db.collection('things').insertMany(Array.from({ length: 30 }, () => ({})))
    const cursor = on.db.collection('things').find({}, { batchSize: 10 })
    await cursor.next()
    expect(on.server.openCursors).toBe(1)

    await cursor.close()

    expect(on.server.openCursors).toBe(0)
  })

  it('are updated by operators, by whole documents and by pipelines', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ _id: 'a' as never, n: 1, list: [1], old: { inner: 'kept' } })

    await things.updateOne({ n: 1 }, { $set: { 'old.more': 2 }, $inc: { n: 4 }, $push: { list: 2 as never } })
    expect(await things.findOne()).toEqual({ _id: 'a', n: 5, list: [1, 2], old: { inner: 'kept', more: 2 } })

    await things.updateOne({ _id: 'a' as never }, [
      { $replaceWith: { _id: 'a', before: '$n', text: { $literal: '$n' } } },
    ])
    expect(await things.findOne()).toEqual({ _id: 'a', before: 5, text: '$n' })

    await things.replaceOne({ _id: 'a' as never }, { whole: true })
    expect(await things.findOne()).toEqual({ _id: 'a', whole: true })
  })

  it('are made by an upsert from its filter, once however many upsert at once', async () => {
    const things = on.db.collection<{ _id: string; n?: number; made?: boolean }>('things')

    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => things.updateOne({ _id: 'a' }, { $inc: { n: 1 } }, { upsert: true })),
    )

    expect(outcomes.filter(({ upsertedCount }) => upsertedCount === 1)).toHaveLength(1)
    expect(await things.find().toArray()).toEqual([{ _id: 'a', n: 20 }])
  })

  it('have what only an insert sets when they are made by an upsert, and keep it', async () => {
    const things = on.db.collection<{ _id: string; first: number }>('things')

    for (const first of [1, 2]) {
      await things.updateOne({ _id: 'a' }, { $setOnInsert: { first } }, { upsert: true })
    }

    expect(await things.find().toArray()).toEqual([{ _id: 'a', first: 1 }])
  })

  it('are found and changed in one step', async () => {
    const things = on.db.collection('things')
    const made = await things.findOneAndUpdate({ _id: 'a' as never }, { $set: { n: 1 } }, { upsert: true })
    const before = await things.findOneAndUpdate(
      { n: 1 },
      { $inc: { n: 1 } },
      { projection: { n: 1, _id: 0 } },
    )
    const after = await things.findOneAndReplace({ n: 2 }, { n: 3 }, { returnDocument: 'after' })
    const removed = await things.findOneAndDelete({ n: 3 })

    expect([made, before, after, removed]).toEqual([null, { n: 1 }, { _id: 'a', n: 3 }, { _id: 'a', n: 3 }])
    expect(await things.countDocuments()).toBe(0)
  })

  it('are deleted, one or many', async () => {
    const things = on.db.collection('things')
    await things.insertMany([{ n: 1 }, { n: 1 }, { n: 1 }, { n: 2 }])

    expect(await things.deleteOne({ n: 1 })).toMatchObject({ deletedCount: 1 })
    expect(await things.deleteMany({ n: 1 })).toMatchObject({ deletedCount: 2 })
    expect(await things.countDocuments()).toBe(1)
  })

  it('are written in bulk, up to the first error or past it', async () => {
    const things = on.db.collection<{ _id: number }>('things')
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }]

    await expect(things.insertMany(documents)).rejects.toMatchObject({ code: 11000 })
    expect(await things.countDocuments()).toBe(1)
    await expect(things.insertMany(documents, { ordered: false })).rejects.toMatchObject({ code: 11000 })
    expect(await things.countDocuments()).toBe(2)
  })

  it('are counted, told apart, grouped and looked up', async () => {
    await on.db.collection('people').insertMany([
      { name: 'Ada', city: 'London', tags: ['x', 'y'] },
      { name: 'Alan', city: 'London', tags: ['y'] },
      { name: 'Grace', city: 'New York', tags: [] },
    ])
    await on.db.collection('cities').insertOne({ _id: 'London' as never, country: 'UK' })
    const people = on.db.collection('people')

    expect(await people.countDocuments({ city: 'London' })).toBe(2)
    expect(await people.estimatedDocumentCount()).toBe(3)
    expect((await people.distinct('tags')).sort()).toEqual(['x', 'y'])
    const pipeline = [
      { $match: { name: /^A/ } },
      { $lookup: { from: 'cities', localField: 'city', foreignField: '_id', as: 'place' } },
      { $group: { _id: '$city', names: { $push: '$name' }, country: { $first: '$place.country' } } },
    ]
    expect(await people.aggregate(pipeline).toArray()).toEqual([
      { _id: 'London', names: ['Ada', 'Alan'], country: ['UK'] },
    ])
  })

  it('of more than 16 MiB are refused', async () => {
    const writing = on.db.collection('things').insertOne({ data: Buffer.alloc(16 * 1024 * 1024) })

    await expect(writing).rejects.toMatchObject({ code: 10334 })
    expect(await on.db.collection('things').countDocuments()).toBe(0)
  })

  it('are asked for with a clear error where the question makes no sense', async () => {
    await expect(on.db.collection('things').findOne({ a: { $nonsense: 1 } })).rejects.toThrow(
      MongoServerError,
    )
    await expect(on.db.command({ nonsense: 1 })).rejects.toMatchObject({ code: 59 })
  })
})
