import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Berth, Carriage } from '../entities/carriage.ts'
import { Folder, Shelf } from '../entities/folder.ts'
import { Boat, Craft, Harbour, Trip } from '../entities/craft.ts'
import { Region, Station } from '../entities/region.ts'
import { textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.open([
    Berth,
    Boat,
    Carriage,
    Craft,
    Folder,
    Harbour,
    Region,
    Shelf,
    Station,
    Trip,
  ])
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

describe('a cascade of the database', () => {
  let shelves: Repository<Shelf>
  let folders: Repository<Folder>
  let shelf: Shelf

  /** A shelf with a folder, in which is a folder, in which is one more; and a folder on another shelf. */
  beforeEach(async () => {
    shelves = database.dataSource.getRepository(Shelf)
    folders = database.dataSource.getRepository(Folder)
    shelf = await shelves.save(shelves.create({ label: 'one' }))
    const other = await shelves.save(shelves.create({ label: 'other' }))
    const outer = await folders.save({ scan: textFile('outer'), shelf })
    const middle = await folders.save({ scan: textFile('middle'), around: outer })
    await folders.save({ scan: textFile('inner'), around: middle })
    await folders.save({ scan: textFile('elsewhere'), shelf: other, lentTo: shelf })
  })

  async function textsOfFolders(): Promise<(string | undefined)[]> {
    const rows = await folders.find({ order: { id: 'ASC' } })
    return await Promise.all(rows.map(({ scan }) => textOf(scan)))
  }

  it('deletes the files of all rows that go, at any depth', async () => {
    await shelves.remove(shelf)

    expect(await textsOfFolders()).toEqual(['elsewhere'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('does so for a delete by criteria, also of an entity without files', async () => {
    await shelves.delete({ label: 'one' })

    expect(await textsOfFolders()).toEqual(['elsewhere'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps them where it is rolled back', async () => {
    const removing = database.dataSource.transaction(async (manager) => {
      await manager.delete(Shelf, { label: 'one' })
      throw failure
    })

    await expect(removing).rejects.toBe(failure)
    expect(await textsOfFolders()).toEqual(['outer', 'middle', 'inner', 'elsewhere'])
  })

  it('goes round in a circle once', async () => {
    const [outer, , inner] = await folders.find({ order: { id: 'ASC' } })
    await folders.save({ id: outer!.id, around: inner! })

    await folders.delete(inner!.id)

    expect(await textsOfFolders()).toEqual(['elsewhere'])
  })

  it('does not reach what was moved away in the same transaction', async () => {
    await database.dataSource.transaction(async (manager) => {
      const [outer, middle] = await manager.find(Folder, { order: { id: 'ASC' } })
      await manager.save(Folder, { id: middle!.id, around: null })
      await manager.remove(outer)
    })

    expect(await textsOfFolders()).toEqual(['middle', 'inner', 'elsewhere'])
  })

  it('deletes the files of rows that the same transaction has added', async () => {
    await database.dataSource.transaction(async (manager) => {
      await manager.save(Folder, { scan: textFile('added'), shelf })
      await manager.delete(Shelf, shelf.id)
    })

    expect(await textsOfFolders()).toEqual(['elsewhere'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('deletes the new files of rows that the same transaction has changed, and the old ones', async () => {
    await database.dataSource.transaction(async (manager) => {
      const [, middle] = await manager.find(Folder, { order: { id: 'ASC' } })
      await manager.save(Folder, { id: middle!.id, scan: textFile('new middle') })
      await manager.remove(await manager.findOneByOrFail(Shelf, { label: 'one' }))
    })

    expect(await textsOfFolders()).toEqual(['elsewhere'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('deletes them also without listeners, and without a transaction', async () => {
    await shelves.remove(shelf, { listeners: false })
    const [other] = await shelves.find()
    await shelves.remove(other!, { transaction: false })

    expect(await textsOfFolders()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('deletes them by a query builder in a transaction of its own, and without listeners', async () => {
    await shelves
      .createQueryBuilder()
      .delete()
      .where('label = :label', { label: 'one' })
      .callListeners(false)
      .useTransaction(true)
      .execute()

    expect(await textsOfFolders()).toEqual(['elsewhere'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('deletes each file once where a parent and its child are removed together', async () => {
    const discarded: string[] = []
    const note = ({ paths }: { paths: readonly string[] }) => discarded.push(...paths)
    database.depot.on('discarded', note)

    await folders.remove(await folders.find({ order: { id: 'ASC' } }))
    database.depot.off('discarded', note)

    expect(await folders.count()).toBe(0)
    expect(discarded).toHaveLength(4)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of SET NULL leaves the rows and their files', async () => {
    await folders.delete({ shelf: { label: 'one' } })

    await shelves.remove(shelf)

    expect(await textsOfFolders()).toEqual(['elsewhere'])
  })
})

describe('a cascade of the database by other columns than the primary key', () => {
  it('of several columns deletes the files of the rows that have all of them in common', async () => {
    const { manager } = database.dataSource
    const [north, south] = await manager.save(Region, [
      { country: 'AT', code: 1 },
      { country: 'AT', code: 2 },
    ])
    await manager.save(Region, { country: 'CH', code: 1 })
    await manager.save(Station, [
      { name: 'a', scan: textFile('a'), region: { country: 'AT', code: 1 } },
      { name: 'b', scan: textFile('b'), region: { country: 'AT', code: 2 } },
      { name: 'c', scan: textFile('c'), region: { country: 'CH', code: 1 } },
      { name: 'd', scan: textFile('d') },
    ])

    await manager.remove(Region, north!)
    await manager.delete(Region, south!.id)

    const stations = await manager.find(Station, { order: { name: 'ASC' } })
    expect(await Promise.all(stations.map(({ scan }) => textOf(scan)))).toEqual(['c', 'd'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of a primary key of two columns deletes the files of those rows', async () => {
    const { manager } = database.dataSource
    await manager.save(Carriage, [
      { train: 'ICE', number: 1, plan: textFile('plan 1') },
      { train: 'ICE', number: 2, plan: textFile('plan 2') },
    ])
    await manager.save(Berth, [
      { scan: textFile('berth 1'), carriage: { train: 'ICE', number: 1 } },
      { scan: textFile('berth 2'), carriage: { train: 'ICE', number: 2 } },
    ])

    await manager.delete(Carriage, { train: 'ICE', number: 1 })

    const [carriage] = await manager.find(Carriage)
    const [berth] = await manager.find(Berth)
    expect([await textOf(carriage?.plan), await textOf(berth?.scan)]).toEqual(['plan 2', 'berth 2'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('a cascade of the database to and from a subclass of a single table', () => {
  /** A harbour with a boat, which has two files and a trip with one; and a craft beside it. */
  beforeEach(async () => {
    const { manager } = database.dataSource
    const harbour = await manager.save(Harbour, { name: 'Hamburg' })
    const boat = await manager.save(Boat, { photo: textFile('boat'), sail: textFile('sail'), harbour })
    await manager.save(Trip, { log: textFile('log'), boat })
    await manager.save(Craft, { photo: textFile('craft') })
  })

  it.each<[string, () => Promise<unknown>]>([
    [
      'removed',
      async () => {
        const { manager } = database.dataSource
        await manager.remove(await manager.find(Harbour))
      },
    ],
    ['deleted by criteria', () => database.dataSource.manager.delete(Harbour, { name: 'Hamburg' })],
  ])('deletes the files of both levels where the row above is %s', async (_, remove) => {
    await remove()

    const left = await database.dataSource.manager.find(Craft)
    expect(await Promise.all(left.map(({ photo }) => textOf(photo)))).toEqual(['craft'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each([
    ['the subclass', Boat, 1],
    ['the base', Craft, 0],
  ])('deletes the files below where rows of %s go', async (_, entity, left) => {
    const { manager } = database.dataSource

    await manager.remove(await manager.find(entity))

    expect(await manager.count(Trip)).toBe(0)
    expect(await database.pathsOfFiles()).toHaveLength(left)
  })

  it.each([
    ['the subclass', Boat, 1],
    ['the base', Craft, 0],
  ])('deletes the files below where rows of %s are deleted by criteria', async (_, entity, left) => {
    await database.dataSource.createQueryBuilder().delete().from(entity).execute()

    expect(await database.dataSource.manager.count(Trip)).toBe(0)
    expect(await database.pathsOfFiles()).toHaveLength(left)
  })
})
