import { describe, expect, it } from '@jest/globals'
import { connected } from './connected.ts'

const on = connected()

describe('indexes and collections on the MongoDB test server', () => {
  it('let one of many racing inserts have a unique value', async () => {
    const things = on.db.collection('things')
    await things.createIndex({ a: 1, b: 1 }, { unique: true }, {})

    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => things.insertOne({ a: 1, b: 'x' })),
    )

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await things.insertOne({ a: 1, b: 'y' })
    await expect(things.updateOne({ b: 'y' }, { $set: { b: 'x' } })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { a: 1, b: 1 },
    })
  })

  it('refuse an upsert that would make a document with an id that is taken', async () => {
    const things = on.db.collection<{ _id: number; a: number }>('things')
    await things.insertOne({ _id: 1, a: 1 })
    const taken = { code: 11000, keyPattern: { _id: 1 } }
    const upsert = { upsert: true }

    await expect(things.updateOne({ _id: 1, a: 2 }, { $set: { a: 3 } }, upsert)).rejects.toMatchObject(taken)
    await expect(things.findOneAndUpdate({ _id: 1, a: 2 }, { $set: { a: 3 } }, upsert)).rejects.toMatchObject(
      taken,
    )

    expect(await things.find().toArray()).toEqual([{ _id: 1, a: 1 }])
  })

  it('free a value when its document goes or changes', async () => {
    const things = on.db.collection('things')
    await things.createIndex({ a: 1 }, { unique: true }, {})
    await things.insertOne({ a: 1 })

    await things.updateOne({ a: 1 }, { $set: { a: 2 } })
    await things.insertOne({ a: 1 })
    await things.deleteOne({ a: 2 })
    await things.insertOne({ a: 2 })

    expect(await things.countDocuments({ a: { $in: [1, 2] } })).toBe(2)
  })

  it('are unique for the documents of a partial index only', async () => {
    const things = on.db.collection('things')
    const partialFilterExpression = { active: true }
    await things.createIndex({ a: 1 }, { unique: true, partialFilterExpression }, {})

    await things.insertMany([
      { a: 1, active: true },
      { a: 1, active: false },
      { a: 1, active: false },
    ])

    await expect(things.insertOne({ a: 1, active: true })).rejects.toMatchObject({ code: 11000 })
    expect(await things.countDocuments({ a: 1 })).toBe(3)
  })

  it('cannot be made where values are double, and are made once', async () => {
    const things = on.db.collection('things')
    await things.insertMany([{ a: 1 }, { a: 1 }])

    await expect(things.createIndex({ a: 1 }, { unique: true }, {})).rejects.toMatchObject({ code: 11000 })
    expect(await things.createIndex({ a: 1 })).toBe('a_1')
    expect(await things.createIndex({ a: 1 })).toBe('a_1')
    await expect(things.createIndex({ a: 1 }, { name: 'other' }, {})).rejects.toMatchObject({ code: 85 })
    expect((await things.indexes()).map(({ name }) => name)).toEqual(['_id_', 'a_1'])
  })

  it('are listed and dropped', async () => {
    const things = on.db.collection('things')
    await things.createIndexes([{ key: { a: 1 } }, { key: { b: -1 }, unique: true }])

    await things.dropIndex('a_1')

    expect(await things.indexes()).toMatchObject([
      { name: '_id_' },
      { name: 'b_-1', key: { b: -1 }, unique: true },
    ])
    await expect(things.dropIndex('a_1')).rejects.toMatchObject({ code: 27 })
    await expect(on.db.collection('missing').indexes()).rejects.toMatchObject({ code: 26 })
  })

  it('go with a collection to its new name', async () => {
    await on.db.collection('a').createIndex({ name: 1 }, { unique: true }, {})
    await on.db.collection('a').insertOne({ name: 'x' })
    await on.db.collection('c').insertOne({ name: 'gone' })

    await on.db.collection('a').rename('b')
    await expect(on.db.collection('a').rename('d')).rejects.toMatchObject({ code: 26 })
    await expect(on.db.collection('b').rename('c')).rejects.toMatchObject({ code: 48 })
    await on.db.collection('b').rename('c', { dropTarget: true })

    expect((await on.db.listCollections().toArray()).map(({ name }) => name)).toEqual(['c'])
    await expect(on.db.collection('c').insertOne({ name: 'x' })).rejects.toMatchObject({ code: 11000 })
    expect(
      await on.db
        .collection('c')
        .find({}, { projection: { _id: 0 } })
        .toArray(),
    ).toEqual([{ name: 'x' }])
  })

  it('belong to collections that are made by the first write, listed and dropped', async () => {
    await on.db.collection('b').insertOne({})
    await on.db.createCollection('a')

    expect((await on.db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual(['a', 'b'])
    await on.db.collection('b').drop()
    expect(await on.db.listCollections({ name: 'b' }).toArray()).toEqual([])
    await on.db.dropDatabase()
    expect(await on.db.listCollections().toArray()).toEqual([])
  })
})
