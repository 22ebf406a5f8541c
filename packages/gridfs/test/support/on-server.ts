import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { FileStorage } from '@filedepot/core'
import { GridFSBackend, type GridFSBucketOptions } from '@filedepot/gridfs'
import { startMongoServer, type MongoServer } from '@filedepot/testing/mongo-server'
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb'

/** A backend, the storage over it, and the database that both use, as another program sees it. */
export interface OpenStorage {
  readonly backend: GridFSBackend
  readonly files: FileStorage
  readonly db: Db
  /** The names of the commands that the backend has sent. */
  readonly commands: string[]
}

/** For a test file: a server in this process, and storages on it, each in a database of its own. */
export function onServer(): {
  readonly server: MongoServer
  readonly client: MongoClient
  open(options?: GridFSBucketOptions, clientOptions?: MongoClientOptions, db?: Db): OpenStorage
} {
  let server: MongoServer
  let client: MongoClient
  const opened: MongoClient[] = []
  beforeAll(async () => {
    server = await startMongoServer()
    client = await new MongoClient(server.uri).connect()
  })
  afterEach(async () => {
    server.restore()
    for (const one of opened.splice(0)) await one.close()
  })
  afterAll(async () => {
    await client.close()
    await server.close()
  })
  return {
    get server() {
      return server
    },
    get client() {
      return client
    },
    open(options, clientOptions, db = client.db(`filedepot-${randomUUID()}`)) {
      const own = new MongoClient(server.uri, { ...clientOptions, monitorCommands: true })
      opened.push(own)
      const commands: string[] = []
      own.on('commandStarted', ({ commandName }) => commands.push(commandName))
      const backend = new GridFSBackend({ ...options, db: own.db(db.databaseName) })
      return { backend, files: new FileStorage('tested', backend), db, commands }
    },
  }
}
