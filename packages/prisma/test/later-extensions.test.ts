import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile, textOf } from '../../../test/support/contents.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { filedepot } from '@filedepot/prisma'
import { Prisma, type BaseClient } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** Fails long before the time of a transaction is over. */
async function atOnce<T>(promise: Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await promise
  } finally {
    expect(performance.now() - start).toBeLessThan(4000)
  }
}

/** Row level security as Prisma documents it. */
const security = Prisma.defineExtension((client) =>
  client.$extends({
    query: {
      $allModels: {
        async $allOperations({ args, query }) {
          const outer = client as unknown as BaseClient
          const [, result] = await outer.$transaction([
            outer.$queryRawUnsafe('SELECT 1'),
            query(args) as never,
          ])
          return result
        },
      },
    },
  }),
)

describe('an extension that sends each operation in a transaction of its own', () => {
  it('is refused at once where rows with files are changed', async () => {
    const client = prisma.$extends(security)
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    const data = { content: textFile('b') }

    for (const write of [
      () => client.document.update({ where: { id }, data }),
      () => client.document.delete({ where: { id } }),
      () => client.document.deleteMany(),
      () => client.document.upsert({ where: { id }, create: data, update: data }),
      () => client.$transaction((tx) => tx.document.update({ where: { id }, data })),
    ]) {
      await expect(atOnce<unknown>(write())).rejects.toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringMatching(
          /\$transaction\(\) of an extension within document\..*open the transaction yourself/,
        ),
      })
    }
    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('a')
  })

  it('creates rows, and reads, and changes rows without files', async () => {
    const client = prisma.$extends(security)

    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await client.document.update({ where: { id }, data: { title: 'b' } })
    await client.receipt.create({ data: { number: '1' } })

    expect((await client.document.findUniqueOrThrow({ where: { id } })).title).toBe('b')
  })

  it('cannot create a row with a file in a transaction of the caller, which it would leave', async () => {
    const client = prisma.$extends(security)

    const creating = client.$transaction((tx) => tx.document.create({ data: { content: textFile('a') } }))

    await expect(atOnce(creating)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  it('and sends it again there is refused, too', async () => {
    const client = prisma.$extends((inner) =>
      inner.$extends({
        query: {
          document: {
            create: ({ args }) => inner.$transaction((tx) => tx.document.create(args as never)) as never,
            update: ({ args }) => inner.$transaction((tx) => tx.document.update(args as never)) as never,
            delete: ({ args }) => inner.$transaction((tx) => tx.document.delete(args as never)) as never,
          },
        },
      }),
    )
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    const data = { content: textFile('b') }

    for (const write of [
      () => client.document.create({ data }),
      () => client.document.update({ where: { id }, data }),
      () => client.document.delete({ where: { id } }),
    ]) {
      await expect(atOnce<unknown>(write())).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    }
  })

  it('is not needed: the caller opens the transaction, and what he says in it holds for reads of ours', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    await prisma.$transaction(async (tx) => {
      await tx.$queryRawUnsafe('SELECT 1')
      await tx.document.update({ where: { id }, data: { content: textFile('b') } })
    })

    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('b')
  })
})

describe('an extension that puts another operation in the place of one', () => {
  function softDelete(outer: () => TestClient) {
    const data = { title: 'deleted' }
    return Prisma.defineExtension({
      query: {
        document: {
          async delete({ args: { where } }) {
            return await outer().document.update({ where, data })
          },
          async deleteMany({ args: { where = {} } }) {
            return await outer().document.updateMany({ where, data })
          },
        },
      },
    })
  }

  it('of rows with files is refused at once if it was added after ours', async () => {
    const client = prisma.$extends(softDelete(() => prisma))
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    for (const deleting of [
      () => client.document.delete({ where: { id } }),
      () => client.document.deleteMany(),
      () => client.$transaction((tx) => tx.document.delete({ where: { id } })),
    ]) {
      await expect(atOnce<unknown>(deleting())).rejects.toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringMatching(/document\.update.*before filedepot\(\)/),
      })
    }
    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('a')
  })

  it('and returns it before it has run has it in the same transaction: it works after ours, too', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          delete: ({ args: { where } }) =>
            prisma.document.update({ where, data: { title: 'deleted' } }) as never,
        },
      },
    })
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    await atOnce(client.document.delete({ where: { id } }))

    expect(await prisma.document.findFirst({ select: { title: true } })).toMatchObject({ title: 'deleted' })
  })

  it('works if it was added before ours', async () => {
    const soft = database.base.$extends(softDelete(() => prisma))
    const client = soft.$extends(filedepot({ depot: database.depot, models: FILE_MODELS }))
    const { id } = await client.document.create({ data: { content: textFile('a') } })

    await client.document.delete({ where: { id } })

    const row = await client.document.findFirstOrThrow()
    expect(row.title).toBe('deleted')
    expect(await textOf(row.content)).toBe('a')
  })

  it('may write other rows of the same model', async () => {
    const counter = await prisma.document.create({ data: { title: '0', content: textFile('counter') } })
    const client = prisma.$extends({
      query: {
        document: {
          async update({ args, query }) {
            const result = await query(args)
            await prisma.document.update({ where: { id: counter.id }, data: { title: '1' } })
            return result
          },
        },
      },
    })
    const { id } = await client.document.create({ data: { content: textFile('a') } })

    await atOnce(client.document.update({ where: { id }, data: { content: textFile('b') } }))

    expect((await prisma.document.findUniqueOrThrow({ where: { id: counter.id } })).title).toBe('1')
  })

  it('that only reads deletes no file', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          delete: ({ args }) => database.base.document.findUniqueOrThrow(args as never),
          deleteMany: () => Promise.resolve({ count: 1 }),
        },
      },
    })
    const { id } = await prisma.document.create({ data: { content: textFile('kept') } })

    await client.document.delete({ where: { id } })
    await client.document.deleteMany()

    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('kept')
  })
})

describe('an extension that writes beside a write with files', () => {
  it('notes it in a table of its own, before and after', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          async $allOperations({ args, query, operation }) {
            await prisma.receipt.create({ data: { number: `before ${operation}` } })
            const result = await query(args)
            await prisma.receipt.create({ data: { number: `after ${operation}` } })
            return result
          },
        },
      },
    })

    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await atOnce(client.document.update({ where: { id }, data: { content: textFile('b') } }))
    await atOnce(client.document.delete({ where: { id } }))

    expect(await prisma.receipt.count()).toBe(6)
  })

  it('in a row that refers to the changed one', async () => {
    // MariaDB locks the row that a foreign key refers to like one that is changed.
    if (kind === 'mariadb') return
    const client = prisma.$extends({
      query: {
        user: {
          async update({ args, query }) {
            const result = await query(args)
            await prisma.post.create({ data: { title: 'changed', authorId: id } })
            return result
          },
        },
      },
    })
    const { id } = await prisma.user.create({ data: { name: 'Ada', avatar: textFile('a') } })

    await atOnce(client.user.update({ where: { id }, data: { avatar: textFile('b') } }))

    expect(await prisma.post.count()).toBe(1)
  })

  it('and goes on after its end waits as every other', async () => {
    let later: Promise<unknown> | undefined
    let goOn: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (goOn = resolve))
    const client = prisma.$extends({
      query: {
        document: {
          async update({ args, query }) {
            later = gate.then(() => prisma.$transaction((tx) => tx.document.deleteMany()))
            return await query(args)
          },
        },
      },
    })
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })
    await client.document.update({ where: { id }, data: { content: textFile('b') } })

    goOn()

    expect(await later).toEqual({ count: 1 })
  })
})

describe('an extension that changes results', () => {
  it('and takes a file out of one: the row keeps it', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          async update({ args, query }) {
            const result = await query(args)
            delete (result as { content?: unknown }).content
            return result
          },
        },
      },
    })
    const { id, content } = await client.document.create({ data: { content: textFile('a') } })

    await client.document.update({ where: { id }, data: { content: content! } })

    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('a')
  })
})

describe('a field that an extension computes', () => {
  const described = Prisma.defineExtension({
    result: {
      document: {
        about: {
          needs: { title: true, content: true, attachments: true },
          compute: ({ content, attachments, title }) => {
            const one = content as unknown as UploadedFile | null
            const many = attachments as unknown as UploadedFile[] | null
            return [title, one instanceof UploadedFile && one.path, many?.map(({ path }) => path)]
          },
        },
      },
    },
  })

  it('gets files, whatever is selected', async () => {
    const client = prisma.$extends(described).$extends({ query: {} })
    const { content, attachments } = await client.document.create({
      data: { title: 't', content: textFile('a'), attachments: [textFile('b')] },
    })

    const found = [
      (await client.document.findFirstOrThrow()).about,
      (await client.document.findFirstOrThrow({ select: { about: true } })).about,
      (await client.document.findFirstOrThrow({ select: { about: true, content: true } })).about,
      (await client.document.findFirstOrThrow({ omit: { content: true, attachments: true } })).about,
      (await client.$transaction((tx) => tx.document.findMany({ select: { about: true } })))[0]?.about,
    ]

    expect(found).toEqual(Array.from({ length: 5 }, () => ['t', content?.path, [attachments![0]!.path]]))
  })

  it('gets null for a field without a file, and what it does not need is not there', async () => {
    const client = prisma.$extends({
      result: {
        $allModels: { keys: { compute: (row) => Object.keys(row) } },
        document: { isEmpty: { needs: { content: true }, compute: ({ content }) => content === null } },
      },
    })
    await client.document.create({ data: {} })

    const { isEmpty, keys } = await client.document.findFirstOrThrow({
      select: { isEmpty: true, keys: true, id: true },
    })

    expect(isEmpty).toBe(true)
    expect(keys).toContain('id')
  })

  it('of a related row gets files, too', async () => {
    const client = prisma.$extends({
      result: {
        post: {
          path: { needs: { cover: true }, compute: ({ cover }) => cover?.path },
        },
      },
    })
    const user = await client.user.create({
      data: { name: 'Ada', posts: { create: { title: '', cover: textFile('a') } } },
      select: { posts: { select: { path: true } } },
    })

    const { cover } = await client.post.findFirstOrThrow()

    expect(user.posts.map(({ path }) => path)).toEqual([cover!.path])
  })
})

describe('a where that names a file', () => {
  it('finds its row through extensions that clone it', async () => {
    const logging = Prisma.defineExtension({
      query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
    })
    for (const client of [
      prisma.$extends(logging),
      database.base.$extends(logging).$extends(filedepot({ depot: database.depot, models: FILE_MODELS })),
    ]) {
      const { content } = await client.document.create({ data: { content: textFile('a') } })
      const where = { content: { equals: content! } }

      expect(await client.document.count({ where })).toBe(1)
      expect(await client.document.findMany({ where, select: { title: true } })).toEqual([
        { title: 'untitled' },
      ])
      expect(await client.document.updateMany({ where, data: { content: textFile('b') } })).toEqual({
        count: 1,
      })
    }
  })
})

describe('an extension that sends a write again', () => {
  const twice = Prisma.defineExtension({
    query: {
      document: {
        async create({ args, query }) {
          await query(args)
          return await query(args)
        },
      },
    },
  })
  const logging = Prisma.defineExtension({
    query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
  })

  it.each<[string, () => TestClient]>([
    ['alone', () => prisma.$extends(twice)],
    ['before another', () => prisma.$extends(twice).$extends(logging)],
    ['after another', () => prisma.$extends(logging).$extends(twice)],
  ])('which has succeeded is refused, %s: two rows would have one file', async (_, extended) => {
    const creating = extended().document.create({ data: { content: textFile('a') } })

    await expect(creating).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringMatching(/^Cannot send document.create\(\) twice/) as unknown,
    })
    const rows = await prisma.document.findMany()
    expect(await Promise.all(rows.map(({ content }) => textOf(content)))).toEqual(['a'])
  })

  it('at the same time is refused, too', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          async create({ args, query }) {
            const [first] = await Promise.all([query(args), query(args)])
            return first
          },
        },
      },
    })

    const creating = client.document.create({ data: { content: textFile('a') } })

    await expect(creating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await prisma.document.count()).toBe(1)
  })

  it('in a transaction of the caller is refused there, and a rollback leaves nothing', async () => {
    const client = prisma.$extends(twice)

    const running = client.$transaction((tx) => tx.document.create({ data: { content: textFile('a') } }))

    await expect(running).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await prisma.document.count()).toBe(0)
  })

  it('which has failed may try it again', async () => {
    let tries = 0
    const client = prisma.$extends(logging).$extends({
      query: {
        document: {
          async create({ args, query }) {
            const taken = { ...args, data: { ...args.data, id } }
            const result = await query(tries++ === 0 ? taken : args).catch(() => query(args))
            return result
          },
        },
      },
    })
    const { id } = await prisma.document.create({ data: { content: textFile('a') } })

    await client.document.create({ data: { content: textFile('b') } })

    expect(tries).toBe(1)
    const rows = await prisma.document.findMany({ orderBy: { id: 'asc' } })
    expect(await Promise.all(rows.map(({ content }) => textOf(content)))).toEqual(['a', 'b'])
  })
})

describe('an extension that fails with an operation of its own', () => {
  it.each([0, 20])(
    'beside a create, which is sent %i ms later, leaves no row without its file',
    async (ms) => {
      let sending: Promise<unknown> = Promise.resolve()
      const client = prisma.$extends({
        query: {
          document: {
            async create({ args, query }) {
              sending = ms === 0 ? query(args) : setTimeout(ms).then(() => query(args))
              const [result] = await Promise.all([sending, Promise.reject(new Error('beside'))])
              return result
            },
          },
        },
      })

      await expect(client.document.create({ data: { content: textFile('kept') } })).rejects.toThrow('beside')

      const [sent] = await Promise.allSettled([sending])
      expect(sent).toMatchObject(ms === 0 ? { status: 'fulfilled' } : { reason: { code: 'NOT_SUPPORTED' } })
      const rows = await prisma.document.findMany()
      expect(await Promise.all(rows.map(({ content }) => textOf(content)))).toEqual(ms === 0 ? ['kept'] : [])
    },
  )

  it('after a create takes no file from the row that is there', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          async create({ args, query }) {
            const result = await query(args)
            await prisma.document.create({ data: { id: result.id! } })
            return result
          },
        },
      },
    })

    const creating = client.document.create({ data: { content: textFile('kept') } })

    await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    const rows = await prisma.document.findMany()
    expect(await Promise.all(rows.map(({ content }) => textOf(content)))).toEqual(['kept'])
  })
})
