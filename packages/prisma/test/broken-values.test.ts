import type { UploadedFile } from '@filedepot/core'
import { isBroken } from '@filedepot/core/integration'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { isOn, quoted } from '../../../test/databases/database-kind.ts'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.close())

/** What others do to the database, past us. */
async function overwrite(id: number, column: 'avatar' | 'documents', json: string): Promise<void> {
  await database.query(`UPDATE ${quoted('User')} SET ${quoted(column)} = '${json}' WHERE id = ${id}`)
}

/** The JSON in the database, as the client without the extension reads it. */
async function jsonIn(id: number): Promise<unknown> {
  return (await database.base.user.findUniqueOrThrow({ where: { id } })).avatar
}

const JSON_TEXT = '{"value": {"type": "Buffer"}}'

async function brokenUser(): Promise<{ id: number; goodId: number }> {
  const { id: goodId } = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('good') } })
  const { id } = await prisma.user.create({ data: { name: 'Bob' } })
  await overwrite(id, 'avatar', JSON_TEXT)
  return { id, goodId }
}

function messageOf(use: () => unknown): string {
  try {
    use()
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_VALUE' })
    return (error as Error).message
  }
  throw new Error('expected INVALID_VALUE')
}

describe('a row with a broken value', () => {
  it('is read with all others, and says which it is where the value is used', async () => {
    const { id } = await brokenUser()

    const [good, broken] = await prisma.user.findMany({ orderBy: { id: 'asc' } })

    expect(await textOf(good?.avatar)).toBe('good')
    expect(broken?.name).toBe('Bob')
    expect(messageOf(() => broken?.avatar?.url)).toContain(`User.avatar of the row id = ${id}: `)
    await expect(broken?.avatar?.open()).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  })

  it('says what is known of it where its key is not selected', async () => {
    const { id } = await brokenUser()

    const user = await prisma.user.findUniqueOrThrow({ where: { id }, select: { avatar: true } })

    expect(messageOf(() => user.avatar?.url)).toContain('User.avatar of a row without its key: ')
  })

  it('keeps its JSON when another field is written', async () => {
    const { id } = await brokenUser()
    const before = await jsonIn(id)

    await prisma.user.update({ where: { id }, data: { name: 'Bea' } })
    await prisma.user.updateMany({ where: { id }, data: { name: 'Cyd' } })

    expect(await jsonIn(id)).toEqual(before)
  })

  it.each<[string, (id: number) => Promise<unknown>]>([
    ['update', (id) => prisma.user.update({ where: { id }, data: { avatar: textFile('new') } })],
    [
      'upsert',
      (id) =>
        prisma.user.upsert({
          where: { id },
          create: { name: 'x' },
          update: { avatar: textFile('new') },
        }),
    ],
    ['updateMany', (id) => prisma.user.updateMany({ where: { id }, data: { avatar: textFile('new') } })],
  ])('gets a new file by %s', async (_, write) => {
    const { id } = await brokenUser()

    await write(id)

    const { avatar } = await prisma.user.findUniqueOrThrow({ where: { id } })
    expect(await textOf(avatar)).toBe('new')
    await database.expectFilesMatchRows()
  })

  it('is emptied', async () => {
    const { id } = await brokenUser()

    await prisma.user.update({ where: { id }, data: { avatar: Prisma.DbNull } })

    expect((await prisma.user.findUniqueOrThrow({ where: { id } })).avatar).toBeNull()
    await database.expectFilesMatchRows()
  })

  it.each<[string, (id: number) => Promise<unknown>, number]>([
    ['delete', (id) => prisma.user.delete({ where: { id } }), 1],
    ['deleteMany', () => prisma.user.deleteMany(), 0],
  ])('is deleted by %s', async (_, remove, left) => {
    const { id } = await brokenUser()

    await remove(id)

    expect(await prisma.user.count()).toBe(left)
    await database.expectFilesMatchRows()
  })

  it('has no file deleted that a list names in the place of one file', async () => {
    const { avatar } = await prisma.user.create({ data: { name: 'other', avatar: textFile('of another') } })
    const list = [avatar!.toJSON()] as never
    const { id } = await database.base.user.create({ data: { name: 'list', avatar: list } })
    expect(isBroken((await prisma.user.findUniqueOrThrow({ where: { id } })).avatar!)).toBe(true)

    await prisma.user.delete({ where: { id } })

    expect(await textOf(avatar)).toBe('of another')
  })

  it('gives its value to no other row, through neither client', async () => {
    const { id, goodId } = await brokenUser()
    const { avatar } = await prisma.user.findUniqueOrThrow({ where: { id } })
    const given = avatar!

    for (const write of [
      prisma.user.create({ data: { name: 'x', avatar: given } }),
      prisma.user.create({ data: { name: 'x', documents: [textFile('one'), given] } }),
      prisma.user.update({ where: { id: goodId }, data: { avatar: given } }),
      prisma.user.createMany({ data: [{ name: 'x', avatar: given }] }),
      database.base.user.create({ data: { name: 'x', avatar: given as never } }),
    ]) {
      await expect(write).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        message: expect.stringContaining(`User.avatar of the row id = ${id}: `) as unknown,
      })
    }
    expect(await prisma.user.count()).toBe(2)
    await prisma.user.deleteMany({ where: { id } })
    await database.expectFilesMatchRows()
  })
})

describe('a list', () => {
  it('with a broken element has the others', async () => {
    const { id, documents } = await prisma.user.create({
      data: { name: 'Ada', documents: [textFile('one'), textFile('two')] },
    })
    const [one, two] = (documents ?? []).map((file) => JSON.stringify(file))
    await overwrite(id, 'documents', `[${one}, {"value": 7}, ${two}]`)

    const user = await prisma.user.findUniqueOrThrow({ where: { id } })
    const [first, broken, last] = user.documents as [UploadedFile, UploadedFile, UploadedFile]

    expect(await textsOf([first, last])).toEqual(['one', 'two'])
    expect(messageOf(() => broken.path)).toContain(`User.documents of the row id = ${id}: `)
    await prisma.user.update({ where: { id }, data: { documents: [last] } })
    expect(await textsOf((await prisma.user.findUniqueOrThrow({ where: { id } })).documents)).toEqual(['two'])
    await database.expectFilesMatchRows()
  })

  it.each(['"no file"', '7', '{"a": 1}'])('that is %s is one broken value', async (json) => {
    const { id } = await prisma.user.create({ data: { name: 'Ada' } })
    await overwrite(id, 'documents', json)

    const { documents } = await prisma.user.findUniqueOrThrow({ where: { id } })

    expect(documents).toHaveLength(1)
    expect(messageOf(() => documents?.[0]?.path)).toContain(`User.documents of the row id = ${id}: `)
    await prisma.user.delete({ where: { id } })
  })
})

if (isOn('sqlite')) {
  describe('a field that holds text that is no JSON, which Prisma itself does not read', () => {
    let lost: string[]

    beforeEach(async () => {
      await prisma.document.createMany({
        data: [1, 2, 3].map((id) => ({ id, content: textFile(`${id}`), attachments: [textFile('x')] })),
      })
      const { attachments } = await prisma.document.findUniqueOrThrow({ where: { id: 2 } })
      lost = attachments!.map(({ path }) => path)
      await database.query(`UPDATE "Document" SET "attachments" = 'no JSON' WHERE "id" = 2`)
    })

    it('hinders no deleting, and no writing', async () => {
      await prisma.document.update({
        where: { id: 2 },
        data: { content: textFile('new') },
        select: { id: true },
      })
      await prisma.document.updateMany({ where: { id: { gt: 1 } }, data: { content: Prisma.DbNull } })
      expect(await prisma.document.delete({ where: { id: 2 }, select: { id: true } })).toMatchObject({
        id: 2,
      })
      expect(await prisma.document.deleteMany()).toEqual({ count: 2 })

      // Nobody can tell the file that stood where the text is now.
      expect(await database.pathsOfFiles()).toEqual(lost)
      await database.depot.deleteFiles(lost)
    })

    it('says INVALID_VALUE where it is a part of the result, and nothing is deleted', async () => {
      await expect(prisma.document.delete({ where: { id: 2 } })).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        message: expect.stringMatching(/document\.delete.*select/),
        cause: { name: 'SyntaxError' },
      })

      expect(await prisma.document.count()).toBe(3)
      await prisma.document.deleteMany()
      await database.depot.deleteFiles(await database.pathsOfFiles())
    })
  })
}
