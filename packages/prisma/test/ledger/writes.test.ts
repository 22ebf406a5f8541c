import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { ledgerOf } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { isOn, quoted } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { brokenFile, textFile, textOf, textsIn } from '../../../../test/support/contents.ts'
import { Prisma } from '../support/generated-client.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open({ ledger: { drain: false } })
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** The texts of all files that are there when everything is over. */
async function textsLeft(): Promise<string[]> {
  await database.recover()
  return (await textsIn(database.depot)).sort()
}

async function codeOf(write: PromiseLike<unknown>): Promise<unknown> {
  try {
    await write
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

// A second ledger is refused, as one database deletes in a storage.
describe('a value of a row of a client without a ledger', () => {
  it('is copied, as it goes with its row', async () => {
    const second = await TestDatabase.open({ ownClient: true })
    const other = database.extend(second.base)
    const theirs = await other.document.create({ data: { content: textFile('one') } })

    const { id, content } = await prisma.document.create({ data: { content: theirs.content! } })
    await other.document.delete({ where: { id: theirs.id } })

    expect(content!.path).not.toBe(theirs.content!.path)
    expect(await textOf((await prisma.document.findUniqueOrThrow({ where: { id } })).content)).toBe('one')
    expect(await textsIn(database.depot)).toEqual(['one'])
    // On a server, both have the same rows.
    await prisma.document.delete({ where: { id } })
    await second.endTest()
  })
})

describe('a row with a file', () => {
  it('is created, gets another one, and goes', async () => {
    const { id, content } = await prisma.document.create({ data: { content: textFile('a') } })
    expect(content).toBeInstanceOf(UploadedFile)
    expect(await textOf(content)).toBe('a')

    const updated = await prisma.document.update({ where: { id }, data: { content: textFile('b') } })
    expect(await textOf(updated.content)).toBe('b')
    expect(await textsLeft()).toEqual(['b'])

    await prisma.document.update({ where: { id }, data: { content: Prisma.DbNull } })
    expect(await textsLeft()).toEqual([])

    await prisma.document.update({ where: { id }, data: { attachments: [textFile('c'), textFile('d')] } })
    expect(await textsLeft()).toEqual(['c', 'd'])
    await prisma.document.delete({ where: { id } })
    expect(await textsLeft()).toEqual([])
  })

  it('is written by createMany, updateMany, upsert and deleteMany', async () => {
    await prisma.document.createMany({ data: [{ content: textFile('a') }, { content: textFile('b') }] })
    expect(await textsLeft()).toEqual(['a', 'b'])

    // One file for all of them.
    await prisma.document.updateMany({ data: { content: textFile('c') } })
    expect(await textsLeft()).toEqual(['c'])
    await prisma.document.deleteMany({ where: { id: (await prisma.document.findFirstOrThrow()).id } })
    expect(await textsLeft()).toEqual(['c'])

    const { id } = await prisma.document.findFirstOrThrow()
    const write = (where: number, [create, update]: [string, string]) =>
      prisma.document.upsert({
        where: { id: where },
        create: { content: textFile(create) },
        update: { content: textFile(update) },
      })
    await write(id, ['not created', 'updated'])
    await write(-1, ['created', 'not updated'])
    expect(await textsLeft()).toEqual(['created', 'updated'])

    await prisma.document.updateMany({ data: { content: Prisma.DbNull } })
    expect(await textsLeft()).toEqual([])
  })

  it('is written and returned by createManyAndReturn and updateManyAndReturn', async () => {
    if (isOn('mariadb')) return
    const [created] = await prisma.document.createManyAndReturn({ data: [{ content: textFile('a') }] })
    expect(await textOf(created?.content)).toBe('a')

    const [updated] = await prisma.document.updateManyAndReturn({ data: { content: textFile('b') } })
    expect(await textOf(updated?.content)).toBe('b')
    expect(await textsLeft()).toEqual(['b'])
  })

  it('is written within the write of another one, at any depth', async () => {
    const { id, photos } = await prisma.album.create({
      data: {
        cover: textFile('cover'),
        photos: { create: [{ image: textFile('1'), comments: { create: { drawing: textFile('2') } } }] },
      },
      include: { photos: { include: { comments: true } } },
    })
    expect(await textOf(photos[0]?.comments[0]?.drawing)).toBe('2')

    const [photo] = photos
    await prisma.album.update({
      where: { id },
      data: {
        photos: {
          update: { where: { id: photo!.id }, data: { image: textFile('3') } },
          createMany: { data: [{ image: textFile('4') }] },
          connectOrCreate: { where: { id: -1 }, create: { image: textFile('5') } },
          upsert: { where: { id: -1 }, create: { image: textFile('6') }, update: { image: textFile('not') } },
        },
      },
    })
    expect(await textsLeft()).toEqual(['2', '3', '4', '5', '6', 'cover'])

    await prisma.album.update({ where: { id }, data: { photos: { deleteMany: { title: 'untitled' } } } })
    expect(await textsLeft()).toEqual(['cover'])
  })

  it('is written as the one related row, also of a model that has a field data', async () => {
    const { id } = await prisma.user.create({
      data: { name: 'Ada', profile: { create: { photo: textFile('a') } } },
    })

    await prisma.user.update({ where: { id }, data: { profile: { update: { photo: textFile('b') } } } })
    expect(await textsLeft()).toEqual(['b'])
    const update = { where: {}, data: { photo: textFile('c'), data: 'text' } }
    await prisma.user.update({ where: { id }, data: { profile: { update } } })
    expect(await textsLeft()).toEqual(['c'])
    await prisma.user.update({ where: { id }, data: { profile: { delete: true } } })
    expect(await textsLeft()).toEqual([])
  })

  it('goes with the row that it belongs to', async () => {
    const { id } = await prisma.album.create({
      data: {
        photos: { create: { image: textFile('a'), comments: { create: { drawing: textFile('b') } } } },
      },
    })

    await prisma.album.delete({ where: { id } })

    expect(await textsLeft()).toEqual([])
  })

  it('goes by raw SQL', async () => {
    await prisma.document.create({ data: { content: textFile('a') } })
    await prisma.document.create({ data: { title: 'kept', content: textFile('b') } })

    await prisma.$executeRawUnsafe(`DELETE FROM ${quoted('Document')} WHERE title <> 'kept'`)

    expect(await textsLeft()).toEqual(['b'])
  })
})

describe('a write that fails', () => {
  it('leaves no file', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    expect(await codeOf(prisma.document.create({ data: { id, content: textFile('b') } }))).toBe('P2002')
    const update = prisma.document.update({ where: { id: -1 }, data: { content: textFile('c') } })
    expect(await codeOf(update)).toBe('P2025')

    expect(await textsLeft()).toEqual(['a'])
  })

  it('because of one upload leaves none of the others, and is not sent', async () => {
    const data = { content: textFile('a'), attachments: [textFile('b'), brokenFile()] }

    expect(await codeOf(prisma.document.create({ data }))).toBe('CONTENT_FAILED')

    expect(await database.pathsOfFiles()).toEqual([])
    expect(await prisma.document.count()).toBe(0)
  })

  it('half way leaves the files of what it has written, and no others', async () => {
    const writing = prisma.$transaction(async (tx) => {
      const { id } = await tx.document.create({ data: { content: textFile('a') } })
      await tx.document.create({ data: { id, content: textFile('b') } }).catch(() => undefined)
    })
    await writing

    const rows = await prisma.document.findMany()
    expect(await textsLeft()).toEqual(rows.length === 0 ? [] : ['a'])
    expect(rows.length).toBe(isOn('postgres') ? 0 : 1)
  })
})

describe('a transaction', () => {
  it('that is rolled back leaves rows and files as they were', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    await rolledBack(prisma, async (tx) => {
      await tx.document.update({ where: { id }, data: { content: textFile('b') } })
      await tx.document.create({ data: { content: textFile('c') } })
      await tx.document.delete({ where: { id } })
    })

    expect(await textsLeft()).toEqual(['a'])
    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('a')
  })

  it('of several operations is all or nothing', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    const update = (text: string) =>
      prisma.document.update({ where: { id }, data: { content: textFile(text) } })
    const create = (own?: number) =>
      prisma.document.create({ data: { ...(own && { id: own }), content: textFile('created') } })

    expect(await codeOf(prisma.$transaction([update('b'), create(id)]))).toBe('P2002')
    expect(await codeOf(prisma.$transaction([create(id), update('c')]))).toBe('P2002')
    expect(await textsLeft()).toEqual(['a'])

    await prisma.$transaction([update('d'), create()])
    expect(await textsLeft()).toEqual(['created', 'd'])
  })

  it('within a transaction is undone alone', async () => {
    await prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('a') } })
      await rolledBack(tx, (inner) => inner.document.create({ data: { content: textFile('b') } }))
    })

    expect(await textsLeft()).toEqual(['a'])
  })

  it('that is open keeps its uploads', async () => {
    await prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('a') } })
      if (isOn('sqlite')) return
      const ledger = ledgerOf(prisma)
      expect(await ledger.settleUploads(await database.pathsOfFiles())).toMatchObject({ deleted: 0 })
    })

    expect(await textsLeft()).toEqual(['a'])
  })
})

describe('a transaction that the database ends', () => {
  // There is one connection there, and no other transaction at the same time.
  if (isOn('sqlite')) return

  it('because of a conflict fails with P2034, and leaves nothing', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    const write = async (text: string) => {
      await prisma.$transaction(
        async (tx) => {
          await tx.document.findMany()
          await setTimeout(100)
          await tx.document.update({ where: { id }, data: { content: textFile(text) } })
        },
        { isolationLevel: 'Serializable', timeout: 60_000 },
      )
    }

    const outcomes = await Promise.all([codeOf(write('b')), codeOf(write('c'))])

    expect(outcomes.sort()).toEqual(['P2034', undefined])
    expect(await textsLeft()).toEqual([await textOf((await prisma.document.findFirstOrThrow()).content)])
  })

  it('because its connection is lost leaves nothing', async () => {
    const writing = prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('a') } })
      const own = isOn('postgres') ? 'pg_backend_pid()' : 'connection_id()'
      const [row] = await tx.$queryRawUnsafe<{ id: number | bigint }[]>(`SELECT ${own} AS id`)
      await (await serverDatabase()).endConnection(Number(row!.id))
    })

    await expect(writing).rejects.toThrow()
    expect(await textsLeft()).toEqual([])
  })
})

describe('a stored value', () => {
  it('that is given to a second row shares its file, which goes with the last of them', async () => {
    const first = await prisma.document.create({ data: { content: textFile('a') } })
    const second = await prisma.document.create({ data: { content: first.content! } })
    expect(second.content?.path).toBe(first.content?.path)
    expect(database.chaos.calls('write')).toBe(1)

    await prisma.document.delete({ where: { id: first.id } })
    expect(await textsLeft()).toEqual(['a'])
    await prisma.document.delete({ where: { id: second.id } })
    expect(await textsLeft()).toEqual([])
  })

  it('that was uploaded before is taken, and tried again after a failure', async () => {
    const content = await database.depot.upload(textFile('a'))
    const { id } = await prisma.document.create({ data: {} })

    expect(await codeOf(prisma.document.create({ data: { id, content } }))).toBe('P2002')
    await prisma.document.update({ where: { id }, data: { content } })

    expect(await textsLeft()).toEqual(['a'])
  })

  it('is moved to the storage of its field', async () => {
    const { attachments } = await prisma.document.create({
      data: { attachments: [await database.depot.upload(textFile('a'))] },
    })

    expect(attachments?.[0]?.storage).toBe('attachments')
    expect(await textsLeft()).toEqual(['a'])
  })

  it('of another depot is copied', async () => {
    const depot = new DepotManager()
    depot.configure('elsewhere', new MemoryBackend())

    const { content } = await prisma.document.create({ data: { content: await depot.upload(textFile('a')) } })

    expect(content?.storage).toBe('default')
    expect(await textOf(content)).toBe('a')
  })

  it('of another type is refused', async () => {
    const contract = (await database.depot.upload(textFile('a'))) as never

    expect(await codeOf(prisma.docu.create({ data: { name: 'a', contract } }))).toBe('WRONG_UPLOAD_TYPE')
  })

  it('whose file is gone is refused by the database: FILE_GONE', async () => {
    const { id, content } = await prisma.document.create({ data: { content: textFile('a') } })
    await prisma.document.delete({ where: { id } })
    await ledgerOf(prisma).drain()

    const write = prisma.document.create({ data: { content: content! } })
    await expect(write).rejects.toMatchObject({
      code: 'FILE_GONE',
      cause: { name: 'PrismaClientKnownRequestError' },
    })
    const batch = prisma.$transaction([prisma.document.create({ data: { content: content! } })])
    expect(await codeOf(batch)).toBe('FILE_GONE')
    const raw = prisma.$executeRawUnsafe(
      `INSERT INTO ${quoted('Document')} (content) VALUES ('${JSON.stringify(content)}')`,
    )
    await expect(raw).rejects.toMatchObject({ code: 'P2010' })

    expect(await prisma.document.count()).toBe(0)
  })
})

describe('what the ledger does by itself', () => {
  it('is done before the depot is closed', async () => {
    const client = database.extend(database.base, { ledger: true })
    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await client.document.update({ where: { id }, data: { content: textFile('b') } })
    await rolledBack(client, (tx) => tx.document.create({ data: { content: textFile('c') } }))

    await database.depot.close()

    expect(await textsIn(database.depot)).toEqual(['b'])
  })

  it('keeps files for the retention', async () => {
    const client = database.extend(database.base, { ledger: { retention: 60_000 } })
    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await client.document.delete({ where: { id } })

    await database.depot.close()

    expect(await textsIn(database.depot)).toEqual(['a'])
  })
})
