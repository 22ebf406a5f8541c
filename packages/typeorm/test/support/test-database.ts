import { DepotManager, MemoryBackend, type StorageBackend, type UploadedFile } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { attachDepot, ledgerOf, type AttachDepotOptions } from '@filedepot/typeorm'
import { expect } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { dataSourceOptions, serverDatabase } from './data-source-options.ts'
import { kind } from './database-kind.ts'
import { emptyTables } from './empty-tables.ts'
import { pathsOfRows } from './paths-of-rows.ts'
import { emptyBackend } from './storages/empty-backend.ts'

/** Options of {@link TestDatabase.open}. */
export interface TestDatabaseOptions extends AttachDepotOptions {
  /** More options of the data source. */
  dataSource?: object
  /** Of the chaos backend. */
  seed?: number
}

/** A depot whose work in the background can be waited for without closing it. */
class TestDepot extends DepotManager {
  readonly #endings = new Set<() => Promise<void>>()

  override onClose(finish: () => Promise<void>): () => void {
    this.#endings.add(finish)
    return () => this.#endings.delete(finish)
  }

  async upkeep(): Promise<void> {
    for (const finish of [...this.#endings]) await finish()
  }
}

/** A data source on an empty database, with a depot of its own attached. */
export class TestDatabase {
  readonly depot = new TestDepot()
  readonly hasLedger: boolean
  /** Behind the storage `default`. */
  readonly chaos: ChaosBackend
  readonly dataSource: DataSource
  /** Paths whose deletion the depot has reported as failed. */
  readonly undeleted = new Set<string>()
  /** Paths of transactions of which nobody could say how they ended. */
  readonly unsettled = new Set<string>()

  private constructor(
    dataSource: DataSourceOptions,
    backend: StorageBackend,
    { seed, ...options }: TestDatabaseOptions,
  ) {
    this.hasLedger = Boolean(options.ledger)
    this.chaos = new ChaosBackend(backend, seed === undefined ? {} : { seed })
    this.depot.configure('default', this.chaos)
    this.depot.configure('attachments', new MemoryBackend())
    this.depot.on('deleteFailed', ({ path }) => this.undeleted.add(path))
    this.depot.on('unsettled', ({ paths }) => {
      for (const path of paths) this.unsettled.add(path)
    })
    this.dataSource = attachDepot(new DataSource(dataSource), this.depot, options)
  }

  static async open(
    entities: DataSourceOptions['entities'],
    { dataSource = {}, ...options }: TestDatabaseOptions = {},
  ): Promise<TestDatabase> {
    const database = new TestDatabase(
      await dataSourceOptions({ ...(entities && { entities }), ...dataSource }),
      await emptyBackend(),
      options,
    )
    await database.dataSource.initialize()
    if (kind === 'postgres') outliveKilledConnections(database.dataSource)
    return database
  }

  /** What an operator does after the worst: whatever no row refers to goes. Without a ledger there is nothing to do. */
  async recover(): Promise<void> {
    if (!this.hasLedger) return
    await this.depot.upkeep()
    const ledger = ledgerOf(this.dataSource)
    // Triggers do not see its cascades.
    if (kind === 'mariadb') await ledger.install({ recount: true })
    // What happens by itself may be asking about the same files.
    for (let tries = 0; tries < 200; tries++) {
      const { open } = await ledger.settleUploads(await this.pathsOfFiles())
      if (open.length === 0) break
      await setTimeout(10)
    }
    await ledger.drain()
  }

  /** The paths of all files in all storages. */
  async pathsOfFiles(): Promise<string[]> {
    const paths: string[] = []
    for (const storage of this.depot.storages()) {
      for await (const id of storage.list()) paths.push(storage.path(id))
    }
    return paths.sort()
  }

  pathsOfRows(): Promise<string[]> {
    return pathsOfRows(this.dataSource)
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

  /** Empties tables and storages, for the next program. */
  async clear(): Promise<void> {
    this.chaos.restore()
    this.undeleted.clear()
    this.unsettled.clear()
    await emptyTables(this.dataSource)
    await this.recover()
    await this.depot.deleteFiles(await this.pathsOfFiles())
  }

  async exists(file: UploadedFile): Promise<boolean> {
    return await this.depot.get(file.storage).exists(file.id)
  }

  /** Ends the connections that a failed test has left, too. */
  async close(): Promise<void> {
    const closing = this.dataSource.destroy()
    if (kind !== 'sqlite') {
      const closed = await Promise.race([closing.then(() => true), wait(false)])
      if (!closed) await (await serverDatabase()).killConnections()
    }
    await Promise.race([closing, wait(undefined)])
  }
}

/**
 * Between the pool and TypeORM there is a moment in which nobody listens to the errors of a connection that changes
 * hands; one that is killed just then would end the process.
 */
function outliveKilledConnections({ driver }: DataSource): void {
  const { master } = driver as unknown as { master: pg.Pool }
  const heard = new WeakSet<pg.PoolClient>()
  master.on('acquire', (client) => {
    if (!heard.has(client)) client.on('error', () => undefined)
    heard.add(client)
  })
}

function wait<T>(value: T): Promise<T> {
  return setTimeout(2000, value, { ref: false })
}
