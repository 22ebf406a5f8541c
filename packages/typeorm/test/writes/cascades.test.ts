import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Album, Cover, Photo } from '../entities/album.ts'
import { Ticket } from '../entities/ticket.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let albums: Repository<Album>
let photos: Repository<Photo>

beforeAll(async () => {
  database = await TestDatabase.open([Album, Cover, Photo, Ticket])
  albums = database.dataSource.getRepository(Album)
  photos = database.dataSource.getRepository(Photo)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

/** An album with two photos and a cover. */
async function savedAlbum(): Promise<Album> {
  const { id } = await albums.save({
    photos: [{ image: textFile('one') }, { image: textFile('two') }],
    cover: { image: textFile('cover') },
  })
  return await albums.findOneOrFail({
    where: { id },
    relations: { photos: true, cover: true },
    order: { photos: { id: 'ASC' } },
  })
}

async function textsOfPhotos(): Promise<(string | undefined)[]> {
  const rows = await photos.find({ order: { id: 'ASC' } })
  return await Promise.all(rows.map(({ image }) => textOf(image)))
}

describe('a cascade of TypeORM', () => {
  it('uploads the files of the children that it inserts', async () => {
    const album = await savedAlbum()

    expect(await Promise.all(album.photos.map(({ image }) => textOf(image)))).toEqual(['one', 'two'])
    expect(await textOf(album.cover?.image)).toBe('cover')
  })

  it('replaces the files of the children that it updates', async () => {
    const album = await savedAlbum()

    for (const photo of album.photos) photo.image = textFile('new')
    if (album.cover) album.cover.image = textFile('new cover')
    await albums.save(album)

    expect(await textsOfPhotos()).toEqual(['new', 'new'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('deletes the files of the children that it removes', async () => {
    const album = await savedAlbum()

    await photos.remove(album.photos)

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  // TypeORM 0.3 leaves the children of one-to-many relations to the database.
  if (typeormVersion !== '0.3') {
    it('deletes the files of the whole tree with the parent', async () => {
      const album = await savedAlbum()

      await albums.remove(album)

      expect(await photos.count()).toBe(0)
      expect(await database.pathsOfFiles()).toEqual(await database.pathsOfRows())
    })

    it('keeps all of them where the removal is rolled back', async () => {
      const album = await savedAlbum()

      const removing = database.dataSource.transaction(async (manager) => {
        await manager.remove(album)
        throw failure
      })

      await expect(removing).rejects.toBe(failure)
      expect(await textsOfPhotos()).toEqual(['one', 'two'])
    })
  }

  it('leaves nothing of the parent where the file of a child cannot be uploaded', async () => {
    const saving = albums.save({ photos: [{ image: textFile('good') }, { image: brokenFile() }] })

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await albums.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('a one-to-one child that is replaced', () => {
  it('keeps its row, and so its file', async () => {
    const album = await savedAlbum()

    album.cover = database.dataSource.getRepository(Cover).create({ image: textFile('second cover') })
    await albums.save(album)

    const covers = await database.dataSource.getRepository(Cover).find({ order: { id: 'ASC' } })
    expect(await Promise.all(covers.map(({ image }) => textOf(image)))).toEqual(['cover', 'second cover'])
  })

  it('keeps it also where nothing comes in its place', async () => {
    const album = await savedAlbum()

    album.cover = null
    await albums.save(album)

    expect(await database.dataSource.manager.count(Cover)).toBe(1)
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('has its file replaced where it changes itself', async () => {
    const album = await savedAlbum()

    album.cover!.image = textFile('new cover')
    await albums.save(album)

    expect(await textOf((await database.dataSource.manager.find(Cover))[0]?.image)).toBe('new cover')
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('goes with its file where the removal of its parent is cascaded, since TypeORM 1.0', async () => {
    const { id } = await albums.save({ cover: { image: textFile('cover') } })
    const album = await albums.findOneOrFail({ where: { id }, relations: { cover: true } })

    await albums.remove(album)

    const left = typeormVersion === '0.3' ? 1 : 0
    expect(await database.dataSource.manager.count(Cover)).toBe(left)
    expect(await database.pathsOfFiles()).toHaveLength(left)
  })
})

describe('rows that refer to each other', () => {
  it('keep their files, although a row gets its foreign key by an UPDATE of its own', async () => {
    const tickets = database.dataSource.getRepository(Ticket)
    const a = tickets.create({ number: 'a', scan: textFile('a') })
    const b = tickets.create({ number: 'b', scan: textFile('b') })
    a.before = b
    b.before = a

    await tickets.save([a, b])

    const rows = await tickets.find({ relations: { before: true }, order: { number: 'ASC' } })
    expect(rows.map(({ before }) => before?.number)).toEqual(['b', 'a'])
    expect(await Promise.all(rows.map(({ scan }) => textOf(scan)))).toEqual(['a', 'b'])
  })
})
