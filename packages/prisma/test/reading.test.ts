import { UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { quoted } from '../../../test/databases/database-kind.ts'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { emptyDatabase } from './support/empty-database.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { Prisma, PrismaClient } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

async function ada() {
  return await prisma.user.create({
    data: {
      name: 'Ada',
      avatar: textFile('avatar'),
      documents: [textFile('one'), textFile('two')],
      profile: { create: { photo: textFile('photo') } },
      posts: {
        create: [
          { title: 'a', cover: textFile('cover a'), tags: { create: { name: 'x', icon: textFile('icon') } } },
          { title: 'b' },
        ],
      },
    },
  })
}

describe('reading', () => {
  it('counts the rows that have a file', async () => {
    await ada()
    await prisma.user.create({ data: { name: 'Grace' } })

    const counts = await prisma.user.count({ select: { avatar: true, _all: true } })

    expect([counts.avatar, counts._all]).toEqual([1, 2])
  })

  it('leaves values alone that another client has read already, as one of replicas', async () => {
    const { id, avatar, documents } = await ada()
    const replica = prisma.$extends({
      query: { user: { findUnique: () => Promise.resolve({ id, avatar, documents }) } },
    })

    const found = await replica.user.findUnique({ where: { id } })

    expect([found?.avatar, found?.documents]).toEqual([avatar, documents])
  })

  it.each<[string, (id: number) => PromiseLike<{ avatar: UploadedFile | null } | null | undefined>]>([
    ['findUnique', (id) => prisma.user.findUnique({ where: { id } })],
    ['findUniqueOrThrow', (id) => prisma.user.findUniqueOrThrow({ where: { id } })],
    ['findFirst', () => prisma.user.findFirst()],
    ['findFirstOrThrow', () => prisma.user.findFirstOrThrow()],
    ['findMany', async () => (await prisma.user.findMany())[0]],
    ['select', (id) => prisma.user.findUnique({ where: { id }, select: { avatar: true } })],
    ['update', (id) => prisma.user.update({ where: { id }, data: { name: 'Bea' } })],
    ['a batch', async () => (await prisma.$transaction([prisma.user.findMany()]))[0][0]],
    ['a transaction', () => prisma.$transaction((tx) => tx.user.findFirst())],
    ['a relation', async () => (await prisma.post.findFirst({ include: { author: true } }))?.author],
    [
      'a fluent call',
      async () =>
        (await prisma.post.findUnique({ where: { id: (await prisma.post.findFirst())!.id } }).author())!,
    ],
  ])('by %s has the value of the class', async (_, find) => {
    const { id } = await ada()

    const found = await find(id)

    expect(found?.avatar).toBeInstanceOf(UploadedFile)
    expect(await textOf(found?.avatar)).toBe('avatar')
  })

  it('has them on all levels of what is included', async () => {
    await ada()

    const user = await prisma.user.findFirstOrThrow({
      include: { profile: true, posts: { orderBy: { title: 'asc' }, include: { tags: true } } },
    })

    const [a, b] = user.posts
    expect(await textsOf([user.profile?.photo, a?.cover, a?.tags[0]?.icon, b?.cover])).toEqual([
      'photo',
      'cover a',
      'icon',
      undefined,
    ])
  })

  it('has lists of files as lists', async () => {
    const { id } = await ada()

    const { documents } = await prisma.user.findUniqueOrThrow({ where: { id } })

    expect(await textsOf(documents)).toEqual(['one', 'two'])
  })

  it('gives the same object each time a field is looked at', async () => {
    const user = await ada()

    expect(user.avatar).toBe(user.avatar)
    expect(user.documents).toBe(user.documents)
  })

  it('leaves out what is not selected, or omitted', async () => {
    await ada()

    expect(await prisma.user.findFirst({ select: { name: true } })).toEqual({ name: 'Ada' })
    expect(await prisma.user.findFirst({ omit: { avatar: true } })).not.toHaveProperty('avatar')
  })

  it('gives rows that can be spread, compared and made JSON', async () => {
    const user = await ada()

    const { avatar } = { ...user }
    const json = JSON.parse(JSON.stringify(user)) as { avatar: unknown; name: string }

    expect(avatar).toBe(user.avatar)
    expect(json.avatar).toEqual(user.avatar?.toJSON())
    expect(json.name).toBe('Ada')
  })

  it('filters, sorts and counts as before', async () => {
    await ada()
    await prisma.user.create({ data: { name: 'Bob' } })

    expect(await prisma.user.findMany({ where: { avatar: { equals: Prisma.DbNull } } })).toMatchObject([
      { name: 'Bob' },
    ])
    expect(await prisma.user.count({ where: { avatar: { not: Prisma.DbNull } } })).toBe(1)
    expect(await prisma.user.aggregate({ _count: { avatar: true } })).toEqual({ _count: { avatar: 1 } })
  })

  it('by raw SQL has the JSON', async () => {
    await ada()

    const [row] = await prisma.$queryRawUnsafe<{ avatar: unknown }[]>(`SELECT avatar FROM ${quoted('User')}`)

    const json = typeof row?.avatar === 'string' ? (JSON.parse(row.avatar) as object) : row?.avatar
    expect(json).toMatchObject({ filename: 'note.txt' })
  })

  it('knows the depot of its client', async () => {
    const { id } = await ada()

    const file = (await prisma.user.findUniqueOrThrow({ where: { id } })).avatar

    expect(file?.url).toBe(`/depot/${file?.path ?? ''}`)
    expect(await (await file!.open()).text()).toBe('avatar')
  })
})

describe('writing with a result that leaves files out', () => {
  it('by select creates, replaces and deletes them, and shows no more than was asked for', async () => {
    const select = { name: true } as const

    const created = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('old') }, select })
    const updated = await prisma.user.update({
      where: { name: 'Ada' },
      data: { avatar: textFile('new') },
      select,
    })
    expect(await textOf((await prisma.user.findFirst())?.avatar)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(1)
    const deleted = await prisma.user.delete({ where: { name: 'Ada' }, select })

    expect([created, updated, deleted]).toEqual([{ name: 'Ada' }, { name: 'Ada' }, { name: 'Ada' }])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('by omit does the same', async () => {
    const omit = { avatar: true, documents: true } as const

    const { id } = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('old') }, omit })
    const updated = await prisma.user.update({
      where: { id },
      data: { avatar: textFile('new'), documents: [textFile('one')] },
      omit,
    })

    expect(updated).toEqual({ id, name: 'Ada' })
    expect(await database.pathsOfFiles()).toHaveLength(2)
    await prisma.user.delete({ where: { id }, omit })
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('by an omit of the whole client does the same', async () => {
    const own = await emptyDatabase()
    const base = new PrismaClient({ adapter: own.adapter(), omit: { user: { avatar: true } } })
    const depot = database.depot
    const client = base.$extends(filedepot({ depot, models: FILE_MODELS }))

    const created = await client.user.create({ data: { name: 'Ada', avatar: textFile('old') } })
    expect(created).not.toHaveProperty('avatar')
    await client.user.upsert({
      where: { name: 'Ada' },
      create: { name: 'Ada' },
      update: { avatar: textFile('new') },
    })
    const shown = await client.user.findFirstOrThrow({ omit: { avatar: false } })
    expect(await textOf(shown.avatar)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(1)
    await client.user.deleteMany()

    expect(await database.pathsOfFiles()).toEqual([])
    await base.$disconnect()
    own.close()
  })

  it('by a fluent call on the write reads the relation', async () => {
    const { id } = await ada()

    const posts = await prisma.user
      .update({ where: { id }, data: { avatar: textFile('new') } })
      .posts({ orderBy: { title: 'asc' } })

    expect(await textsOf(posts.map(({ cover }) => cover))).toEqual(['cover a', undefined])
    expect(await textOf((await prisma.user.findFirst())?.avatar)).toBe('new')
  })
})

describe('null', () => {
  it('is null in results, whichever of Prisma’s it is', async () => {
    await prisma.document.create({ data: { title: 'a', content: Prisma.DbNull } })
    await prisma.document.create({ data: { title: 'b', content: Prisma.JsonNull } })
    await prisma.document.create({ data: { title: 'c' } })

    const rows = await prisma.document.findMany()

    expect(rows.map(({ content }) => content)).toEqual([null, null, null])
  })

  it('that Json has in a required field is a removed file', async () => {
    const { id } = await prisma.letter.create({ data: { scan: textFile('gone') } })

    const data = { scan: Prisma.JsonNull } as unknown as { scan: UploadedFile }
    await prisma.letter.update({ where: { id }, data })

    expect(await database.pathsOfFiles()).toEqual([])
    expect((await prisma.letter.findUniqueOrThrow({ where: { id } })).scan).toBeNull()
  })
})

describe('keys of all kinds', () => {
  it('two fields: replace, take away and delete the file of that row only', async () => {
    for (const [chapter, number] of [
      ['one', 1],
      ['one', 2],
      ['two', 1],
    ] as const)
      await prisma.page.create({ data: { chapter, number, scan: textFile(`${chapter} ${number}`) } })
    const where = { chapter_number: { chapter: 'one', number: 1 } }

    await prisma.page.update({ where, data: { scan: textFile('new') } })
    await prisma.page.updateMany({ where: { chapter: 'two' }, data: { scan: Prisma.DbNull } })
    await prisma.page.deleteMany({ where: { chapter: 'one', number: 2 } })

    const pages = await prisma.page.findMany({ orderBy: [{ chapter: 'asc' }] })
    expect(await textsOf(pages.map(({ scan }) => scan))).toEqual(['new', undefined])
    await prisma.page.delete({ where })
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('a UUID and a BigInt do the same', async () => {
    const { id } = await prisma.ticket.create({ data: { scan: textFile('old') } })
    await prisma.parcel.create({ data: { id: 9_007_199_254_740_993n, label: textFile('old') } })

    await prisma.ticket.update({ where: { id }, data: { scan: textFile('new') } })
    await prisma.parcel.update({ where: { id: 9_007_199_254_740_993n }, data: { label: textFile('new') } })

    expect(await textOf((await prisma.ticket.findFirst())?.scan)).toBe('new')
    expect(await textOf((await prisma.parcel.findFirst())?.label)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(2)
    await prisma.ticket.deleteMany()
    await prisma.parcel.deleteMany({ where: { id: { gt: 9_007_199_254_740_992n } } })
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('a key that changes together with the file keeps the new one, and the old one goes', async () => {
    await prisma.note.create({ data: { name: 'a', file: textFile('old') } })
    await prisma.page.create({ data: { chapter: 'one', number: 1, scan: textFile('old') } })

    await prisma.note.update({ where: { name: 'a' }, data: { name: 'b', file: textFile('new') } })
    await prisma.page.update({
      where: { chapter_number: { chapter: 'one', number: 1 } },
      data: { number: { set: 2 }, scan: textFile('new') },
    })

    expect(await textOf((await prisma.note.findFirst())?.file)).toBe('new')
    expect(await textOf((await prisma.page.findFirst())?.scan)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('a key that is counted up together with the file is refused', async () => {
    await prisma.page.create({ data: { chapter: 'one', number: 1, scan: textFile('old') } })

    const updating = prisma.page.update({
      where: { chapter_number: { chapter: 'one', number: 1 } },
      data: { number: { increment: 1 }, scan: textFile('new') },
    })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await textOf((await prisma.page.findFirst())?.scan)).toBe('old')
  })

  it('names of the database that are others change nothing', async () => {
    const { uid } = await prisma.docu.create({
      data: { name: 'a', content: textFile('old'), targeted: textFile('t') },
    })

    await prisma.docu.update({ where: { uid }, data: { content: textFile('new') } })
    await prisma.docu.updateMany({ where: { uid }, data: { targeted: Prisma.DbNull } })

    expect(await textOf((await prisma.docu.findFirst())?.content)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a view', () => {
  it('has files, as the table behind it', async () => {
    const { content, attachments } = await prisma.document.create({
      data: { title: 'seen', content: textFile('a'), attachments: [textFile('b')] },
    })
    await prisma.document.create({ data: { title: 'without' } })

    const [row, ...others] = await prisma.cover.findMany()

    expect(others).toEqual([])
    expect(row).toMatchObject({ title: 'seen' })
    expect([row?.content?.path, row?.attachments?.[0]?.path]).toEqual([content?.path, attachments?.[0]?.path])
    expect(await textOf(row?.content)).toBe('a')
    expect(await prisma.cover.count({ where: { content: { equals: content! } } })).toBe(1)
  })
})
