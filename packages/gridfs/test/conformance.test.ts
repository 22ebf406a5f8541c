import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { describeBackend } from '@filedepot/testing'
import { MongoClient, type Db } from 'mongodb'
import { GridFSBackend } from '@filedepot/gridfs'
import { realServerUri } from './support/real-server.ts'
import { startServerProcess } from './support/server-process.ts'
import { orphans } from './support/stored.ts'

/** Runs the suite, each case in a database of its own. */
function describeOn(name: string, open: () => Promise<{ uri: string; stop: () => Promise<void> }>): void {
  describe(name, () => {
    let server: Awaited<ReturnType<typeof open>>
    let client: MongoClient
    const databases = new Map<GridFSBackend, Db>()
    beforeAll(async () => {
      server = await open()
      client = await new MongoClient(server.uri).connect()
    })
    afterAll(async () => {
      await client.close()
      await server.stop()
    })

    describeBackend(
      'GridFSBackend',
      {
        create: () => {
          const database = `filedepot-${randomUUID()}`
          const backend = new GridFSBackend({ uri: server.uri, database })
          databases.set(backend, client.db(database))
          return backend
        },
        destroy: async (backend) => {
          await databases.get(backend)?.dropDatabase()
          databases.delete(backend)
          await backend.close()
        },
        leftovers: async (backend) => await orphans(databases.get(backend)!),
      },
      { describe, it },
    )
  })
}

describeOn('On the test server', startServerProcess)

if (realServerUri !== undefined) {
  const uri = realServerUri
  describeOn('On mongod', () => Promise.resolve({ uri, stop: () => Promise.resolve() }))
} else if (!process.env.CI) {
  // In CI a test that is skipped fails the run, and mongod is not to be had there.
  it.skip('On mongod: FILEDEPOT_TEST_MONGODB_URL is not set', () => undefined)
}
