import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb'
import { startMongoServer, type MongoServer, type MongoServerOptions } from '@filedepot/testing/mongo-server'

/** What a test works with: a server, and a database on it that is empty. */
export interface Connected {
  server: MongoServer
  client: MongoClient
  db: Db
}

/** For a test file: one server and one client of the official driver, and a new database for each test. */
export function connected(options?: MongoServerOptions, clientOptions?: MongoClientOptions): Connected {
  const held = {} as Connected
  let databases = 0
  beforeAll(async () => {
    held.server = await startMongoServer(options)
    held.client = await new MongoClient(held.server.uri, clientOptions).connect()
  })
  beforeEach(() => {
    held.server.restore()
    held.db = held.client.db(`test-${++databases}`)
  })
  afterAll(async () => {
    await held.client.close()
    await held.server.close()
  })
  return held
}
