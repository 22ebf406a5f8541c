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

/** What Prisma says of a row that is not there. */
const GONE = { code: 'P2025' }

type PhotoWrites = NonNullable<Parameters<TestClient['album']['update']>[0]['data']['photos']>

type ProfileWrites = NonNullable<Parameters<TestClient['user']['update']>[0]['data']['profile']>

/** A client on which somebody else writes between the look at the rows and the first write of a model. */
function overtakenBy(model: 'album' | 'document', write: () => PromiseLike<unknown>): TestClient {
  let isFirst = true
  return prisma.$extends({
    query: {
      async $allOperations({ model: name, args, query }) {
        if (isFirst && name?.toLowerCase() === model) {
          isFirst = false
          await write()
        }
        const result: unknown = await query(args)
        return result
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

  it('was not there for delete and update', async () => {
    const data = { content: textFile('ours') }

    await expect(overtakenBy('document', create).document.delete({ where })).rejects.toMatchObject(GONE)
    expect([await documents(), await files()]).toEqual([['theirs'], 1])

    await prisma.document.deleteMany()
    await expect(overtakenBy('document', create).document.update({ where, data })).rejects.toMatchObject(GONE)
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
  })

  it('is updated by upsert, which is tried again', async () => {
    await overtakenBy('document', create).document.upsert({
      where,
      create: { ...where, content: textFile('created') },
      update: { content: textFile('updated') },
    })

    expect([await documents(), await files()]).toEqual([['updated'], 1])
  })

  it('fails an upsert in a transaction as it does without filedepot where Prisma sends several statements', async () => {
    const upserting = overtakenBy('document', create).$transaction(async (client) => {
      await client.document.upsert({
        where,
        create: { ...where, content: textFile('created') },
        update: { content: textFile('updated') },
      })
    })

    await expect(upserting).rejects.toMatchObject({ code: 'P2002' })
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
  })

  it('is left alone by deleteMany and updateMany', async () => {
    await overtakenBy('document', create).document.deleteMany({ where })
    expect([await documents(), await files()]).toEqual([['theirs'], 1])
    await prisma.document.deleteMany()

    await overtakenBy('document', create).document.updateMany({ where, data: { content: Prisma.DbNull } })
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

  it('was not there for a nested delete and a nested update', async () => {
    await expect(update({ delete: where })).rejects.toThrow()
    expect([await images(), await files()]).toEqual([['theirs'], 1])

    await prisma.photo.deleteMany()
    await expect(update({ update: { where, data: { image: textFile('ours') } } })).rejects.toThrow()
    expect([await images(), await files()]).toEqual([['theirs'], 1])
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

describe('a related row that is not there, in a relation to one', () => {
  beforeEach(async () => {
    await prisma.user.create({ data: { name: 'Ann', profile: { create: { photo: textFile('a') } } } })
    await prisma.user.create({ data: { name: 'Bea' } })
  })

  const update = async (profile: ProfileWrites) => {
    await prisma.user.update({ where: { name: 'Bea' }, data: { profile } })
  }

  it.each<[string, ProfileWrites]>([
    ['an update', { update: { bio: 'new', photo: textFile('b') } }],
    ['an update with a where', { update: { where: { bio: 'old' }, data: { photo: textFile('b') } } }],
    ['a delete', { delete: true }],
    ['a delete with a where', { delete: { bio: 'old' } }],
  ])('fails %s as Prisma says, and leaves no file', async (_, writes) => {
    await expect(update(writes)).rejects.toMatchObject(GONE)

    expect(await files()).toBe(1)
  })

  it('is created by an upsert, and found by the next', async () => {
    const write = (text: string) => ({
      upsert: { create: { photo: textFile(text) }, update: { photo: textFile(`${text}!`) } },
    })
    await update(write('b'))
    await update(write('c'))

    const { photo } = await prisma.profile.findFirstOrThrow({ where: { user: { name: 'Bea' } } })
    expect(await textOf(photo)).toBe('c!')
    expect(await files()).toBe(2)
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
