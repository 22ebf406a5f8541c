import { describe, expect, it } from '@jest/globals'
import { MongoClient, MongoNetworkError } from 'mongodb'
import { startMongoServer } from '@filedepot/testing/mongo-server'
import { connected } from './connected.ts'

const on = connected()

describe('failures of the MongoDB test server', () => {
  it('are hidden by the driver where one connection breaks', async () => {
    const things = on.db.collection('things')
    on.server.fail({ failCommands: ['insert'], closeConnection: true }, { times: 1 })

    await things.insertOne({ n: 1 })

    expect(await things.countDocuments()).toBe(1)
  })

  it('do not run a write twice whose answer was lost', async () => {
    const things = on.db.collection('things')
    await things.insertOne({ n: 1 })
    on.server.fail({ failCommands: ['update'], loseReply: true }, { times: 1 })

    const outcome = await things.updateOne({}, { $inc: { n: 1 } })

    expect(outcome).toMatchObject({ matchedCount: 1, modifiedCount: 1 })
    expect(await things.countDocuments({ n: 2 })).toBe(1)
  })

  it('are seen where they go on', async () => {
    on.server.fail({ failCommands: ['insert'], closeConnection: true })

    await expect(on.db.collection('things').insertOne({})).rejects.toThrow(MongoNetworkError)
  })

  it('have the code that is asked for, by the command of a real server too', async () => {
    await on.client.db('admin').command({
      configureFailPoint: 'failCommand',
      mode: { times: 1 },
      data: { failCommands: ['find'], errorCode: 8, blockConnection: true, blockTimeMS: 50 },
    })
    const before = performance.now()

    await expect(on.db.collection('things').findOne()).rejects.toMatchObject({ code: 8 })
    expect(performance.now() - before).toBeGreaterThan(40)
    expect(await on.db.collection('things').findOne()).toBeNull()
  })

  it('begin after some commands where that is asked for', async () => {
    const things = on.db.collection<{ _id: number }>('things')
    on.server.fail({ failCommands: ['insert'], errorCode: 8 }, { skip: 2, times: 1 })

    const outcomes: string[] = []
    for (const _id of [1, 2, 3, 4]) {
      outcomes.push(
        await things.insertOne({ _id }).then(
          () => 'stored',
          () => 'failed',
        ),
      )
    }

    expect(outcomes).toEqual(['stored', 'stored', 'failed', 'stored'])
  })

  it('refuse every credential', async () => {
    const client = new MongoClient(on.server.uri.replace('mongodb://', 'mongodb://ada:secret@'))

    await expect(client.connect()).rejects.toMatchObject({ code: 18 })
    await client.close()
  })

  it('end connections when the server is closed', async () => {
    const server = await startMongoServer()
    const client = await new MongoClient(server.uri, { serverSelectionTimeoutMS: 200 }).connect()

    await server.close()

    await expect(client.db('test').command({ ping: 1 })).rejects.toThrow()
    await client.close()
  })

  it('know no transactions where the server stands alone', async () => {
    const server = await startMongoServer({ replicaSet: null })
    const client = await new MongoClient(server.uri, { retryWrites: false }).connect()
    const things = client.db('test').collection('things')
    await things.insertOne({ n: 1 })

    const inTransaction = client.withSession((session) =>
      session.withTransaction(() => things.insertOne({ n: 2 }, { session })),
    )

    await expect(inTransaction).rejects.toThrow(/does not support retryable writes/)
    expect(await things.countDocuments()).toBe(1)
    await client.close()
    await server.close()
  })
})
