import { MemoryBackend, UploadedFile, type UploadedFileJson } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile, textOf, textsIn } from '../../../test/support/contents.ts'
import { FORGED_VALUES, outcomeOf } from '../../../test/support/forged-values.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient
/** Behind the storage `private`. */
let secrets: ChaosBackend

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
  secrets = new ChaosBackend(new MemoryBackend())
  database.depot.configure('private', secrets)
  database.depot.alias('alias', 'default')
})

afterEach(() => database.endTest())

/** The rows of an attacker: each with a file of its own, and which of them a way of writing is about. */
interface Rows {
  readonly document: number
  readonly album: number
  readonly photo: number
  readonly user: number
}

type Field = 'content' | 'attachment' | 'image' | 'photo'

/** A way of writing a value: into a row that is there, or into a new one. */
type Way = readonly [name: string, field: Field, write: (rows: Rows, value: never) => PromiseLike<unknown>]

const CREATING: readonly Way[] = [
  ['create', 'content', (_, content) => prisma.document.create({ data: { content } })],
  ['create of a list', 'attachment', (_, one) => prisma.document.create({ data: { attachments: [one] } })],
  ['createMany', 'content', (_, content) => prisma.document.createMany({ data: [{ content }] })],
  ['createMany of one', 'content', (_, content) => prisma.document.createMany({ data: { content } })],
  [
    'upsert that creates',
    'content',
    (_, content) => prisma.document.upsert({ where: { id: -1 }, create: { content }, update: {} }),
  ],
  [
    'a nested create',
    'image',
    (_, image) => prisma.album.create({ data: { photos: { create: [{ image }] } } }),
  ],
  [
    'a nested createMany',
    'image',
    (_, image) => prisma.album.create({ data: { photos: { createMany: { data: [{ image }] } } } }),
  ],
  [
    'a nested connectOrCreate',
    'image',
    ({ album: id }, image) =>
      prisma.album.update({
        where: { id },
        data: { photos: { connectOrCreate: { where: { id: -1 }, create: { image } } } },
      }),
  ],
  [
    'a nested upsert that creates',
    'image',
    ({ album: id }, image) =>
      prisma.album.update({
        where: { id },
        data: { photos: { upsert: { where: { id: -1 }, create: { image }, update: {} } } },
      }),
  ],
]

const RETURNING: readonly Way[] = [
  [
    'createManyAndReturn',
    'content',
    (_, content) => prisma.document.createManyAndReturn({ data: [{ content }] }),
  ],
]

/** As lists of scalars take them; a file field is none. */
const OPERATORS: readonly Way[] = [
  [
    'update by set',
    'attachment',
    ({ document: id }, one) =>
      prisma.document.update({ where: { id }, data: { attachments: { set: [one] } as never } }),
  ],
  [
    'update by push',
    'attachment',
    ({ document: id }, one) =>
      prisma.document.update({ where: { id }, data: { attachments: { push: one } as never } }),
  ],
]

const UPDATING: readonly Way[] = [
  [
    'update',
    'content',
    ({ document: id }, content) => prisma.document.update({ where: { id }, data: { content } }),
  ],
  [
    'update of a list',
    'attachment',
    ({ document: id }, one) => prisma.document.update({ where: { id }, data: { attachments: [one] } }),
  ],
  [
    'updateMany',
    'content',
    ({ document: id }, content) => prisma.document.updateMany({ where: { id }, data: { content } }),
  ],
  [
    'upsert that updates',
    'content',
    ({ document: id }, content) =>
      prisma.document.upsert({ where: { id }, create: { content }, update: { content } }),
  ],
  [
    'a nested update',
    'image',
    ({ album, photo: id }, image) =>
      prisma.album.update({
        where: { id: album },
        data: { photos: { update: { where: { id }, data: { image } } } },
      }),
  ],
  [
    'a nested updateMany',
    'image',
    ({ album, photo: id }, image) =>
      prisma.album.update({
        where: { id: album },
        data: { photos: { updateMany: { where: { id }, data: { image } } } },
      }),
  ],
  [
    'a nested upsert that updates',
    'image',
    ({ album, photo: id }, image) =>
      prisma.album.update({
        where: { id: album },
        data: { photos: { upsert: { where: { id }, create: { image }, update: { image } } } },
      }),
  ],
  [
    'an update of a related row',
    'photo',
    ({ user: id }, photo) => prisma.user.update({ where: { id }, data: { profile: { update: { photo } } } }),
  ],
  [
    'an update of a related row with nothing but data',
    'photo',
    ({ user: id }, photo) =>
      prisma.user.update({ where: { id }, data: { profile: { update: { data: { photo } } } } }),
  ],
  [
    'an update of a related row with what is undefined',
    'photo',
    ({ user: id }, photo) =>
      prisma.user.update({
        where: { id },
        data: { profile: { update: { data: { photo }, bio: undefined } as never } },
      }),
  ],
  [
    'update in a batch',
    'content',
    ({ document: id }, content) =>
      prisma.$transaction([prisma.document.update({ where: { id }, data: { content } })]),
  ],
  [
    'update in a transaction',
    'content',
    ({ document: id }, content) =>
      prisma.$transaction((transaction) => transaction.document.update({ where: { id }, data: { content } })),
  ],
]

async function victimsFile(): Promise<UploadedFile> {
  const content = UploadedFile.from(Buffer.from('secret'), { filename: 'secret.txt', storage: 'private' })
  const victim = await prisma.document.create({ data: { title: 'of the victim', content } })
  return victim.content!
}

async function attackersRows(): Promise<Rows & { own: Record<Field, UploadedFileJson> }> {
  const { id, content, attachments } = await prisma.document.create({
    data: { content: textFile('content'), attachments: [textFile('attachment')] },
  })
  const album = await prisma.album.create({
    data: { photos: { create: { image: textFile('image') } } },
    include: { photos: true },
  })
  const [photo] = album.photos
  const user = await prisma.user.create({
    data: { name: 'attacker', profile: { create: { photo: textFile('photo') } } },
    include: { profile: true },
  })
  const own = {
    content: content!.toJSON(),
    attachment: attachments![0]!.toJSON(),
    image: photo!.image!.toJSON(),
    photo: user.profile!.photo!.toJSON(),
  }
  return { document: id, album: album.id, photo: photo!.id, user: user.id, own }
}

/** All rows as they are in the database. */
async function everyRow(): Promise<unknown> {
  const { document: documents, album: albums, photo: photos, profile: profiles } = database.base
  const orderBy = { id: 'asc' } as const
  return [
    await documents.findMany({ orderBy }),
    await albums.findMany({ orderBy }),
    await photos.findMany({ orderBy }),
    await profiles.findMany({ orderBy }),
  ]
}

/** Tries every forgery; returns those that were not refused. */
async function attack([, field, write]: Way): Promise<string[]> {
  const victim = await victimsFile()
  const { own, ...rows } = await attackersRows()
  const [before, files] = [await everyRow(), await database.pathsOfFiles()]
  const taken: string[] = []

  for (const [name, forge] of FORGED_VALUES) {
    const value = forge(own[field], victim.toJSON())
    const outcome = await outcomeOf(() => write(rows, value as never))
    if (outcome === 'taken') taken.push(name)
    else expect([name, outcome]).toEqual([name, 'INVALID_CONTENT'])
    expect([name, await everyRow()]).toEqual([name, before])
  }
  expect(await database.pathsOfFiles()).toEqual(files)
  expect(secrets.calls('read')).toBe(0)

  await prisma.document.delete({ where: { id: rows.document } })
  await prisma.album.delete({ where: { id: rows.album } })
  await prisma.user.delete({ where: { id: rows.user } })
  expect(await database.pathsOfFiles()).toEqual([victim.path])
  expect(await textOf(victim)).toBe('secret')
  return taken
}

const refusing = kind === 'mariadb' ? [...CREATING, ...OPERATORS] : [...CREATING, ...RETURNING, ...OPERATORS]

describe('no forged value is believed', () => {
  it.each(refusing)('by %s', async (...way) => {
    expect(await attack(way)).toEqual([])
  })

  it.each(UPDATING)(
    'by %s, and one that names the file of the row leaves the row as it is',
    async (...way) => {
      expect(await attack(way)).toContain('a page of HTML')
    },
  )
})

describe('a file that is new', () => {
  const ways = refusing.filter((way) => !OPERATORS.includes(way))
  it.each([...ways, ...UPDATING])('is taken by %s', async (_, __, write) => {
    const rows = await attackersRows()

    await write(rows, textFile('new') as never)

    expect(await textsIn(database.depot)).toContain('new')
  })
})

describe('the JSON of the file that a row has', () => {
  it('leaves the row as it is, with all else that is written', async () => {
    const { document: id, own } = await attackersRows()

    const body = JSON.parse(JSON.stringify({ title: 'new', content: own.content })) as { content: never }
    const row = await prisma.document.update({ where: { id }, data: body })

    expect(row).toMatchObject({ title: 'new' })
    expect(row.content?.toJSON()).toEqual(own.content)
    expect(await textOf(row.content)).toBe('content')
  })

  it('stays in a list beside new files, and one that is left out goes', async () => {
    const { document: id, own } = await attackersRows()
    const forged = { ...own.attachment, filename: 'forged.txt' } as never

    const more = await prisma.document.update({
      where: { id },
      data: { attachments: [textFile('new'), forged] },
    })
    const less = await prisma.document.update({ where: { id }, data: { attachments: [forged] } })

    expect(more.attachments?.[1]?.toJSON()).toEqual(own.attachment)
    expect(less.attachments?.map((file) => file.toJSON())).toEqual([own.attachment])
  })

  it('is refused in another field, and in another row', async () => {
    const { document: id, photo, own } = await attackersRows()
    const content = own.attachment as never
    const image = own.content as never

    await expect(prisma.document.update({ where: { id }, data: { content } })).rejects.toMatchObject({
      code: 'INVALID_CONTENT',
    })
    await expect(prisma.photo.update({ where: { id: photo }, data: { image } })).rejects.toMatchObject({
      code: 'INVALID_CONTENT',
    })
  })
})
