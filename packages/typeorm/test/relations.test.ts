import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Album, Cover, Photo } from './entities/album.ts'
import { brokenFile, textFile, textOf } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let albums: Repository<Album>
let photos: Repository<Photo>

beforeEach(async () => {
  database = await TestDatabase.open([Album, Photo, Cover])
  albums = database.dataSource.getRepository(Album)
  photos = database.dataSource.getRepository(Photo)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

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

  it('leaves nothing of the parent where the file of a child cannot be uploaded', async () => {
    const saving = albums.save({ photos: [{ image: textFile('good') }, { image: brokenFile() }] })

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await albums.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('an orphan', () => {
  it('loses its file with its row', async () => {
    const album = await savedAlbum()

    album.photos = album.photos.slice(1)
    await albums.save(album)

    expect(await textsOfPhotos()).toEqual(['two'])
  })

  it('keeps its file where that is rolled back', async () => {
    const album = await savedAlbum()

    const saving = database.dataSource.transaction(async (manager) => {
      album.photos = album.photos.slice(1)
      await manager.save(album)
      throw failure
    })

    await expect(saving).rejects.toBe(failure)
    expect(await textsOfPhotos()).toEqual(['one', 'two'])
  })

  it('makes room for a new child in the same save', async () => {
    const album = await savedAlbum()

    album.photos = [photos.create({ image: textFile('three') })]
    await albums.save(album)

    expect(await textsOfPhotos()).toEqual(['three'])
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
})
