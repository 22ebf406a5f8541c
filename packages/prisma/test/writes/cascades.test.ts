import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { textFile } from '../../../../test/support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

/** An album with two photos, of which each has two comments: seven files. */
async function albumOf(client: Pick<TestClient, 'album'> = prisma, name = ''): Promise<number> {
  const comments = (photo: string) => ({
    create: ['1', '2'].map((number) => ({ drawing: textFile(`${name}${photo}${number}`) })),
  })
  const { id } = await client.album.create({
    data: {
      title: name,
      cover: textFile(name),
      photos: {
        create: ['a', 'b'].map((title) => ({
          title,
          image: textFile(name + title),
          comments: comments(title),
        })),
      },
    },
  })
  return id
}

describe('a cascade of the database', () => {
  it('deletes the files of all rows that go, at any depth', async () => {
    const id = await albumOf()
    await albumOf(prisma, 'other')

    await prisma.album.delete({ where: { id } })

    expect(await files()).toBe(7)
    expect(await prisma.comment.count()).toBe(4)
  })

  it('does so for deleteMany, also of a model without files, and of a nested delete', async () => {
    await albumOf()
    await albumOf()
    const user = await prisma.user.create({
      data: {
        name: 'Ada',
        avatar: textFile('avatar'),
        profile: { create: { photo: textFile('photo') } },
        posts: { create: [{ title: 'a', cover: textFile('cover') }] },
      },
    })
    await prisma.directory.create({ data: { files: { create: [{ name: 'a', content: textFile('a') }] } } })

    expect(await prisma.album.deleteMany()).toEqual({ count: 2 })
    await prisma.directory.deleteMany({ where: { files: { some: { name: 'a' } } } })
    await prisma.user.deleteMany({ where: { id: user.id } })

    expect(await files()).toBe(0)
  })

  it('begins in the middle', async () => {
    await albumOf()

    await prisma.photo.deleteMany({ where: { title: 'a' } })

    expect(await files()).toBe(4)
  })

  it('keeps them where it is rolled back, also to a savepoint', async () => {
    const id = await albumOf()

    await rolledBack(prisma, (tx) => tx.album.delete({ where: { id } }))
    await prisma.$transaction(async (tx) => {
      await rolledBack(tx, (inner) => inner.album.delete({ where: { id } }))
      await tx.album.update({ where: { id }, data: { title: 'kept' } })
    })

    expect(await files()).toBe(7)
  })

  it('goes round in a circle once', async () => {
    await prisma.note.createMany({
      data: ['a', 'b', 'c'].map((name) => ({ name, text: name, file: textFile(name) })),
    })
    for (const [name, parentName] of [
      ['a', 'c'],
      ['b', 'a'],
      ['c', 'b'],
    ] as const)
      await prisma.note.update({ where: { name }, data: { parentName } })

    await prisma.note.delete({ where: { name: 'b' } })

    expect(await prisma.note.count()).toBe(0)
    expect(await files()).toBe(0)
  })

  it('goes round in a circle of two models once', async () => {
    const team = await prisma.team.create({
      data: { logo: textFile('logo'), members: { create: { photo: textFile('captain') } } },
      include: { members: true },
    })
    await prisma.team.update({ where: { id: team.id }, data: { captainId: team.members[0]!.id } })
    await prisma.member.create({ data: { teamId: team.id, photo: textFile('player') } })

    await prisma.member.delete({ where: { id: team.members[0]!.id } })

    expect(await prisma.member.count()).toBe(0)
    expect(await files()).toBe(0)
  })

  it('deletes the file of a row that is its own parent', async () => {
    await prisma.note.create({ data: { name: 'a', file: textFile('a') } })
    await prisma.note.update({ where: { name: 'a' }, data: { parentName: 'a' } })

    await prisma.note.delete({ where: { name: 'a' } })

    expect(await files()).toBe(0)
  })

  it('does not reach what was moved away in the same transaction', async () => {
    const [one, two] = [await albumOf(), await albumOf(prisma, 'other')]

    await prisma.$transaction(async (tx) => {
      await tx.photo.updateMany({ where: { albumId: one, title: 'a' }, data: { albumId: two } })
      await tx.album.delete({ where: { id: one } })
    })

    expect(await prisma.photo.count()).toBe(3)
    expect(await files()).toBe(10)
  })

  it('deletes the files of rows that the same transaction has added and changed', async () => {
    const id = await albumOf()

    await prisma.$transaction(async (tx) => {
      await tx.photo.create({ data: { albumId: id, image: textFile('added') } })
      await tx.photo.updateMany({ where: { title: 'a' }, data: { image: textFile('changed') } })
      await tx.album.delete({ where: { id } })
    })

    expect(await files()).toBe(0)
  })

  it('deletes each file once where a parent and its child are deleted together', async () => {
    const id = await albumOf()
    const events = database.recordEvents()

    await prisma.$transaction(async (tx) => {
      await tx.photo.deleteMany({ where: { title: 'a' } })
      await tx.album.delete({ where: { id } })
    })

    const deleted = events.filter(({ name }) => name === 'deleted').flatMap(({ paths }) => paths)
    expect(deleted).toHaveLength(7)
    expect(new Set(deleted).size).toBe(7)
  })

  it('of SetNull leaves the rows and their files', async () => {
    await albumOf()
    const { id } = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('avatar') } })
    await prisma.comment.updateMany({ data: { authorId: id } })

    await prisma.user.delete({ where: { id } })

    expect(await prisma.comment.count({ where: { authorId: null } })).toBe(4)
    expect(await files()).toBe(7)
  })

  it('goes by mapped names', async () => {
    const { uid } = await prisma.directory.create({
      data: { files: { create: ['a', 'b'].map((name) => ({ name, content: textFile(name) })) } },
    })

    await prisma.directory.delete({ where: { uid } })

    expect(await files()).toBe(0)
  })

  it('of many rows deletes all of their files', async () => {
    const photos = Array.from({ length: 300 }, (_, index) => ({ image: textFile(String(index)) }))
    const { id } = await prisma.album.create({ data: { photos: { create: photos } } })
    expect(await files()).toBe(300)

    await prisma.album.delete({ where: { id } })

    expect(await files()).toBe(0)
  })
})

describe('cascades that are named', () => {
  it('are the only ones that are followed, and the others are warned of', async () => {
    const warnings: string[] = []
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation((warning) => {
      warnings.push(String(warning))
    })
    const client = database.extend(database.base, { cascades: { album: ['photos'] } })
    emit.mockRestore()
    const id = await albumOf(client)

    await client.album.delete({ where: { id } })

    expect(warnings).toEqual([expect.stringContaining('Photo.comments')])
    expect(warnings[0]).not.toContain('Album.photos')
    // The drawings of four comments.
    const left = await database.pathsOfFiles()
    expect(left).toHaveLength(4)
    await database.depot.deleteFiles(left)
  })

  it('may be none', async () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const client = database.extend(database.base, { cascades: {} })
    emit.mockRestore()
    const id = await albumOf(client)

    await client.album.delete({ where: { id } })

    expect(await files()).toBe(6)
    await database.depot.deleteFiles(await database.pathsOfFiles())
  })
})
