import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { quoted, sql } from '../../../test/databases/database-kind.ts'
import { textFile, textOf } from '../../../test/support/contents.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'
import type { BaseClient } from './support/generated-client.ts'

let database: TestDatabase
let prisma: TestClient
/** Nobody has extended it. */
let base: BaseClient
let id: number

beforeEach(async () => {
  database = await TestDatabase.open()
  ;({ prisma, base } = database)
  ;({ id } = await prisma.user.create({ data: { name: 'Ada' } }))
})

afterEach(() => database.close())

describe('a client without the extension refuses a pending file with PENDING_FILE', () => {
  it.each<[string, (avatar: never) => Promise<unknown>]>([
    ['create', (avatar) => base.user.create({ data: { name: 'Bob', avatar } })],
    ['create of a list', (avatar) => base.user.create({ data: { name: 'Bob', documents: [avatar] } })],
    ['createMany', (avatar) => base.user.createMany({ data: [{ name: 'Bob', avatar }] })],
    ['update', (avatar) => base.user.update({ where: { id }, data: { avatar } })],
    ['updateMany', (avatar) => base.user.updateMany({ data: { avatar } })],
    ['upsert', (avatar) => base.user.upsert({ where: { id }, create: { name: 'Bob' }, update: { avatar } })],
    [
      'a nested create',
      (photo) => base.user.update({ where: { id }, data: { profile: { create: { photo } } } }),
    ],
    [
      'a nested createMany',
      (cover) =>
        base.user.update({
          where: { id },
          data: { posts: { createMany: { data: [{ title: 'x', cover }] } } },
        }),
    ],
    ['a batch', (avatar) => base.$transaction([base.user.create({ data: { name: 'Bob', avatar } })])],
    [
      'a transaction',
      (avatar) => base.$transaction((tx) => tx.user.create({ data: { name: 'Bob', avatar } })),
    ],
    ['find', (avatar) => base.user.findMany({ where: { avatar: { equals: avatar } } })],
    [
      'a client with another extension',
      (avatar) =>
        base
          .$extends({ query: { user: { create: ({ args, query }) => query(args) } } })
          .user.create({ data: { name: 'Bob', avatar } }),
    ],
    ['raw SQL', (avatar) => base.$executeRawUnsafe(sql(`UPDATE ${quoted('User')} SET avatar = ?`), avatar)],
  ])('by %s', async (_way, write) => {
    await expect(write(textFile('x') as never)).rejects.toMatchObject({ code: 'PENDING_FILE' })

    expect(await prisma.user.findMany({ include: { profile: true } })).toMatchObject([
      { name: 'Ada', avatar: null, documents: null, profile: null },
    ])
  })
})

describe('a content that a client without the extension gets', () => {
  it.each<[string, () => unknown]>([
    ['a Blob', () => new Blob(['x'])],
    ['a File', () => new File(['x'], 'x.txt')],
    ['a stream', () => Readable.from([Buffer.from('x')])],
  ])('is refused by Prisma itself where it is %s', async (_, make) => {
    await expect(base.user.update({ where: { id }, data: { avatar: make() as never } })).rejects.toThrow()

    expect((await prisma.user.findUniqueOrThrow({ where: { id } })).avatar).toBeNull()
  })

  it.each<[string, () => unknown]>([
    ['a Buffer', () => Buffer.from('x')],
    ['bytes', () => new Uint8Array([120])],
    [
      'a file of multer',
      () => ({
        fieldname: 'f',
        originalname: 'a.txt',
        mimetype: 'text/plain',
        size: 1,
        buffer: Buffer.from('x'),
      }),
    ],
  ])('is a broken value for the extended client where it is %s, which Prisma stores', async (_, make) => {
    await base.user.update({ where: { id }, data: { avatar: make() as never, documents: [make() as never] } })
    await prisma.user.create({ data: { name: 'Bob', avatar: textFile('good') } })

    const [ada, bob] = await prisma.user.findMany({ orderBy: { id: 'asc' } })

    expect(await textOf(bob?.avatar)).toBe('good')
    expect(() => ada?.avatar?.path).toThrow(`User.avatar of the row id = ${id}: `)
    expect(() => ada?.documents?.[0]?.path).toThrow(`User.documents of the row id = ${id}: `)
    await prisma.user.delete({ where: { id } })
    await database.expectFilesMatchRows()
  })
})
