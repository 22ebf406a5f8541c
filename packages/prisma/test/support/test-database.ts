import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { readRowValue } from '@filedepot/core/integration'
import { filedepot, ledgerOf, type FiledepotOptions } from '@filedepot/prisma'
import { ChaosBackend } from '@filedepot/testing'
import { afterAll, expect } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { kind, quoted } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { emptyDatabase, type EmptyDatabase } from './empty-database.ts'
import { failingAdapter } from './failing-adapter.ts'
import { FILE_COLUMNS, FILE_MODELS } from './file-models.ts'
import { PrismaClient, type BaseClient } from './generated-client.ts'

/** Options of {@link TestDatabase.open}. */
export interface TestDatabaseOptions extends Partial<Omit<FiledepotOptions, 'depot' | 'models'>> {
  /** For tests that leave a client behind that nobody else can use. @default false */
  ownClient?: boolean
}

type Adapter = ReturnType<EmptyDatabase['adapter']>

/** A client without the extension, and the database that it is connected to. */
interface Connected {
  readonly base: BaseClient
  readonly database: EmptyDatabase
}

/** That of the test file: making one takes longer than most tests. */
let shared: Promise<Connected> | undefined

afterAll(async () => {
  if (shared) await disconnect(await shared)
  shared = undefined
})

async function connect(): Promise<Connected> {
  const database = await emptyDatabase()
  const base = new PrismaClient({ adapter: database.adapter() })
  // Nothing here has to survive a loss of power.
  if (kind === 'sqlite') await base.$queryRawUnsafe('PRAGMA synchronous = OFF')
  return { base, database }
}

/** Ends the connections that a failed test has left, too. */
async function disconnect({ base, database }: Connected): Promise<void> {
  const closing = base.$disconnect()
  if (kind !== 'sqlite') {
    const closed = await Promise.race([closing.then(() => true), wait(false)])
    if (!closed) await (await serverDatabase()).killConnections()
  }
  await Promise.race([closing, wait(undefined)])
  database.close()
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
  readonly #connected: Connected
  readonly #isShared: boolean
  readonly #hasLedger: boolean
  readonly #undo: string[] = []

  private constructor(connected: Connected, { ownClient = false, ...options }: TestDatabaseOptions) {
    this.chaos = new ChaosBackend(new MemoryBackend())
    this.depot.configure('default', this.chaos)
    this.depot.configure('attachments', new MemoryBackend())
    this.depot.alias('another_alias', 'attachments')
    this.depot.on('deleteFailed', ({ path }) => this.undeleted.add(path))
    this.depot.on('unsettled', ({ paths }) => {
      for (const path of paths) this.unsettled.add(path)
    })
    this.#connected = connected
    this.#isShared = !ownClient
    this.#hasLedger = Boolean(options.ledger)
    this.base = connected.base
    this.prisma = this.extend(this.base, options)
  }

  static async open(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
    const connected = options.ownClient ? connect() : (shared ??= connect())
    const database = new TestDatabase(await connected, options)
    if (options.ledger) await ledgerOf(database.prisma).install()
    return database
  }

  /**
   * What is done with a ledger by itself, and by an operator after the worst: what no row refers to goes. Without a ledger there
   * is nothing to do.
   */
  async recover(): Promise<void> {
    if (!this.#hasLedger) return
    this.chaos.restore()
    const ledger = ledgerOf(this.prisma)
    // What happens by itself may be asking about the same files, or be deleting them.
    for (let tries = 0; tries < 200; tries++) {
      const { open } = await ledger.settleUploads(await this.pathsOfFiles())
      // As if the time before another try of a deletion were over.
      await this.query('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
      await ledger.drain()
      const left = await this.query(
        "SELECT path FROM filedepot_files WHERE discarded_at IS NOT NULL AND path <> '!unreadable'",
      )
      if (open.length === 0 && left.length === 0) break
      await setTimeout(10)
    }
    if (kind !== 'mariadb') return
    const rows = new Set(await this.pathsOfRows())
    if ((await this.pathsOfFiles()).every((path) => rows.has(path))) return
    // Triggers do not see cascades there.
    await ledger.install({ recount: true })
    await ledger.drain()
  }

  /** A client with the extension; those of one base client share its connections. */
  extend(client: BaseClient, options: Partial<FiledepotOptions> = {}): TestClient {
    return extended(client, this.depot, options)
  }

  /**
   * A client with connections of its own, without the extension.
   *
   * @param fails statements of transactions that fail as they do where the connection is lost
   */
  newClient(fails: (statement: string) => boolean = () => false): BaseClient {
    return new PrismaClient({ adapter: failingAdapter(this.#connected.database.adapter(), fails) })
  }

  /** A client with connections of its own, without the extension, through an adapter of the test. */
  clientThrough(wrap: (adapter: Adapter) => Adapter): BaseClient {
    return new PrismaClient({ adapter: wrap(this.#connected.database.adapter()) })
  }

  /** Runs a statement on a connection beside those of the clients: it sees what is committed. */
  query(statement: string): Promise<Record<string, unknown>[]> {
    return this.#connected.database.query(statement)
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
    const selects = FILE_COLUMNS.map(
      ([table, column]) => `SELECT ${quoted(column)} AS file FROM ${quoted(table)}`,
    )
    const paths: string[] = []
    for (const { file } of await this.query(selects.join(' UNION ALL '))) {
      const json: unknown = typeof file === 'string' ? JSON.parse(file) : file
      if (json === null) continue
      for (const value of Array.isArray(json) ? json : [json])
        paths.push(...readRowValue(UploadedFile, value).files)
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

  /** Closes it, and its files are those of its rows. */
  async endTest(): Promise<void> {
    await this.recover()
    await this.#end(() => this.expectFilesMatchRows())
  }

  /** The same, but for files that were reported as unsettled. */
  async endTestInDoubt(): Promise<void> {
    await this.#end(() => this.expectFilesMatchRowsOrReports())
  }

  /** Empties tables and storages, for the next program. */
  async clear(): Promise<void> {
    this.chaos.restore()
    this.undeleted.clear()
    this.unsettled.clear()
    await this.#empty()
    await this.depot.deleteFiles(await this.pathsOfFiles())
  }

  async exists(file: UploadedFile): Promise<boolean> {
    return await this.depot.get(file.storage).exists(file.id)
  }

  async close(): Promise<void> {
    this.chaos.restore()
    for (const statement of this.#undo) await this.query(statement)
    if (this.#hasLedger) await this.depot.close()
    await this.#empty()
    // The next test has other storages, which belong to nobody yet.
    if (this.#hasLedger)
      await this.query("DELETE FROM filedepot_state WHERE name NOT IN ('ready', 'installed')")
    if (!this.#isShared) await disconnect(this.#connected)
  }

  async #empty(): Promise<void> {
    await this.#connected.database.empty()
    if (this.#hasLedger) await this.query('DELETE FROM filedepot_files')
  }

  async #end(check: () => Promise<void>): Promise<void> {
    try {
      await check()
    } catch (error) {
      // Whatever has gone wrong is not to reach the next test.
      if (this.#isShared) shared = undefined
      throw error
    } finally {
      await this.close()
    }
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
