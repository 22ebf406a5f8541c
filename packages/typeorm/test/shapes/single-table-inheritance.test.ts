import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Truck, Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let vehicles: Repository<Vehicle>
let trucks: Repository<Truck>

beforeEach(async () => {
  database = await TestDatabase.open([Vehicle, Truck])
  vehicles = database.dataSource.getRepository(Vehicle)
  trucks = database.dataSource.getRepository(Truck)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A truck with three files. */
async function savedTruck(): Promise<Truck> {
  const { id } = await trucks.save({
    photo: textFile('photo'),
    load: textFile('load'),
    papers: { scan: textFile('scan') },
  })
  return await trucks.findOneByOrFail({ id })
}

async function textsOfTruck(id: number): Promise<(string | undefined)[]> {
  const { photo, load, papers } = await trucks.findOneByOrFail({ id })
  return await textsOf([photo, load, papers.scan])
}

describe('a subclass of single-table inheritance, through its own repository', () => {
  it('has its files, those of its base and of what they embed', async () => {
    const { id } = await savedTruck()

    expect(await textsOfTruck(id)).toEqual(['photo', 'load', 'scan'])
  })

  it('gives up the files that are replaced', async () => {
    const truck = await savedTruck()

    truck.load = textFile('new load')
    truck.papers.scan = textFile('new scan')
    await trucks.save(truck)

    expect(await textsOfTruck(truck.id)).toEqual(['photo', 'new load', 'new scan'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('gives up all of them with its row', async () => {
    await trucks.remove(await savedTruck())

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('is updated by criteria, and the other classes of its table are not', async () => {
    const { id } = await savedTruck()
    const vehicle = await vehicles.save(vehicles.create({ photo: textFile('of the vehicle') }))

    await trucks.update(id, { photo: textFile('new photo'), load: null })
    await trucks.update(vehicle.id, { photo: null })

    expect(await textsOfTruck(id)).toEqual(['new photo', undefined, 'scan'])
    expect(await textOf((await vehicles.findOneByOrFail({ id: vehicle.id })).photo)).toBe('of the vehicle')
  })

  it('is deleted by criteria, and the other classes of its table are not', async () => {
    const { id } = await savedTruck()
    const vehicle = await vehicles.save(vehicles.create({ photo: textFile('of the vehicle') }))

    await trucks.delete([id, vehicle.id])

    expect(await vehicles.count()).toBe(1)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a subclass of single-table inheritance, through the repository of its base', () => {
  it('is created with all of its files', async () => {
    const truck = trucks.create({ load: textFile('load'), photo: textFile('photo') })

    await vehicles.save(truck)

    expect(await textsOfTruck(truck.id)).toEqual(['photo', 'load', undefined])
  })

  it('gives up the files that are replaced, also those that its base does not know', async () => {
    const { id } = await savedTruck()
    const truck = await vehicles.findOneByOrFail({ id })

    Object.assign(truck, { photo: textFile('new photo'), load: textFile('new load') })
    await vehicles.save(truck)

    expect(truck).toBeInstanceOf(Truck)
    expect(await textsOfTruck(id)).toEqual(['new photo', 'new load', 'scan'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps its files where another column is saved with an object of the base', async () => {
    const { id } = await savedTruck()

    await vehicles.save({ id, photo: textFile('new photo') })

    expect(await textsOfTruck(id)).toEqual(['new photo', 'load', 'scan'])
  })

  it('gives up all of its files with its row', async () => {
    const { id } = await savedTruck()

    await vehicles.remove(await vehicles.findOneByOrFail({ id }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives up all of its files where an object of the base names the row', async () => {
    const { id } = await savedTruck()

    await vehicles.remove(vehicles.create({ id }))

    expect(await vehicles.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('is updated by criteria', async () => {
    const { id } = await savedTruck()

    await vehicles.update(id, { photo: textFile('new photo'), papers: { scan: null } })

    expect(await textsOfTruck(id)).toEqual(['new photo', 'load', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is deleted by criteria, with the files that its base does not know', async () => {
    const { id } = await savedTruck()

    await vehicles.delete({ id })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('does not put an old file back from an entity that was loaded before it was replaced', async () => {
    const { id } = await savedTruck()
    const stale = await vehicles.findOneByOrFail({ id })
    await trucks.save({ id, load: textFile('new load'), photo: textFile('new photo') })

    stale.papers.scan = null
    await vehicles.save(stale)

    expect(await textsOfTruck(id)).toEqual(['new photo', 'new load', undefined])
  })

  it('keeps everything where the transaction is rolled back', async () => {
    const { id } = await savedTruck()

    await rolledBack(database.dataSource, async (manager) => {
      await manager.update(Vehicle, id, { photo: null })
      const truck = await manager.findOneByOrFail(Vehicle, { id })
      await manager.save(Object.assign(truck, { load: textFile('new load') }))
      await manager.remove(truck)
    })

    expect(await textsOfTruck(id)).toEqual(['photo', 'load', 'scan'])
  })
})
