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

/** What a test file works with. */
export interface OnServer {
  /** The test server, which can be made to fail. */
  readonly server: MongoServer
  /** The URI of a database on the server. */
  uriOf(database: string): string
  /** A database of its own, which is dropped after the test. */
  newDb(): Db
  /** A backend with a client of its own, on a new database or another one. */
  open(options?: GridFSBucketOptions, clientOptions?: MongoClientOptions, db?: Db): OpenStorage
}

/**
 * For a test file: a server in this process, or the one at the URI, and databases on it.
 *
 * @param uri of a mongod, for tests that make nothing fail
 */
export function onServer(uri?: string): OnServer {
  let server: MongoServer | undefined
  let client: MongoClient
  const serverUri = (): string => uri ?? server?.uri ?? ''
  const opened: MongoClient[] = []
  const databases: Db[] = []
  beforeAll(async () => {
    if (uri === undefined) server = await startMongoServer()
    client = await new MongoClient(serverUri()).connect()
  })
  afterEach(async () => {
    server?.restore()
    for (const one of opened.splice(0)) await one.close()
    for (const db of databases.splice(0)) await db.dropDatabase()
  })
  afterAll(async () => {
    await client.close()
    await server?.close()
  })
  const newDb = (): Db => {
    const db = client.db(`filedepot-${randomUUID()}`)
    databases.push(db)
    return db
  }
  return {
    get server() {
      if (!server) throw new Error('a real server does not fail as it is told')
      return server
    },
    uriOf: (database) => serverUri().replace(/^([^/]+\/\/[^/?]+)[^?]*/, `$1/${database}`),
    newDb,
    open(options, clientOptions, db = newDb()) {
      const own = new MongoClient(serverUri(), { ...clientOptions, monitorCommands: true })
      opened.push(own)
      const commands: string[] = []
      own.on('commandStarted', ({ commandName }) => commands.push(commandName))
      const backend = new GridFSBackend({ ...options, db: own.db(db.databaseName) })
      return { backend, files: new FileStorage('tested', backend), db, commands }
    },
  }
}
