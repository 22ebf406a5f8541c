import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { isOn } from '../../../test/databases/database-kind.ts'
import { textFile, textOf } from '../../../test/support/contents.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

// MariaDB shows a transaction what was there when it began, unless it is told not to. The types are those of SQLite.
const READ_COMMITTED = isOn('mariadb') && { isolationLevel: 'ReadCommitted' as 'Serializable' }

type PhotoWrites = NonNullable<Parameters<TestClient['album']['update']>[0]['data']['photos']>

/** A client on which somebody else writes between the look at the rows and the first write of a model. */
function overtakenBy(model: 'album' | 'post' | 'document', write: () => PromiseLike<unknown>): TestClient {
  let isFirst = true
  return prisma.$extends({
    query: {
      [model]: {
        async $allOperations({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) {
          if (isFirst) {
            isFirst = false
            await write()
          }
          return await query(args)
        },
      },
    },
  })
}

const files = async () => (await database.pathsOfFiles()).length
const documents = async () =>
  await Promise.all((await prisma.document.findMany()).map(({ content }) => textOf(content)))
const images = async () =>
  await Promise.all((await prisma.photo.findMany()).map(({ image }) => textOf(image)))

describe('a row that somebody else creates between the look and the write', () => {
  // It has one connection: nobody gets in between.
  if (isOn('sqlite')) return

  const create = () =>
    prisma.document.create({ data: { ...where, title: 'theirs', content: textFile('theirs') } })
  const where = { id: 1000 }

  it('is deleted with its file by delete', async () => {
    await overtakenBy('document', create).document.delete({ where })

    expect(await files()).toBe(0)
  })

  it('gets another file by update, and upsert', async () => {
    const data = { content: textFile('ours') }
    await overtakenBy('document', create).document.update({ where, data })
    expect([await documents(), await files()]).toEqual([['ours'], 1])

    await prisma.document.delete({ where })
    await overtakenBy('document', create).document.upsert({
      where,
      create: { ...where, content: textFile('created') },
      update: { content: textFile('updated') },
    })
    expect([await documents(), await files()]).toEqual([['updated'], 1])
  })

  it('is left alone by deleteMany and updateMany', async () => {
    await overtakenBy('document', create).document.deleteMany({ where })
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
    await prisma.document.deleteMany()

    await overtakenBy('document', create).document.updateMany({ where, data: { content: Prisma.DbNull } })
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
  })

  it('refuses the commit of a transaction that has deleted it', async () => {
    const overtaken = overtakenBy('document', create)
    const deleting = overtaken.$transaction(
      async (client) => {
        await client.document.delete({ where }).catch(() => undefined)
      },
      { ...READ_COMMITTED },
    )

    await expect(deleting).rejects.toMatchObject({
      code: 'TRANSACTION_ABORTED',
      cause: { code: 'CONCURRENT_CHANGE' },
    })
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
  })
})

describe('a related row that somebody else creates between the look and the write', () => {
  if (isOn('sqlite')) return

  let albumId: number
  const where = { id: 1000 }
  const create = () =>
    prisma.photo.create({ data: { ...where, title: 'theirs', image: textFile('theirs'), albumId } })

  beforeEach(async () => {
    albumId = (await prisma.album.create({ data: {} })).id
  })

  const update = async (photos: PhotoWrites) => {
    await overtakenBy('album', create).album.update({ where: { id: albumId }, data: { photos } })
  }

  it('is deleted with its file by a nested delete', async () => {
    await update({ delete: where })

    expect(await files()).toBe(0)
  })

  it('gets another file by a nested update', async () => {
    await update({ update: { where, data: { image: textFile('ours') } } })

    expect([await images(), await files()]).toEqual([['ours'], 1])
  })

  it('is updated by a nested upsert, whose other file goes', async () => {
    await update({
      upsert: {
        where,
        create: { ...where, image: textFile('created') },
        update: { image: textFile('updated') },
      },
    })

    expect([await images(), await files()]).toEqual([['updated'], 1])
  })

  it('is updated by a nested upsert that would have created it without a file', async () => {
    await update({ upsert: { where, create: where, update: { image: textFile('updated') } } })

    expect([await images(), await files()]).toEqual([['updated'], 1])
  })

  it('is connected by connectOrCreate, whose file goes', async () => {
    await update({ connectOrCreate: { where, create: { ...where, image: textFile('created') } } })

    expect([await images(), await files()]).toEqual([['theirs'], 1])
  })
})

describe('a row that the same write connects', () => {
  it('gives up its file where it is updated and deleted, too', async () => {
    const [one, other] = [
      await prisma.album.create({ data: { photos: { create: { id: 1, image: textFile('a') } } } }),
      await prisma.album.create({ data: {} }),
    ]
    const photos = { connect: { id: 1 }, update: { where: { id: 1 }, data: { image: textFile('b') } } }

    const updating = prisma.album.update({ where: { id: other.id }, data: { photos } })
    await updating.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'P2025' })
    })

    expect(await files()).toBe(1)
    expect(one.id).not.toBe(other.id)
  })
})
