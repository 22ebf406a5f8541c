import { DepotManager, MemoryBackend, type UploadedFile } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { attachDepot, type AttachDepotOptions } from '@filedepot/typeorm'
import { expect } from '@jest/globals'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { pathsOfRows } from './paths-of-rows.ts'

/** A data source on an embedded database of its own, with a depot of its own attached. */
export class TestDatabase {
  readonly depot = new DepotManager()
  /** Behind the storage `default`. */
  readonly chaos: ChaosBackend
  readonly dataSource: DataSource
  /** Paths whose deletion the depot has reported as failed. */
  readonly undeleted = new Set<string>()

  constructor(entities: DataSourceOptions['entities'], options: AttachDepotOptions = {}, seed?: number) {
    this.chaos = new ChaosBackend(new MemoryBackend(), seed === undefined ? {} : { seed })
    this.depot.configure('default', this.chaos)
    this.depot.configure('attachments', new MemoryBackend())
    this.depot.on('deleteFailed', ({ path }) => this.undeleted.add(path))
    this.dataSource = attachDepot(
      new DataSource({
        type: 'better-sqlite3',
        database: ':memory:',
        synchronize: true,
        ...(entities && { entities }),
      }),
      this.depot,
      options,
    )
  }

  static async open(
    entities: DataSourceOptions['entities'],
    options?: AttachDepotOptions,
  ): Promise<TestDatabase> {
    const database = new TestDatabase(entities, options)
    await database.dataSource.initialize()
    return database
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

  /** Empties tables and storages, for the next program. */
  async clear(): Promise<void> {
    this.chaos.restore()
    this.undeleted.clear()
    for (const { tablePath } of this.dataSource.entityMetadatas)
      await this.dataSource.query(`DELETE FROM ${tablePath}`)
    await this.depot.deleteFiles(await this.pathsOfFiles())
  }

  async exists(file: UploadedFile): Promise<boolean> {
    return await this.depot.get(file.storage).exists(file.id)
  }

  async close(): Promise<void> {
    await this.dataSource.destroy()
  }
}
