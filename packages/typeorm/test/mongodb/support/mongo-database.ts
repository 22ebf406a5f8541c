import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { readRowValue } from '@filedepot/core/integration'
import { ChaosBackend } from '@filedepot/testing'
import { startMongoServer, type MongoServer } from '@filedepot/testing/mongo-server'
import { attachDepot } from '@filedepot/typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { DataSource, type DataSourceOptions, type EntityTarget, type ObjectLiteral } from 'typeorm'

/** The URI of a mongod, where there is one, for tests that make nothing fail. */
const { FILEDEPOT_TEST_MONGODB_URL: realServerUri } = process.env

/** A data source on an empty database of MongoDB, with a depot of its own attached. */
export class MongoDatabase {
  readonly depot = new DepotManager()
  /** Behind the storage `default`. */
  readonly chaos = new ChaosBackend(new MemoryBackend())
  readonly dataSource: DataSource
  /** Paths of writes of which nobody could say whether they have run. */
  readonly unsettled = new Set<string>()

  constructor(uri: string, options: object) {
    this.depot.configure('default', this.chaos)
    this.depot.configure('attachments', new MemoryBackend())
    this.depot.on('unsettled', ({ paths }) => {
      for (const path of paths) this.unsettled.add(path)
    })
    const url = uri.replace(/^([^/]+\/\/[^/?]+)[^?]*/, `$1/filedepot-${randomUUID()}`)
    // A client that has lost a connection looks for the server again at once. Version 6 leaves the timer of its look behind,
    // and the process has to wait for it.
    const extra = { minHeartbeatFrequencyMS: 5, heartbeatFrequencyMS: 1000, serverSelectionTimeoutMS: 5000 }
    const all = { type: 'mongodb', url, synchronize: true, extra, ...options } as DataSourceOptions
    this.dataSource = attachDepot(new DataSource(all), this.depot)
  }

  /** The documents of an entity, without anything of the library. */
  async documents(target: EntityTarget<ObjectLiteral>): Promise<Record<string, unknown>[]> {
    const cursor = this.dataSource.getMongoRepository(target).createCursor<Record<string, unknown>>()
    return await cursor.toArray()
  }

  /** The paths of all files in all storages. */
  async pathsOfFiles(): Promise<string[]> {
    const paths: string[] = []
    for (const storage of this.depot.storages()) {
      for await (const id of storage.list()) paths.push(storage.path(id))
    }
    return paths.sort()
  }

  /** The paths of all files that documents name, wherever they stand in them. */
  async pathsOfDocuments(): Promise<string[]> {
    const paths: string[] = []
    const byCollection = new Map(this.dataSource.entityMetadatas.map((each) => [each.tableName, each.target]))
    for (const target of byCollection.values()) {
      for (const document of await this.documents(target)) paths.push(...pathsIn(document))
    }
    return paths.sort()
  }

  /** The promise of the library: files in storages = files that documents name. */
  async expectFilesMatchDocuments(): Promise<void> {
    expect(await this.pathsOfFiles()).toEqual(await this.pathsOfDocuments())
  }

  /** The same, but for files that were reported as unsettled. */
  async expectFilesMatchDocumentsOrReports(): Promise<void> {
    const [files, named] = [await this.pathsOfFiles(), await this.pathsOfDocuments()]
    expect(named.filter((path) => !files.includes(path))).toEqual([])
    expect(files.filter((path) => !named.includes(path) && !this.unsettled.has(path))).toEqual([])
  }

  async exists(file: UploadedFile): Promise<boolean> {
    return await this.depot.get(file.storage).exists(file.id)
  }

  async close(): Promise<void> {
    if (!this.dataSource.isInitialized) return
    await this.dataSource.dropDatabase()
    await this.dataSource.destroy()
  }
}

/** What a test file works with. */
export interface OnMongodb {
  /** The database of the test. */
  readonly database: MongoDatabase
  readonly server: MongoServer
}

/** Options of {@link onMongodb}. */
interface OnMongodbOptions {
  /** The server is made to fail: files may be left that were reported. @default false */
  fails?: boolean
  /** Of the data source. */
  subscribers?: DataSourceOptions['subscribers']
}

/**
 * For a test file: a server in this process, or that of `FILEDEPOT_TEST_MONGODB_URL`, and for each test a new database, whose
 * documents and files have to match at its end.
 */
export function onMongodb(
  entities: NonNullable<DataSourceOptions['entities']>,
  { fails = false, ...options }: OnMongodbOptions = {},
): OnMongodb {
  let server: MongoServer | undefined
  let database: MongoDatabase | undefined
  beforeAll(async () => {
    if (fails || realServerUri === undefined) server = await startMongoServer()
  })
  beforeEach(async () => {
    database = new MongoDatabase(server?.uri ?? realServerUri ?? '', { entities, ...options })
    await database.dataSource.initialize()
  })
  afterEach(async () => {
    server?.restore()
    try {
      if (fails) await database?.expectFilesMatchDocumentsOrReports()
      else await database?.expectFilesMatchDocuments()
    } finally {
      await database?.close()
    }
  })
  afterAll(async () => {
    await server?.close()
  })
  return {
    get database() {
      if (!database) throw new Error('the database is made before each test')
      return database
    },
    get server() {
      if (!server) throw new Error('a real server does not fail as it is told: say { fails: true }')
      return server
    },
  }
}

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string' && value.startsWith('{')) return [...readRowValue(UploadedFile, value).files]
  if (typeof value !== 'object' || value === null || value instanceof Date) return []
  if ('storage' in value && 'id' in value) return [...readRowValue(UploadedFile, value).files]
  return Object.values(value).flatMap(pathsIn)
}
