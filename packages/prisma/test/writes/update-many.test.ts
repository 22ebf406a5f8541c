import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { isOn } from '../../../../test/databases/database-kind.ts'
import { brokenFile, textFile, textsOf } from '../../../../test/support/contents.ts'
import type { Prisma as Types } from '../../../../prisma/generated/sqlite/client.ts'
import { Prisma } from '../support/generated-client.ts'
import { failure, rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** Documents `a` to `c`, each with two files that say its title. */
async function threeDocuments(): Promise<void> {
  for (const title of ['a', 'b', 'c'])
    await prisma.document.create({
      data: { title, content: textFile(title), attachments: [textFile(title)] },
    })
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.document.findMany({ orderBy: { title: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

describe('updateMany', () => {
  it.each<[string, Types.DocumentWhereInput]>([
    ['a title', { title: 'a' }],
    ['an operator', { title: { in: ['a', 'nobody'] } }],
    ['a combination', { AND: [{ title: { not: 'b' } }, { NOT: { title: 'c' } }] }],
    ['an order of the text', { title: { lt: 'b' } }],
  ])('by %s replaces the file of one row', async (_, where) => {
    await threeDocuments()

    const { count } = await prisma.document.updateMany({ where, data: { content: textFile('new a') } })

    expect(count).toBe(1)
    expect(await texts()).toEqual(['new a', 'b', 'c'])
    expect(await files()).toBe(6)
  })

  it('replaces several files of one row', async () => {
    await threeDocuments()

    await prisma.document.updateMany({
      where: { title: 'a' },
      data: { attachments: [textFile('one'), textFile('two')] },
    })

    const { attachments } = await prisma.document.findFirstOrThrow({ where: { title: 'a' } })
    expect(await textsOf(attachments)).toEqual(['one', 'two'])
    expect(await files()).toBe(7)
  })

  it('keeps no file where no row is meant', async () => {
    const { count } = await prisma.document.updateMany({
      where: { title: 'nobody' },
      data: { content: textFile('for nobody') },
    })

    expect(count).toBe(0)
    expect(await files()).toBe(0)
  })

  it('refuses to give one file to several rows', async () => {
    await threeDocuments()

    const updating = prisma.document.updateMany({
      where: { title: { in: ['a', 'b'] } },
      data: { content: textFile('shared') },
    })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await files()).toBe(6)
  })

  it('that is refused so within a transaction leaves the rest of it', async () => {
    await threeDocuments()

    await prisma.$transaction(async (tx) => {
      const updating = tx.document.updateMany({ data: { content: textFile('shared') } })
      await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      await tx.document.updateMany({ where: { title: 'c' }, data: { content: textFile('new c') } })
    })

    expect(await texts()).toEqual(['a', 'b', 'new c'])
    expect(await files()).toBe(6)
  })

  it('refuses to give a stored file to several rows, also where it was uploaded ahead', async () => {
    await threeDocuments()
    const early = await database.depot.upload(textFile('early'))

    const updating = prisma.document.updateMany({ data: { content: early } })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await database.exists(early)).toBe(true)
    await database.depot.deleteFiles([early.path])
  })

  it('takes the files of any number of rows away', async () => {
    await threeDocuments()

    await prisma.document.updateMany({
      where: { title: { in: ['a', 'b'] } },
      data: { content: Prisma.DbNull, attachments: Prisma.JsonNull },
    })

    expect(await texts()).toEqual([undefined, undefined, 'c'])
    expect(await files()).toBe(2)
  })

  it('of all rows takes all files of a field away', async () => {
    await threeDocuments()

    await prisma.document.updateMany({ data: { content: Prisma.DbNull } })

    expect(await texts()).toEqual([undefined, undefined, undefined])
    expect(await files()).toBe(3)
  })

  it('empties lists of any number of rows', async () => {
    await threeDocuments()

    await prisma.document.updateMany({ data: { attachments: [] } })

    expect(await files()).toBe(3)
  })

  it('of a stored value takes the one that was uploaded ahead, and copies the one of another row', async () => {
    await threeDocuments()
    const early = await database.depot.upload(textFile('early'))
    const { content: a } = await prisma.document.findFirstOrThrow({ where: { title: 'a' } })
    const written = database.chaos.calls('write')

    await prisma.document.updateMany({ where: { title: 'b' }, data: { content: early } })
    expect(database.chaos.calls('write')).toBe(written)
    await prisma.document.updateMany({ where: { title: 'c' }, data: { content: a! } })
    await prisma.document.deleteMany({ where: { title: 'a' } })

    expect(await texts()).toEqual(['early', 'a'])
    expect(await files()).toBe(4)
  })

  it('of the value that the row has already changes nothing', async () => {
    await threeDocuments()
    const { content: a } = await prisma.document.findFirstOrThrow({ where: { title: 'a' } })

    await prisma.document.updateMany({ where: { title: 'a' }, data: { content: a!, details: { x: 1 } } })

    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await files()).toBe(6)
  })

  it('changes what it filters by, and keeps the file of the row', async () => {
    await threeDocuments()

    await prisma.document.updateMany({
      where: { title: 'a' },
      data: { title: 'z', content: textFile('new a') },
    })

    expect(await texts()).toEqual(['b', 'c', 'new a'])
    expect(await files()).toBe(6)
  })

  it('filters by the file itself', async () => {
    await threeDocuments()
    const { content: a } = await prisma.document.findFirstOrThrow({ where: { title: 'a' } })

    await prisma.document.updateMany({
      where: { content: { equals: a! } },
      data: { content: Prisma.DbNull },
    })

    expect(await texts()).toEqual([undefined, 'b', 'c'])
  })

  it('keeps the old file where it is rolled back, and the next try uploads again', async () => {
    await threeDocuments()
    const data = { content: textFile('new') }
    const where = { title: 'a' }

    await rolledBack(prisma, (tx) => tx.document.updateMany({ where, data }))
    expect(await texts()).toEqual(['a', 'b', 'c'])
    await prisma.document.updateMany({ where, data })

    expect(await texts()).toEqual(['new', 'b', 'c'])
  })

  it('keeps the old file where the database refuses it', async () => {
    for (const name of ['a', 'b']) await prisma.docu.create({ data: { name, content: textFile(name) } })

    const updating = prisma.docu.updateMany({
      where: { name: 'a' },
      data: { name: 'b', content: textFile('new') },
    })

    await expect(updating).rejects.toMatchObject({ code: 'P2002' })
    expect(await files()).toBe(2)
  })

  it('leaves nothing where the upload fails', async () => {
    await threeDocuments()

    const updating = prisma.document.updateMany({
      where: { title: 'a' },
      data: { title: 'z', content: brokenFile() },
    })

    await expect(updating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await prisma.document.count({ where: { title: 'z' } })).toBe(0)
  })

  it('of other fields touches no file', async () => {
    await threeDocuments()

    const { count } = await prisma.document.updateMany({ data: { details: { seen: true } } })

    expect(count).toBe(3)
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(database.chaos.calls('delete')).toBe(0)
  })

  it('with a limit takes the files of as many rows away, and says how many', async () => {
    await threeDocuments()

    const { count } = await prisma.document.updateMany({ data: { content: Prisma.DbNull }, limit: 2 })

    expect(count).toBe(2)
    expect((await texts()).filter((text) => text === undefined)).toHaveLength(2)
    expect(await files()).toBe(4)
  })

  it('with a limit of one row gives that one a file', async () => {
    await threeDocuments()

    await prisma.document.updateMany({ data: { content: textFile('new') }, limit: 1 })

    expect((await texts()).filter((text) => text === 'new')).toHaveLength(1)
    expect(await files()).toBe(6)
  })

  it('with a limit of none touches nothing', async () => {
    await threeDocuments()

    expect(await prisma.document.updateMany({ data: { content: Prisma.DbNull }, limit: 0 })).toEqual({
      count: 0,
    })

    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('of many rows takes all of their files away', async () => {
    await prisma.document.createMany({
      data: Array.from({ length: 300 }, (_, index) => ({ content: textFile(String(index)) })),
    })

    const { count } = await prisma.document.updateMany({ data: { content: Prisma.DbNull } })

    expect(count).toBe(300)
    expect(await files()).toBe(0)
  })
})

describe('updateManyAndReturn', () => {
  // MySQL has none.
  if (isOn('mariadb')) return

  it('has the stored values in its results', async () => {
    await threeDocuments()

    const [row] = await prisma.document.updateManyAndReturn({
      where: { title: 'a' },
      data: { content: textFile('new a') },
    })

    expect(await textsOf([row?.content])).toEqual(['new a'])
    expect(await files()).toBe(6)
  })

  it('selects what the caller asks for, and refuses one file for several rows', async () => {
    await threeDocuments()
    const update = (content: UploadedFile | typeof Prisma.DbNull) =>
      prisma.document.updateManyAndReturn({ data: { content }, select: { title: true } })

    await expect(update(textFile('shared'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    const rows = await update(Prisma.DbNull)

    expect(rows.map(({ title }) => title).sort()).toEqual(['a', 'b', 'c'])
    expect(Object.keys(rows[0]!)).toEqual(['title'])
    expect(await files()).toBe(3)
  })

  it('is rolled back with its transaction', async () => {
    await threeDocuments()

    const running = prisma.$transaction(async (tx) => {
      await tx.document.updateManyAndReturn({ data: { content: Prisma.DbNull } })
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })
})
