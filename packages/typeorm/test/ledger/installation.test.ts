import 'reflect-metadata'
import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { attachDepot, ledgerOf, UploadedFileColumn, type AttachDepotOptions } from '@filedepot/typeorm'
import { afterEach, describe, expect, it } from '@jest/globals'
import { DataSource, Entity, PrimaryGeneratedColumn, type DataSourceOptions } from 'typeorm'
import { Note } from '../entities/note.ts'
import { textFile } from '../support/contents.ts'
import { dataSourceOptions } from '../support/data-source-options.ts'
import { kind } from '../support/database-kind.ts'

@Entity()
class Plain {
  @PrimaryGeneratedColumn() id!: number
}

@Entity()
class Cover {
  @PrimaryGeneratedColumn() id!: number
  @UploadedFileColumn() image!: UploadedFile | null
}

let dataSource: DataSource | undefined
let depot: DepotManager

afterEach(async () => {
  await depot.close()
  if (dataSource?.isInitialized) await dataSource.destroy()
})

async function attach(options: object, attached: AttachDepotOptions = { ledger: true }): Promise<DataSource> {
  depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  const all: DataSourceOptions = await dataSourceOptions({ entities: [Note], ...options })
  dataSource = attachDepot(new DataSource(all), depot, attached)
  return dataSource
}

describe('a data source with a ledger', () => {
  it('installs it with synchronize, and TypeORM then finds nothing to change', async () => {
    const source = await (await attach({})).initialize()

    expect(await ledgerOf(source).check()).toMatchObject({ isReady: true })
    const { upQueries, downQueries } = await source.driver.createSchemaBuilder().log()
    expect([...upQueries, ...downQueries]).toEqual([])
    await source.synchronize()
    expect(await ledgerOf(source).check()).toMatchObject({ isReady: true })
  })

  it('refuses to start without it, unless it is told to install it', async () => {
    // The database in memory would be another one each time.
    if (kind === 'sqlite') return
    const plain = new DataSource(await dataSourceOptions({ entities: [Note] }))
    await plain.initialize()
    await plain.destroy()
    const strict = await attach({ synchronize: false, dropSchema: false })

    await expect(strict.initialize()).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      message: expect.stringContaining('install: true') as unknown,
    })
    expect(strict.isInitialized).toBe(false)
    const installing = await attach({ synchronize: false, dropSchema: false }, { ledger: { install: true } })
    await installing.initialize()

    expect(await ledgerOf(installing).check()).toMatchObject({ isReady: true })
    await installing.destroy()
    const again = await attach({ synchronize: false, dropSchema: false })
    await expect(again.initialize()).resolves.toBe(again)
  })

  it('says that another database deletes in the storage, and refuses to start if it was told to install the ledger', async () => {
    const source = await attach({}, { ledger: { drain: false } })
    await depot.get().backend.writeOwner?.('another database')
    const events: unknown[] = []
    depot.on('ledgerFailed', (event) => events.push(event))

    await source.initialize()

    const refused = { code: 'LEDGER_NOT_OWNER' }
    expect(events).toMatchObject([{ error: refused }])
    await source.manager.save(Note, { name: 'a', file: textFile('a') })
    await source.manager.delete(Note, { name: 'a' })
    expect(await ledgerOf(source).drain()).toMatchObject({ deleted: 0, failed: 1 })
    await source.destroy()
    const strict = attachDepot(new DataSource(source.options), depot, {
      ledger: { install: true, drain: false },
    })
    await expect(strict.initialize()).rejects.toMatchObject(refused)
  })

  it('starts before its tables are there, so that a migration can make them', async () => {
    const source = await (await attach({ synchronize: false })).initialize()
    const { upQueries } = await source.driver.createSchemaBuilder().log()

    expect(upQueries.length).toBeGreaterThan(0)
    await source.synchronize()
    await ledgerOf(source).install()
    await source.manager.insert(Note, { name: 'a', file: textFile('a') })
    expect(await ledgerOf(source).stats()).toMatchObject({ used: 1 })
  })

  it('needs none if no entity has files', async () => {
    const source = await (await attach({ entities: [Plain] })).initialize()

    await source.manager.save(Plain, {})
    expect(() => ledgerOf(source)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('keeps its subscriber, those of the application, and its ledger when it is initialized again', async () => {
    const source = await (await attach({})).initialize()
    await source.destroy()
    expect(() => ledgerOf(source)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    await source.initialize()

    expect(source.subscribers).toHaveLength(1)
    const note = await source.manager.save(Note, { name: 'a', file: textFile('a') })
    expect(note.file).toMatchObject({ isPending: false })
  })

  it('can be attached after initialize(), and installed by hand', async () => {
    const options = await dataSourceOptions({ entities: [Cover] })
    depot = new DepotManager()
    depot.configure('default', new MemoryBackend())
    dataSource = attachDepot(await new DataSource(options).initialize(), depot, { ledger: { drain: false } })
    await ledgerOf(dataSource).install()

    const cover = await dataSource.manager.save(Cover, { image: textFile('a') })
    await dataSource.manager.delete(Cover, cover.id)

    expect(await ledgerOf(dataSource).drain()).toEqual({ deleted: 1, failed: 0, waiting: 0 })
  })

  it('keeps discarded files for the retention that it was given', async () => {
    const source = await (await attach({}, { ledger: { retention: 60_000 } })).initialize()
    await source.manager.insert(Note, { name: 'a', file: textFile('a') })
    await source.manager.delete(Note, { name: 'a' })

    expect(await ledgerOf(source).drain()).toMatchObject({ deleted: 0, waiting: 1 })
    expect(await ledgerOf(source).drain({ retention: 0 })).toMatchObject({ deleted: 1, waiting: 0 })
  })

  it('deletes what is to be deleted before its connections are closed', async () => {
    const source = await (await attach({})).initialize()
    await source.manager.insert(Note, { name: 'a', file: textFile('a') })
    await source.manager.delete(Note, { name: 'a' })
    await source
      .transaction(async (inner) => {
        await inner.insert(Note, { name: 'b', file: textFile('b') })
        throw new Error('on purpose')
      })
      .catch(() => undefined)

    await source.destroy()

    const left: string[] = []
    for await (const id of depot.get().list()) left.push(id)
    expect(left).toEqual([])
  })

  it('replaces no method of TypeORM but initialize() and destroy()', async () => {
    const source = await (await attach({})).initialize()
    const names = (object: object) =>
      Object.entries(Object.getOwnPropertyDescriptors(object))
        .filter(([, { value }]) => typeof value === 'function')
        .map(([name]) => name)
    const plain = await new DataSource(await dataSourceOptions({ entities: [Note] })).initialize()

    expect(names(source).filter((name) => !names(plain).includes(name))).toEqual(['initialize', 'destroy'])
    expect(names(source.driver)).toEqual(names(plain.driver))
    expect(names(source.manager)).toEqual(names(plain.manager))
    const [runner, plainRunner] = [source.createQueryRunner(), plain.createQueryRunner()]
    expect(names(runner)).toEqual(names(plainRunner))
    expect(names(source.createQueryBuilder())).toEqual(names(plain.createQueryBuilder()))
    await Promise.all([runner.release(), plainRunner.release()])
    await plain.destroy()
  })

  it('is refused on a database that has none', () => {
    depot = new DepotManager()
    const mongo = new DataSource({ type: 'mongodb', url: 'mongodb://127.0.0.1/app', entities: [] })

    expect(() => attachDepot(mongo, depot, { ledger: true })).toThrow(
      expect.objectContaining({ code: 'NOT_SUPPORTED' }),
    )
  })
})
