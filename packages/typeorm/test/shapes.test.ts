import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, describe, expect, it } from '@jest/globals'
import { EntitySchema } from 'typeorm'
import { Truck, Vehicle } from './entities/vehicle.ts'
import { textFile, textOf } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('single-table inheritance with embedded objects', () => {
  it('creates, replaces and removes the files of a subclass and of what it embeds', async () => {
    database = await TestDatabase.open([Vehicle, Truck])
    const trucks = database.dataSource.getRepository(Truck)
    const { id } = await trucks.save({
      photo: textFile('photo'),
      load: textFile('load'),
      papers: { scan: textFile('scan') },
    })

    const truck = await trucks.findOneByOrFail({ id })
    truck.load = textFile('new load')
    truck.papers.scan = textFile('new scan')
    await trucks.save(truck)

    const loaded = await trucks.findOneByOrFail({ id })
    const files = [loaded.photo, loaded.load, loaded.papers.scan]
    expect(await Promise.all(files.map(textOf))).toEqual(['photo', 'new load', 'new scan'])
    await trucks.remove(loaded)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('follows a subclass through the repository of its base', async () => {
    database = await TestDatabase.open([Vehicle, Truck])
    const vehicles = database.dataSource.getRepository(Vehicle)
    const truck = database.dataSource
      .getRepository(Truck)
      .create({ load: textFile('load'), photo: textFile('photo') })
    await vehicles.save(truck)

    await vehicles.remove(await vehicles.findOneByOrFail({ id: truck.id }))

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('an EntitySchema', () => {
  it('has file columns too', async () => {
    const Poster = new EntitySchema<{ id: number; image: UploadedFile | null }>({
      name: 'poster',
      columns: { id: { type: Number, primary: true, generated: true }, image: uploadedFileColumn() },
    })
    database = await TestDatabase.open([Poster])
    const posters = database.dataSource.getRepository(Poster)

    const { id } = await posters.save({ image: textFile('poster') })
    await posters.save({ id, image: textFile('second') })

    expect(await textOf((await posters.findOneByOrFail({ id })).image)).toBe('second')
  })
})

describe('a column that is not selected', () => {
  it('still gives up the file that is replaced or removed', async () => {
    const Secret = new EntitySchema<{ id: number; file: UploadedFile | null }>({
      name: 'secret',
      columns: {
        id: { type: Number, primary: true, generated: true },
        file: uploadedFileColumn({ select: false }),
      },
    })
    database = await TestDatabase.open([Secret])
    const secrets = database.dataSource.getRepository(Secret)
    const { id } = await secrets.save({ file: textFile('first') })

    await secrets.save({ id, file: textFile('second') })
    expect(await database.pathsOfFiles()).toHaveLength(1)
    await secrets.remove(await secrets.findOneByOrFail({ id }))

    expect(await database.pathsOfFiles()).toEqual([])
  })
})
