import { UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile, textOf } from '../../../test/support/contents.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase } from './support/test-database.ts'

// Values that are in another storage than the field's are moved. Extensions after ours may answer a write without sending it.

let database: TestDatabase
let prisma: ReturnType<typeof extended>

function extended() {
  const avatar = { type: UploadedFile, storage: 'attachments' }
  const models = { ...FILE_MODELS, user: { avatar, documents: [UploadedFile] } } as const
  return database.base.$extends(filedepot({ depot: database.depot, models }))
}

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = extended()
})

afterEach(() => database.endTest())

type Client = Pick<typeof prisma, 'user' | 'post'>

const where = { name: 'Ada' }

/** The writes of a value: into a new row, or into one that is there. */
const WAYS: [string, (client: Client, avatar: UploadedFile) => Promise<unknown>][] = [
  ['create', (client, avatar) => client.user.create({ data: { name: 'Bob', avatar } })],
  ['createMany', (client, avatar) => client.user.createMany({ data: [{ name: 'Bob', avatar }] })],
  [
    'createMany with skipDuplicates',
    (client, avatar) => client.user.createMany({ data: [{ name: 'Bob', avatar }], ...SKIP }),
  ],
  ['update', (client, avatar) => client.user.update({ where, data: { avatar } })],
  ['updateMany', (client, avatar) => client.user.updateMany({ where, data: { avatar } })],
  [
    'upsert of a new row',
    (client, avatar) =>
      client.user.upsert({ where: { name: 'Bob' }, create: { name: 'Bob', avatar }, update: { avatar } }),
  ],
  [
    'upsert of a row that is there',
    (client, avatar) => client.user.upsert({ where, create: { name: 'Ada', avatar }, update: { avatar } }),
  ],
  [
    'nested create',
    (client, avatar) =>
      client.post.create({ data: { title: '', author: { create: { name: 'Bob', avatar } } } }),
  ],
  [
    'nested update',
    (client, avatar) =>
      client.post.update({ where: { id: postId }, data: { author: { update: { avatar } } } }),
  ],
]

const SKIP = kind === 'sqlite' ? {} : { skipDuplicates: true }

let postId: number

beforeEach(async () => {
  const author = { create: { name: 'Ada', avatar: textFile('old') } }
  postId = (await prisma.post.create({ data: { title: '', author } })).id
})

const isWrite = (operation: string) => /^(?:create|update|upsert)/.test(operation)

const answering = Prisma.defineExtension({
  query: {
    $allModels: {
      async $allOperations({ operation, args, query }) {
        return isWrite(operation) ? { id: 4711, count: 1 } : await query(args)
      },
    },
  },
})

const logging = Prisma.defineExtension({
  query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
})

const avatarOf = async (name: string) => (await prisma.user.findUnique({ where: { name } }))?.avatar

describe.each(WAYS)('a value that is moved by %s', (_, write) => {
  it('stays if an extension has not sent the write, and can be written again', async () => {
    const avatar = await database.depot.upload(textFile('new'))

    await write(prisma.$extends(answering), avatar)

    expect(await textOf(avatar)).toBe('new')
    expect(await textOf(await avatarOf('Ada'))).toBe('old')
    expect(await avatarOf('Bob')).toBeUndefined()
    await prisma.user.create({ data: { name: 'Eve', avatar } })
    expect(await avatarOf('Eve')).toMatchObject({ storage: 'attachments' })
  })

  it('stays in a transaction, too', async () => {
    const avatar = await database.depot.upload(textFile('new'))

    await prisma.$extends(answering).$transaction(async (tx) => write(tx as never, avatar))

    expect(await textOf(avatar)).toBe('new')
    await prisma.user.create({ data: { name: 'Eve', avatar } })
  })

  it('goes if an extension has sent it: the row has the copy', async () => {
    const avatar = await database.depot.upload(textFile('new'))

    await write(prisma.$extends(logging), avatar)

    const rows = await prisma.user.findMany()
    expect(await Promise.all(rows.map((row) => textOf(row.avatar)))).toContain('new')
    expect(await database.exists(avatar)).toBe(false)
  })
})

describe('an original of which it cannot be known whether a row has the copy', () => {
  it('stays, and is reported', async () => {
    const avatar = await database.depot.upload(textFile('new'))
    let isLost = false
    const base = database.clientThrough((adapter) => {
      const connect = adapter.connect.bind(adapter)
      adapter.connect = async () => {
        const connection = await connect()
        const query = connection.queryRaw.bind(connection)
        connection.queryRaw = async (statement) => {
          if (isLost && /^SELECT/i.test(statement.sql)) throw new Error('Connection terminated unexpectedly')
          return await query(statement)
        }
        return connection
      }
      return adapter
    })
    const client = base
      .$extends(
        filedepot({
          depot: database.depot,
          models: { user: { avatar: { type: UploadedFile, storage: 'attachments' } } },
        }),
      )
      .$extends({
        query: {
          user: {
            async create({ args, query }) {
              const result = await query(args)
              isLost = true
              return result
            },
          },
        },
      })

    const { name } = await client.user.create({ data: { name: 'Bob', avatar } })

    expect(name).toBe('Bob')
    expect(await textOf(avatar)).toBe('new')
    expect(database.unsettled).toContain(avatar.path)
    await base.$disconnect()
    await database.depot.deleteFiles(avatar.files)
  })
})
