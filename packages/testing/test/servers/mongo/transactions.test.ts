import { describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { Long, MongoClient, type Document } from 'mongodb'
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

  it('have a unique value once', async () => {
    const things = on.db.collection('things')
    await things.createIndex({ a: 1 }, { unique: true }, {})

    const inserting = on.client.withSession((session) =>
      session.withTransaction(async () => {
        await things.insertOne({ a: 1 }, { session })
        await things.insertOne({ a: 1 }, { session })
      }),
    )

    await expect(inserting).rejects.toMatchObject({ code: 11000 })
    expect(await things.countDocuments()).toBe(0)
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

describe('writes that are sent again to the MongoDB test server', () => {
  it('wait for the first one, and are not run a second time', async () => {
    const things = on.db.collection<{ _id: string; n: number }>('things')
    await things.insertOne({ _id: 'a', n: 1 })
    await on.client.withSession(async (holder) => {
      holder.startTransaction()
      await things.updateOne({ _id: 'a' }, { $set: { n: 10 } }, { session: holder })

      await withNumbers(async (send) => {
        const updates = [{ q: { _id: 'a' }, u: { $inc: { n: 1 } } }]
        const both = [send(1, { update: 'things', updates }), send(1, { update: 'things', updates })]
        // Until both have arrived, the second one over a connection that is opened for it.
        await sleep(200)
        await holder.commitTransaction()

        expect(await Promise.all(both)).toMatchObject([{ nModified: 1 }, { nModified: 1 }])
      })
    })
    expect(await things.findOne()).toEqual({ _id: 'a', n: 11 })
  })

  it('are refused where a later write of their session has been run', async () => {
    await withNumbers(async (send) => {
      await send(2, { insert: 'things', documents: [{ n: 2 }] })

      const late = send(1, { insert: 'things', documents: [{ n: 1 }] })

      await expect(late).rejects.toMatchObject({ code: 225 })
    })
    expect(await on.db.collection('things').countDocuments()).toBe(1)
  })

  /** Sends commands in one session with numbers of one's own, by a client that has sent none before. */
  async function withNumbers(
    run: (send: (number: number, command: Document) => Promise<Document>) => Promise<void>,
  ): Promise<void> {
    const client = new MongoClient(on.server.uri)
    await client.withSession(async (session) => {
      const db = client.db(on.db.databaseName)
      await run((number, command) =>
        db.command({ ...command, txnNumber: Long.fromNumber(number) }, { session }),
      )
    })
    await client.close()
  }
})
