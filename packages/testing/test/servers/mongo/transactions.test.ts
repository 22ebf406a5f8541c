import { describe, expect, it } from '@jest/globals'
import { connected } from './connected.ts'

const on = connected()

describe('transactions on the MongoDB test server', () => {
  it('show others nothing before the commit, and all after it', async () => {
    const things = on.db.collection<{ _id: string; n: number }>('things')
    await things.insertOne({ _id: 'a', n: 1 })
    await on.client.withSession(async (session) => {
      session.startTransaction()
      await things.updateOne({ _id: 'a' }, { $set: { n: 2 } }, { session })
      await things.insertOne({ _id: 'b', n: 3 }, { session })

      expect(await things.countDocuments({}, { session })).toBe(2)
      expect(await things.find().toArray()).toEqual([{ _id: 'a', n: 1 }])
      await session.commitTransaction()
    })

    expect(await things.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 'a', n: 2 },
      { _id: 'b', n: 3 },
    ])
  })

  it('see the data of their beginning', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ n: 1 })
    await on.client.withSession(async (session) => {
      session.startTransaction()
      expect(await things.countDocuments({}, { session })).toBe(1)

      await things.insertOne({ n: 2 })

      expect(await things.countDocuments({}, { session })).toBe(1)
      await session.commitTransaction()
    })
  })

  it('leave nothing when they are aborted', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ n: 1 })
    await on.client.withSession(async (session) => {
      session.startTransaction()
      await things.deleteMany({}, { session })
      await things.insertOne({ n: 2 }, { session })

      await session.abortTransaction()
    })

    expect(await things.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ n: 1 }])
  })

  it('conflict where two write one document', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ n: 1 })
    await on.client.withSession(async (first) => {
      await on.client.withSession(async (second) => {
        first.startTransaction()
        second.startTransaction()
        await things.updateOne({}, { $inc: { n: 1 } }, { session: first })

        const conflict = things.updateOne({}, { $inc: { n: 1 } }, { session: second })

        await expect(conflict).rejects.toMatchObject({
          code: 112,
          errorLabels: ['TransientTransactionError'],
        })
        await first.commitTransaction()
      })
    })
    expect(await things.countDocuments({ n: 2 })).toBe(1)
  })

  it('that conflict are run again by the driver: ten at once increment ten times', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ n: 0 })

    await Promise.all(
      Array.from({ length: 10 }, () =>
        on.client.withSession((session) =>
          session.withTransaction(async () => {
            const { n = 0 } = (await things.findOne<{ n: number }>({}, { session })) ?? {}
            await things.updateOne({}, { $set: { n: n + 1 } }, { session })
          }),
        ),
      ),
    )

    expect(await things.countDocuments({ n: 10 })).toBe(1)
  })

  it('make writes outside of them wait for what they hold', async () => {
    const things = on.db.collection<{ _id: string; n: number }>('things')
    await things.insertOne({ _id: 'a', n: 1 })
    await on.client.withSession(async (session) => {
      session.startTransaction()
      await things.updateOne({ _id: 'a' }, { $set: { n: 10 } }, { session })
      let done = false

      const outside = things.updateOne({ _id: 'a' }, { $inc: { n: 1 } }).then(() => {
        done = true
      })
      await on.db.command({ ping: 1 })
      expect(done).toBe(false)
      await session.commitTransaction()
      await outside
    })

    expect(await things.findOne()).toEqual({ _id: 'a', n: 11 })
  })

  it('let one of two have a unique value', async () => {
    const things = on.db.collection('things')
    await things.createIndex({ a: 1 }, { unique: true }, {})
    const insert = () =>
      on.client.withSession((session) =>
        session.withTransaction(() => things.insertOne({ a: 1 }, { session })),
      )

    const outcomes = await Promise.allSettled([insert(), insert()])

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await things.countDocuments()).toBe(1)
  })
})
