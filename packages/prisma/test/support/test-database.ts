import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { filedepot, type FiledepotOptions } from '@filedepot/prisma'
import { ChaosBackend } from '@filedepot/testing'
import { expect } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { kind, quoted } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { emptyDatabase, type EmptyDatabase } from './empty-database.ts'
import { FILE_COLUMNS, FILE_MODELS } from './file-models.ts'
import { PrismaClient, type BaseClient } from './generated-client.ts'

/** Options of {@link TestDatabase.open}. */
export interface TestDatabaseOptions extends Partial<Omit<FiledepotOptions, 'depot' | 'models'>> {
  /** Of the chaos backend. */
  seed?: number
}

/** An event of the depot. */
export interface DepotEvent {
  readonly name: string
  readonly paths: readonly string[]
}

/** A client on an empty database, with and without the extension, with a depot of its own. */
export class TestDatabase {
  readonly depot = new DepotManager()
  /** Behind the storage `default`. */
  readonly chaos: ChaosBackend
  /** Without the extension. */
  readonly base: BaseClient
  readonly prisma: TestClient
  /** Paths whose deletion the depot has reported as failed. */
  readonly undeleted = new Set<string>()
  /** Paths of transactions of which nobody could say how they ended. */
  readonly unsettled = new Set<string>()
  readonly #database: EmptyDatabase
  readonly #undo: string[] = []

  private constructor(database: EmptyDatabase, { seed, ...options }: TestDatabaseOptions) {
    this.chaos = new ChaosBackend(new MemoryBackend(), seed === undefined ? {} : { seed })
    this.depot.configure('default', this.chaos)
    this.depot.configure('attachments', new MemoryBackend())
    this.depot.alias('another_alias', 'attachments')
    this.depot.on('deleteFailed', ({ path }) => this.undeleted.add(path))
    this.depot.on('unsettled', ({ paths }) => {
      for (const path of paths) this.unsettled.add(path)
    })
    this.#database = database
    this.base = new PrismaClient({ adapter: database.adapter() })
    this.prisma = this.extend(this.base, options)
  }

  static async open(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
    const database = new TestDatabase(await emptyDatabase(), options)
    // Nothing here has to survive a loss of power.
    if (kind === 'sqlite') await database.base.$queryRawUnsafe('PRAGMA synchronous = OFF')
    return database
  }

  /** A client with the extension; those of one base client share its connections. */
  extend(client: BaseClient, options: Partial<FiledepotOptions> = {}): TestClient {
    return extended(client, this.depot, options)
  }

  /** A client with connections of its own, without the extension. */
  newClient(): BaseClient {
    return new PrismaClient({ adapter: this.#database.adapter() })
  }

  /** Runs a statement on a connection beside those of the clients: it sees what is committed. */
  query(statement: string): Promise<Record<string, unknown>[]> {
    return this.#database.query(statement)
  }

  /** Changes the schema, for the rest of the test. */
  async alter(statement: string, undo: string): Promise<void> {
    await this.query(statement)
    this.#undo.unshift(undo)
  }

  /** The paths of all files in all storages. */
  async pathsOfFiles(): Promise<string[]> {
    const paths: string[] = []
    for (const storage of this.depot.storages()) {
      for await (const id of storage.list()) paths.push(storage.path(id))
    }
    return paths.sort()
  }

  /** The paths of all files that committed rows refer to, read past Prisma. */
  async pathsOfRows(): Promise<string[]> {
    const paths: string[] = []
    for (const [table, column] of FILE_COLUMNS) {
      const rows = await this.query(`SELECT ${quoted(column)} AS file FROM ${quoted(table)}`)
      for (const { file } of rows) {
        const json: unknown = typeof file === 'string' ? JSON.parse(file) : file
        if (json === null) continue
        for (const value of Array.isArray(json) ? json : [json])
          paths.push(...UploadedFile.fromJSON(value).files)
      }
    }
    return paths.sort()
  }

  /** The events of the depot from now on, in their order. */
  recordEvents(): DepotEvent[] {
    const events: DepotEvent[] = []
    for (const name of ['uploaded', 'discarded', 'deleted', 'deleteFailed', 'unsettled'] as const) {
      this.depot.on(name, (event: { path: string } | { paths: readonly string[] }) => {
        events.push({ name, paths: 'path' in event ? [event.path] : event.paths })
      })
    }
    return events
  }

  /** The promise of the library: files in storages = files that committed rows refer to. */
  async expectFilesMatchRows(): Promise<void> {
    expect(await this.pathsOfFiles()).toEqual(await this.pathsOfRows())
  }

  /** The same, but for files that were reported as unsettled. */
  async expectFilesMatchRowsOrReports(): Promise<void> {
    const [files, rows] = [await this.pathsOfFiles(), await this.pathsOfRows()]
    expect(rows.filter((path) => !files.includes(path))).toEqual([])
    expect(files.filter((path) => !rows.includes(path) && !this.unsettled.has(path))).toEqual([])
  }

  /** Ends one of several tests that share a database: its files are those of its rows, and both go. */
  async endTest(): Promise<void> {
    try {
      await this.expectFilesMatchRows()
    } finally {
      await this.clear()
    }
  }

  /** The same, but for files that were reported as unsettled. */
  async endTestInDoubt(): Promise<void> {
    try {
      await this.expectFilesMatchRowsOrReports()
    } finally {
      await this.clear()
    }
  }

  /** Empties tables and storages, and takes back what was changed in the schema. */
  async clear(): Promise<void> {
    this.chaos.restore()
    this.undeleted.clear()
    this.unsettled.clear()
    for (const statement of this.#undo.splice(0)) await this.query(statement)
    await this.#database.empty()
    await this.depot.deleteFiles(await this.pathsOfFiles())
  }

  async exists(file: UploadedFile): Promise<boolean> {
    return await this.depot.get(file.storage).exists(file.id)
  }

  /** Ends the connections that a failed test has left, too. */
  async close(): Promise<void> {
    for (const statement of this.#undo.splice(0)) await this.query(statement).catch(() => undefined)
    const closing = this.base.$disconnect()
    if (kind !== 'sqlite') {
      const closed = await Promise.race([closing.then(() => true), wait(false)])
      if (!closed) await (await serverDatabase()).killConnections()
    }
    await Promise.race([closing, wait(undefined)])
    this.#database.close()
  }
}

/** A client with the extension. */
export type TestClient = ReturnType<typeof extended>

/** What the callback of a transaction gets. */
export type TestTransaction = Parameters<Parameters<TestClient['$transaction']>[0]>[0]

function extended(client: BaseClient, depot: DepotManager, options: Partial<FiledepotOptions>) {
  return client.$extends(filedepot({ ...options, depot, models: FILE_MODELS }))
}

function wait<T>(value: T): Promise<T> {
  return setTimeout(2000, value, { ref: false })
}
