import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { brokenFile, textFile, textOf, textsOf } from '../../../../test/support/contents.ts'
import { Prisma } from '../support/generated-client.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient, type TestTransaction } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

function upsert(name: string, text: string, client: Pick<TestTransaction, 'note'> = prisma) {
  const file = textFile(text)
  return client.note.upsert({ where: { name }, create: { name, text, file }, update: { text, file } })
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.note.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ file }) => file))
}

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

describe('upsert', () => {
  it('of a new row uploads its file', async () => {
    const { file } = await upsert('a', 'new')

    expect(await textOf(file)).toBe('new')
    expect(await files()).toBe(1)
  })

  it('of an existing row replaces its file', async () => {
    await upsert('a', 'old')

    const { file } = await upsert('a', 'new')

    expect(await textOf(file)).toBe('new')
    expect(await files()).toBe(1)
  })

  it('uploads one pending value of both branches once', async () => {
    await upsert('a', 'new')

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('with different files for both branches keeps that of the one that is taken', async () => {
    const run = () =>
      prisma.note.upsert({
        where: { name: 'a' },
        create: { name: 'a', file: textFile('created') },
        update: { file: textFile('updated') },
      })

    await run()
    expect(await texts()).toEqual(['created'])
    expect(await files()).toBe(1)
    await run()

    expect(await texts()).toEqual(['updated'])
    expect(await files()).toBe(1)
  })

  it('that updates without the field keeps the file', async () => {
    await upsert('a', 'kept')

    await prisma.note.upsert({
      where: { name: 'a' },
      create: { name: 'a', file: textFile('not created') },
      update: { text: 'changed' },
    })

    expect(await texts()).toEqual(['kept'])
    expect(await files()).toBe(1)
  })

  it('that updates with null gives the file up', async () => {
    await upsert('a', 'gone')

    await prisma.note.upsert({
      where: { name: 'a' },
      create: { name: 'a' },
      update: { file: Prisma.DbNull },
    })

    expect(await files()).toBe(0)
  })

  it('by a key of two fields replaces the file of that row only', async () => {
    for (const number of [1, 2])
      await prisma.page.create({ data: { chapter: 'one', number, scan: textFile(String(number)) } })

    await prisma.page.upsert({
      where: { chapter_number: { chapter: 'one', number: 1 } },
      create: { chapter: 'one', number: 1, scan: textFile('not created') },
      update: { scan: textFile('new') },
    })

    const pages = await prisma.page.findMany({ orderBy: { number: 'asc' } })
    expect(await textsOf(pages.map(({ scan }) => scan))).toEqual(['new', '2'])
    expect(await files()).toBe(2)
  })

  it('that changes the key of its row replaces its file', async () => {
    await upsert('a', 'old')

    await prisma.note.upsert({
      where: { name: 'a' },
      create: { name: 'a' },
      update: { name: 'b', file: textFile('new') },
    })

    expect(await texts()).toEqual(['new'])
    expect(await files()).toBe(1)
  })

  it('with include and nested writes does the same', async () => {
    const run = (text: string) =>
      prisma.user.upsert({
        where: { name: 'Ada' },
        create: {
          name: 'Ada',
          avatar: textFile(text),
          posts: { create: { title: text, cover: textFile(text) } },
        },
        update: {
          avatar: textFile(text),
          posts: { deleteMany: {}, create: { title: text, cover: textFile(text) } },
        },
        include: { posts: true },
      })

    await run('first')
    const { avatar, posts } = await run('second')

    expect(await textsOf([avatar, ...posts.map(({ cover }) => cover)])).toEqual(['second', 'second'])
    expect(await files()).toBe(2)
  })

  it('with a select that leaves the file out does the same, and shows no more than asked for', async () => {
    await upsert('a', 'old')

    const row = await prisma.note.upsert({
      where: { name: 'a' },
      create: { name: 'a' },
      update: { file: textFile('new') },
      select: { text: true },
    })

    expect(row).toEqual({ text: 'old' })
    expect(await texts()).toEqual(['new'])
    expect(await files()).toBe(1)
  })

  it('of a stored value takes the one that was uploaded ahead', async () => {
    const file = await database.depot.upload(textFile('early'))

    await prisma.note.upsert({ where: { name: 'a' }, create: { name: 'a', file }, update: { file } })

    expect(database.chaos.calls('write')).toBe(1)
    expect(await texts()).toEqual(['early'])
  })

  it('of its own value keeps it', async () => {
    const { file } = await upsert('a', 'same')

    await prisma.note.upsert({ where: { name: 'a' }, create: { name: 'a' }, update: { file: file! } })

    expect(database.chaos.calls('write')).toBe(1)
    expect(await texts()).toEqual(['same'])
  })

  it('leaves everything as it was where an upload fails', async () => {
    await upsert('a', 'kept')
    const write = (name: string) =>
      prisma.note.upsert({
        where: { name },
        create: { name, file: brokenFile() },
        update: { file: brokenFile() },
      })

    await expect(write('a')).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    await expect(write('b')).rejects.toMatchObject({ code: 'CONTENT_FAILED' })

    expect(await texts()).toEqual(['kept'])
    expect(await files()).toBe(1)
  })

  it('leaves everything as it was where the database refuses it', async () => {
    await upsert('a', 'kept')
    const data = { file: textFile('refused'), parentName: 'nobody' }
    const write = (name: string) =>
      prisma.note.upsert({ where: { name }, create: { name, ...data }, update: data })

    await expect(write('a')).rejects.toMatchObject({ code: 'P2003' })
    await expect(write('b')).rejects.toMatchObject({ code: 'P2003' })

    expect(await texts()).toEqual(['kept'])
    expect(await files()).toBe(1)
  })

  it('leaves everything as it was where it is rolled back', async () => {
    await upsert('a', 'kept')

    await rolledBack(prisma, async (tx) => {
      await upsert('a', 'new', tx)
      await upsert('b', 'new', tx)
    })

    expect(await texts()).toEqual(['kept'])
    expect(await files()).toBe(1)
  })

  it('twice of one key in one transaction leaves one file', async () => {
    await prisma.$transaction(async (tx) => {
      await upsert('a', 'first', tx)
      await upsert('a', 'second', tx)
    })

    expect(await texts()).toEqual(['second'])
    expect(await files()).toBe(1)
  })
})

describe('upserts of one new key at the same time', () => {
  it('lose and leak nothing, whoever is first', async () => {
    const writes = Array.from({ length: 8 }, (_, index) => upsert('a', `content ${index}`))

    const ended = await Promise.allSettled(writes)

    const refused = ended.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as { code: string }] : [],
    )
    expect(refused.filter(({ code }) => !['P2002', 'P2034'].includes(code))).toEqual([])
    expect(await texts()).toHaveLength(1)
    const { text, file } = await prisma.note.findUniqueOrThrow({ where: { name: 'a' } })
    expect(await textOf(file)).toBe(text)
    expect(await files()).toBe(1)
  })

  it('of several keys in different orders lose and leak nothing', async () => {
    const names = ['a', 'b', 'c']
    const writes = Array.from({ length: 6 }, (_, index) =>
      prisma.$transaction(
        async (tx) => {
          for (const name of index % 2 === 0 ? names : [...names].reverse())
            await upsert(name, `${name} ${index}`, tx)
        },
        { maxWait: 20_000, timeout: 20_000 },
      ),
    )

    const ended = await Promise.allSettled(writes)

    expect(ended.map(({ status }) => status)).toContain('fulfilled')
    for (const { name, text, file } of await prisma.note.findMany()) {
      expect(text.startsWith(name)).toBe(true)
      expect(await textOf(file)).toBe(text)
    }
    expect(await files()).toBe(3)
  })
})
