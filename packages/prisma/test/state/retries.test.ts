import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { errorsAbortTransactions } from '../../../../test/databases/database-kind.ts'
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

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

describe('after a transaction that failed, the arguments', () => {
  it.each<[string, (client: TestTransaction, file: UploadedFile) => PromiseLike<unknown>]>([
    ['create', (client, file) => client.docu.create({ data: { name: 'new', content: file } })],
    ['createMany', (client, file) => client.docu.createMany({ data: [{ name: 'new', content: file }] })],
    ['update', (client, file) => client.docu.update({ where: { name: 'new' }, data: { content: file } })],
    [
      'updateMany',
      (client, file) => client.docu.updateMany({ where: { name: 'new' }, data: { content: file } }),
    ],
    [
      'upsert',
      (client, file) =>
        client.docu.upsert({
          where: { name: 'new' },
          create: { name: 'new', content: file },
          update: { content: file },
        }),
    ],
    [
      'a nested create',
      (client, file) =>
        client.directory.create({ data: { files: { create: { name: 'new', content: file } } } }),
    ],
  ])('of %s have their pending values, and can be used again', async (way, write) => {
    if (way.startsWith('update'))
      await prisma.docu.create({ data: { name: 'new', content: textFile('old') } })
    const file = textFile('at last')

    await rolledBack(prisma, (tx) => Promise.resolve(write(tx, file)))
    await rolledBack(prisma, (tx) => Promise.resolve(write(tx, file)))
    expect(file.isPending).toBe(true)
    await write(prisma, file)

    expect(await texts()).toEqual(['at last'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of a batch can be used again', async () => {
    await prisma.docu.create({ data: { name: 'taken' } })
    const file = textFile('at last')
    const batch = (name: string) => [
      prisma.docu.create({ data: { name: 'new', content: file } }),
      prisma.docu.create({ data: { name, content: file } }),
    ]

    await expect(prisma.$transaction(batch('taken'))).rejects.toMatchObject({ code: 'P2002' })
    await prisma.$transaction(batch('free'))

    expect(await texts()).toEqual(['at last', 'at last', undefined])
  })

  it('are left alone: an object that the caller keeps is not changed', async () => {
    const data = { name: 'a', content: textFile('a'), targeted: textFile('t') }
    const copy = { ...data }

    await prisma.docu.create({ data })
    const where = { name: 'a' }
    const change = { content: textFile('b') }
    const kept = change.content
    await prisma.docu.updateMany({ where, data: change })
    await prisma.docu.deleteMany({ where })

    expect(data).toEqual(copy)
    expect(data.content).toBe(copy.content)
    expect(change.content).toBe(kept)
    expect(where).toEqual({ name: 'a' })
  })
})

describe('a result', () => {
  it('of a transaction that was rolled back has a file that is gone, and cannot be written', async () => {
    let gone: UploadedFile | null = null
    await rolledBack(prisma, async (tx) => {
      gone = (await tx.docu.create({ data: { name: 'a', content: textFile('a') } })).content
    })
    await prisma.docu.create({ data: { name: 'b', content: textFile('b') } })
    const content = gone as unknown as UploadedFile

    const refused = { code: 'FILE_NOT_FOUND' }
    await expect(prisma.docu.create({ data: { name: 'a', content } })).rejects.toMatchObject(refused)
    await expect(prisma.docu.update({ where: { name: 'b' }, data: { content } })).rejects.toMatchObject(
      refused,
    )
    await expect(prisma.docu.updateMany({ data: { content } })).rejects.toMatchObject(refused)

    expect(await texts()).toEqual(['b'])
  })

  it('of a savepoint that was rolled back is no file for the transaction around it', async () => {
    await prisma.$transaction(async (tx) => {
      let gone: UploadedFile | null = null
      await rolledBack(tx, async (inner) => {
        gone = (await inner.docu.create({ data: { name: 'a', content: textFile('a') } })).content
      })
      const content = gone as unknown as UploadedFile
      const creating = tx.docu.create({ data: { name: 'a', content } })
      await expect(creating).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
      await tx.docu.create({ data: { name: 'b', content: textFile('b') } })
    })

    expect(await texts()).toEqual(['b'])
  })
})

describe('a row that was read before somebody else replaced its file', () => {
  it('does not put the old one back where another field is written', async () => {
    const { uid } = await prisma.docu.create({ data: { name: 'a', content: textFile('first') } })
    await prisma.docu.update({ where: { uid }, data: { content: textFile('second') } })

    await prisma.docu.update({ where: { uid }, data: { name: 'b' } })

    expect(await texts()).toEqual(['second'])
  })

  it('cannot put it back either: its file is gone', async () => {
    const { uid, content } = await prisma.docu.create({ data: { name: 'a', content: textFile('first') } })
    await prisma.docu.update({ where: { uid }, data: { content: textFile('second') } })

    const updating = prisma.docu.update({ where: { uid }, data: { content: content! } })

    await expect(updating).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await texts()).toEqual(['second'])
  })

  it('gives up the newer file when it is deleted', async () => {
    const { uid } = await prisma.docu.create({ data: { name: 'a', content: textFile('first') } })
    await prisma.docu.update({ where: { uid }, data: { content: textFile('second') } })

    await prisma.docu.delete({ where: { uid } })

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('what a write that failed has left in its transaction', () => {
  if (errorsAbortTransactions) return

  it('of an update with a nested write that fails is looked at before the commit', async () => {
    await prisma.tag.create({ data: { name: 'taken', icon: textFile('taken') } })
    const { id } = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('old') } })

    await prisma.$transaction(async (tx) => {
      const tags = { create: { name: 'taken', icon: textFile('refused') } }
      const updating = tx.user.update({
        where: { id },
        data: {
          avatar: textFile('new'),
          posts: { create: { title: 'a', cover: textFile('cover'), tags } },
        },
      })
      await expect(updating).rejects.toMatchObject({ code: 'P2002' })
    })

    // The row has the old file or the new one, as the database has it; each is there, and no other.
    const { avatar } = await prisma.user.findUniqueOrThrow({ where: { id } })
    expect(['old', 'new']).toContain(await textOf(avatar))
  })

  it('of a nested delete that is refused half-way is looked at before the commit', async () => {
    await prisma.docu.create({ data: { name: 'taken', content: textFile('taken') } })
    const { uid } = await prisma.directory.create({
      data: { files: { create: [{ name: 'a', content: textFile('a') }] } },
    })

    await prisma.$transaction(async (tx) => {
      const updating = tx.directory.update({
        where: { uid },
        data: { files: { deleteMany: {}, create: { name: 'taken', content: textFile('refused') } } },
      })
      await expect(updating).rejects.toMatchObject({ code: 'P2002' })
    })

    expect(await database.pathsOfFiles()).toHaveLength(await prisma.docu.count())
  })

  it('whose upload broke off is nothing, and the next try may succeed in the same transaction', async () => {
    await prisma.$transaction(async (tx) => {
      const create = (content: UploadedFile) => tx.docu.create({ data: { name: 'a', content } })
      await expect(create(brokenFile())).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
      await create(textFile('at last'))
    })

    expect(await texts()).toEqual(['at last'])
  })

  it('is undone with the savepoint around it', async () => {
    await prisma.docu.create({ data: { name: 'taken', content: textFile('taken') } })

    await prisma.$transaction(async (tx) => {
      const nested = tx.$transaction(async (inner) => {
        await inner.docu.create({ data: { name: 'a', content: textFile('a') } })
        await inner.docu.create({ data: { name: 'taken', content: textFile('again') } })
      })
      await expect(nested).rejects.toMatchObject({ code: 'P2002' })
      await tx.docu.updateMany({ where: { name: 'taken' }, data: { content: Prisma.DbNull } })
    })

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
