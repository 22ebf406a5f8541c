import 'reflect-metadata'
import { DepotManager, LocalBackend, MemoryBackend, UploadedFile, type StorageBackend } from '@filedepot/core'
import { UploadedImage } from '@filedepot/image'
import { S3Backend } from '@filedepot/s3'
import { ChaosBackend } from '@filedepot/testing'
import { attachDepot, UploadedFileColumn } from '@filedepot/typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { startFauxqs } from 'fauxqs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Column, DataSource, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { pathsOf } from './support/depot.ts'
import { broken, picture } from './support/pictures.ts'

class Photo extends UploadedImage.with({
  maxSide: 100,
  thumbnails: { large: { width: 48 }, medium: { width: 32 }, small: { width: 16, format: 'png' } },
}) {}

@Entity()
class Person {
  @PrimaryGeneratedColumn() id!: number
  @Column('text', { unique: true }) name!: string
  @UploadedFileColumn({ type: Photo }) photo!: Photo | null
  @UploadedFileColumn({ type: Photo, array: true }) album!: Photo[] | null
}

let folder: string
let s3: Awaited<ReturnType<typeof startFauxqs>>
let png: Buffer
let half: Buffer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-rows-'))
  s3 = await startFauxqs({ port: 0, logger: false })
  png = await picture().png().toBuffer()
  half = await broken()
})

afterAll(async () => {
  await s3.stop()
  await rm(folder, { recursive: true })
})

async function onS3(): Promise<StorageBackend> {
  const backend = new S3Backend({
    bucket: 'photos',
    endpoint: `http://127.0.0.1:${s3.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  })
  await backend.ensureBucket()
  return backend
}

describe.each<[string, () => Promise<StorageBackend> | StorageBackend]>([
  ['in memory', () => new MemoryBackend()],
  ['on local disk', () => new LocalBackend(join(folder, 'files'))],
  ['on S3', onS3],
])('files of images, %s', (_, makeBackend) => {
  let depot: DepotManager
  let chaos: ChaosBackend
  let dataSource: DataSource
  let people: Repository<Person>

  beforeEach(async () => {
    depot = new DepotManager()
    chaos = new ChaosBackend(await makeBackend())
    depot.configure('default', chaos)
    dataSource = new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      entities: [Person],
      synchronize: true,
    })
    await attachDepot(dataSource, depot).initialize()
    people = dataSource.getRepository(Person)
  })

  afterEach(async () => {
    chaos.restore()
    const rows = await people.find()
    const files = rows.flatMap(({ photo, album }) =>
      [photo, ...(album ?? [])].flatMap((file) => file?.files ?? []),
    )
    expect(await pathsOf(depot)).toEqual(files.sort())
    await depot.deleteFiles(files)
    await dataSource.destroy()
    await depot.close()
  })

  const person = (fields: Partial<Person> = {}) =>
    Object.assign(new Person(), { name: 'Ada', photo: Photo.from(png), ...fields })

  it('follow a row from its first photo to its end', async () => {
    const ada = await people.save(person())
    const first = ada.photo!
    expect(await pathsOf(depot)).toEqual([...first.files].sort())
    expect(first.files).toHaveLength(4)

    ada.photo = Photo.from(png)
    await people.save(ada)
    const second = (await people.findOneByOrFail({ id: ada.id })).photo!
    expect(await pathsOf(depot)).toEqual([...second.files].sort())
    expect(second.files.filter((path) => first.files.includes(path))).toEqual([])
    expect((await second.small.bytes()).byteLength).toBe(second.small.size)

    await people.remove(ada)
    expect(await pathsOf(depot)).toEqual([])
  })

  it('stay as they were where a replacement is rolled back, with all thumbnails', async () => {
    const ada = await people.save(person())
    const { files } = ada.photo!

    const changing = dataSource.transaction(async (manager) => {
      ada.photo = Photo.from(png)
      await manager.save(ada)
      throw new Error('undone')
    })

    await expect(changing).rejects.toThrow('undone')
    expect(await pathsOf(depot)).toEqual([...files].sort())
    expect(ada.photo?.isPending).toBe(true)
    await people.save(ada)
    expect((await people.findOneByOrFail({ id: ada.id })).photo?.small.width).toBe(16)
  })

  it('are those before a savepoint that is rolled back', async () => {
    await dataSource.transaction(async (manager) => {
      await manager.save(person())
      const inner = manager.transaction(async (nested) => {
        await nested.save(person({ name: 'Bob' }))
        throw new Error('undone')
      })
      await expect(inner).rejects.toThrow('undone')
    })

    expect(await people.find()).toHaveLength(1)
    expect(await pathsOf(depot)).toHaveLength(4)
  })

  it('go with a row that the database refuses', async () => {
    await people.save(person())

    await expect(people.save(person())).rejects.toThrow(/UNIQUE/)

    expect(await pathsOf(depot)).toHaveLength(4)
  })

  it('are all there or none: the storage fails at the third thumbnail', async () => {
    const ada = person()
    chaos.fail('write', { on: 4 })

    await expect(people.save(ada)).rejects.toMatchObject({ code: 'WRITE_FAILED' })

    expect(chaos.calls('write')).toBe(4)
    expect(await people.find()).toEqual([])
    expect(await pathsOf(depot)).toEqual([])
    chaos.restore()
    await people.save(ada)
    expect(await pathsOf(depot)).toHaveLength(4)
  })

  it('are all there or none: one of an album is damaged', async () => {
    const album = [Photo.from(png), Photo.from(half, { filename: 'broken.png' })]

    await expect(people.save(person({ album }))).rejects.toMatchObject({
      code: 'NOT_AN_IMAGE',
      message: expect.stringMatching(/^Person\.album: "broken\.png" is a damaged png/),
    })

    expect(await people.find()).toEqual([])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('are those of one that was uploaded by hand, before the transaction', async () => {
    const photo = await depot.upload(Photo.from(png))

    await people.save(person({ photo }))
    await people.delete({ name: 'Ada' })

    expect(await pathsOf(depot)).toEqual([])
  })

  it('are copied with their thumbnails where a second row gets the photo', async () => {
    const { photo } = await people.save(person())

    const bob = await people.save(person({ name: 'Bob', photo }))

    expect(bob.photo?.files).toHaveLength(4)
    await people.delete({ name: 'Ada' })
    expect((await bob.photo!.large.bytes()).byteLength).toBe(bob.photo?.large.size)
    expect(UploadedFile.fromJSON(bob.photo!.toJSON()).files).toEqual(bob.photo?.files)
  })
})
