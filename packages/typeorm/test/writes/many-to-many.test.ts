import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Picture, Tag } from '../entities/picture.ts'
import { textFile, textOf } from '../support/contents.ts'
import { typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let pictures: Repository<Picture>
let tags: Repository<Tag>

beforeAll(async () => {
  database = await TestDatabase.open([Picture, Tag])
  pictures = database.dataSource.getRepository(Picture)
  tags = database.dataSource.getRepository(Tag)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

/** A picture with two tags, each of the three with a file. */
async function savedPicture(): Promise<Picture> {
  const { id } = await pictures.save({
    image: textFile('picture'),
    tags: [
      { name: 'a', icon: textFile('a') },
      { name: 'b', icon: textFile('b') },
    ],
  })
  return await loaded(id)
}

async function loaded(id: number): Promise<Picture> {
  return await pictures.findOneOrFail({
    where: { id },
    relations: { tags: true },
    order: { tags: { name: 'ASC' } },
  })
}

async function icons(): Promise<(string | undefined)[]> {
  const rows = await tags.find({ order: { name: 'ASC' }, withDeleted: true })
  return await Promise.all(rows.map(({ icon }) => textOf(icon)))
}

async function numberOfLinks(): Promise<number> {
  const { tags: linked } = await pictures.findOneOrFail({ where: {}, relations: { tags: true } })
  return linked.length
}

describe('a many-to-many relation', () => {
  it('uploads the files of both sides by a cascade', async () => {
    const picture = await savedPicture()

    expect(await textOf(picture.image)).toBe('picture')
    expect(await icons()).toEqual(['a', 'b'])
  })

  it('replaces the files of the other side by a cascade', async () => {
    const picture = await savedPicture()

    picture.tags[0]!.icon = textFile('new a')
    await pictures.save(picture)

    expect(await icons()).toEqual(['new a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps the files of both sides where a link is added and one is taken away', async () => {
    const picture = await savedPicture()
    const other = await tags.save(tags.create({ name: 'c', icon: textFile('c') }))

    picture.tags = [picture.tags[0]!, other]
    await pictures.save(picture)

    expect((await loaded(picture.id)).tags.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(await icons()).toEqual(['a', 'b', 'c'])
  })

  it('keeps the files of both sides where a query builder links and unlinks', async () => {
    const picture = await savedPicture()
    const other = await tags.save(tags.create({ name: 'c', icon: textFile('c') }))
    const relation = () => database.dataSource.createQueryBuilder().relation(Picture, 'tags').of(picture)

    await relation().add(other)
    expect(await numberOfLinks()).toBe(3)
    await relation().remove(picture.tags)

    expect(await numberOfLinks()).toBe(1)
    expect(await icons()).toEqual(['a', 'b', 'c'])
  })

  it('uploads for a new tag of an existing picture', async () => {
    const picture = await savedPicture()

    picture.tags.push(tags.create({ name: 'c', icon: textFile('c') }))
    await pictures.save(picture)

    expect(await icons()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it.each<[string, (picture: Picture) => Promise<unknown>]>([
    ['remove of an entity whose links are not loaded', ({ id }) => pictures.remove(pictures.create({ id }))],
    ['delete', ({ id }) => pictures.delete(id)],
  ])('deletes the file of the side that goes, and not of the other, by %s', async (_, remove) => {
    await remove(await savedPicture())

    expect(await pictures.count()).toBe(0)
    expect(await icons()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('deletes the files of the other side, too, where the removal is cascaded, since TypeORM 1.0', async () => {
    const picture = await savedPicture()

    await pictures.remove(picture)

    expect(await pictures.count()).toBe(0)
    expect(await icons()).toEqual(typeormVersion === '0.3' ? ['a', 'b'] : [])
    expect(await database.pathsOfFiles()).toHaveLength(await tags.count())
  })

  it('deletes the file of the inverse side that goes, and not of the other', async () => {
    const picture = await savedPicture()

    await tags.remove(picture.tags[0]!)

    expect(await numberOfLinks()).toBe(1)
    expect(await icons()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('keeps all files where both sides are deleted softly by a cascade, and recovered', async () => {
    const picture = await savedPicture()

    await pictures.softRemove(picture)
    expect([await pictures.count(), await tags.count()]).toEqual([0, 0])
    expect(await icons()).toEqual(['a', 'b'])
    // TypeORM 0.3 would insert the links again.
    await pictures.recover({ id: picture.id })
    await tags.recover(picture.tags.map(({ id }) => ({ id })))

    expect([await pictures.count(), await tags.count()]).toEqual([1, 2])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})
