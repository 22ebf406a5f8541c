import { GridFSBackend } from '@filedepot/gridfs'
import { startMongoServer } from '@filedepot/testing/mongo-server'
import { MongoClient } from 'mongodb'
import type { RunningStorage } from './empty-backend.ts'

/** A MongoDB in this process; every backend has a database of its own. */
export async function startGridFS(): Promise<RunningStorage> {
  const server = await startMongoServer()
  const client = await new MongoClient(server.uri).connect()
  let count = 0
  return {
    emptyBackend: () => new GridFSBackend({ db: client.db(`files-${count++}`) }),
    async stop() {
      await client.close()
      await server.close()
    },
  }
}
