import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Album, Cover, Photo } from './entities/album.ts'
import { Folder, Shelf } from './entities/folder.ts'
import { brokenFile, textFile, textOf } from './support/contents.ts'
import { typeormVersion } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let albums: Repository<Album>
let photos: Repository<Photo>

beforeEach(async () => {
  database = await TestDatabase.open([Album, Photo, Cover, Shelf, Folder])
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

  it('of SET NULL leaves the rows and their files', async () => {
    await folders.delete({ shelf: { label: 'one' } })

    await shelves.remove(shelf)

    expect(await textsOfFolders()).toEqual(['elsewhere'])
  })
})
