import { UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** An extension that sees every operation, which clones its arguments. */
function logging(log: string[]) {
  return Prisma.defineExtension({
    query: {
      $allModels: {
        $allOperations({ model, operation, args, query }) {
          log.push(`${model}.${operation}`)
          return query(args)
        },
      },
    },
  })
}

const ours = () => filedepot({ depot: database.depot, models: FILE_MODELS })

describe('an extension that was added later', () => {
  it('is applied to operations with files, alone and in transactions', async () => {
    const log: string[] = []
    const client = prisma.$extends(logging(log))

    const { id } = await client.document.create({ data: { content: textFile('a') } })
    await client.$transaction(async (tx) => {
      await tx.document.update({ where: { id }, data: { content: textFile('b') } })
      await tx.$transaction((inner) => inner.document.updateMany({ data: { title: 'c' } }))
    })
    await client.$transaction([client.document.delete({ where: { id } })])

    expect(log).toEqual(['Document.create', 'Document.update', 'Document.updateMany', 'Document.delete'])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('sees JSON that can be written, and no pending value', async () => {
    const seen: unknown[] = []
    const client = prisma.$extends({
      query: {
        document: {
          create({ args, query }) {
            seen.push(args.data?.content)
            return query(args)
          },
        },
      },
    })

    const { content } = await client.document.create({ data: { content: textFile('a') } })

    expect(seen).toEqual([content?.toJSON()])
  })

  it('may change what is written beside the file', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          create: ({ args, query }) => query({ ...args, data: { ...args.data, title: 'changed' } }),
        },
      },
    })

    const row = await client.document.create({ data: { content: textFile('a') } })

    expect(row.title).toBe('changed')
    expect(await textOf(row.content)).toBe('a')
  })

  it('that fails after the write rolls back nothing, and the row keeps its file', async () => {
    const client = prisma.$extends({
      query: {
        document: {
          async create({ args, query }) {
            await query(args)
            throw new Error('too late')
          },
        },
      },
    })

    const creating = client.document.create({ data: { content: textFile('written') } })

    await expect(creating).rejects.toThrow('too late')
    // The row is there: our hook cannot know it, and its file may only go if the row does.
    expect(await database.pathsOfRows()).toEqual(
      (await database.pathsOfRows()).filter((path) => path.startsWith('default/')),
    )
    const [row] = await prisma.document.findMany()
    expect(row && (await textOf(row.content))).toBe('written')
  })

  it('that adds results and methods has them in transactions, too', async () => {
    const client = prisma.$extends({
      result: { document: { loud: { needs: { title: true }, compute: ({ title }) => `${title}!` } } },
      model: { document: { countAll: () => database.base.document.count() } },
    })

    const found = await client.$transaction(async (tx) => {
      const row = await tx.document.create({ data: { title: 'hey', content: textFile('a') } })
      return { loud: row.loud, text: await textOf(row.content) }
    })

    expect(found).toEqual({ loud: 'hey!', text: 'a' })
    expect(await client.document.countAll()).toBe(1)
  })

  it('may compute from a file field', async () => {
    const client = prisma.$extends({
      result: {
        document: { size: { needs: { content: true }, compute: ({ content }) => content?.size ?? 0 } },
      },
    })

    await client.document.create({ data: { content: textFile('four') } })

    expect((await client.document.findFirstOrThrow({ select: { size: true } })).size).toBe(4)
  })
})

describe('an extension that was added before', () => {
  it('clones arguments: pending values reach us all the same', async () => {
    const log: string[] = []
    const client = database.base.$extends(logging(log)).$extends(ours())

    const { id } = await client.document.create({
      data: { content: textFile('a'), attachments: [textFile('b'), textFile('c')] },
    })
    await client.$transaction((tx) => tx.document.update({ where: { id }, data: { content: textFile('d') } }))

    const { content, attachments } = await client.document.findFirstOrThrow()
    expect(await textsOf([content, ...attachments!])).toEqual(['d', 'b', 'c'])
    expect(log).toContain('Document.create')
  })

  it('clones stored values, which may be written back to their row', async () => {
    const client = database.base.$extends(logging([])).$extends(ours())
    const { id, content } = await client.document.create({ data: { content: textFile('a') } })

    await client.document.update({ where: { id }, data: { title: 'b', content: content! } })

    expect(await textOf((await client.document.findFirstOrThrow()).content)).toBe('a')
    expect(database.chaos.calls('write')).toBe(1)
  })

  it('clones stored values, which another row gets a copy of', async () => {
    const client = database.base.$extends(logging([])).$extends(ours())
    const { id, content } = await client.document.create({ data: { content: textFile('a') } })

    const other = await client.document.create({ data: { content: content!, attachments: [content!] } })
    const read = (await client.document.findUniqueOrThrow({ where: { id } })).content
    await client.document.update({ where: { id: other.id }, data: { attachments: [read!, textFile('b')] } })
    await client.document.delete({ where: { id } })

    const left = await client.document.findFirstOrThrow()
    expect(await textsOf([left.content, ...left.attachments!])).toEqual(['a', 'a', 'b'])
    await database.expectFilesMatchRows()
  })

  it('and opens transactions itself, as for row level security, cannot write files in them: NOT_SUPPORTED', async () => {
    const secured = database.base.$extends((client) =>
      client.$extends({
        query: {
          $allModels: {
            async $allOperations({ args, query }) {
              const [, result] = await client.$transaction([client.$queryRawUnsafe('SELECT 1'), query(args)])
              return result
            },
          },
        },
      }),
    )
    const client = secured.$extends(ours())

    const creating = client.document.create({ data: { content: textFile('a') } })

    await expect(creating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await database.pathsOfFiles()).toEqual([])
    expect(await client.receipt.create({ data: { number: '1' } })).toMatchObject({ number: '1' })
  })
})

describe('an extension for row level security that was added after ours', () => {
  it('opens transactions that we hear of', async () => {
    const client = prisma.$extends((inner) =>
      inner.$extends({
        query: {
          $allModels: {
            async $allOperations({ args, query }) {
              const [, result] = await inner.$transaction([inner.$queryRawUnsafe('SELECT 1'), query(args)])
              return result
            },
          },
        },
      }),
    )

    const creating = client.document.create({ data: { content: textFile('a') } })

    const outcome = await creating.then(
      () => 'written',
      (error: unknown) => (error as { code?: string }).code,
    )
    // Whatever can be done there: nothing is lost, and nothing is left.
    expect(['written', 'NOT_SUPPORTED']).toContain(outcome)
  })
})

describe('a transaction that was opened by a client without the extension', () => {
  it('is refused where files are written in it, and nothing is uploaded', async () => {
    const writing = database.base.$transaction((tx) =>
      // As extensions do, which hold on to the operations of the extended client.
      (
        prisma.document.create({ data: { content: textFile('a') } }) as unknown as {
          requestTransaction(transaction: object): Promise<unknown>
        }
      ).requestTransaction({ kind: 'itx', id: idOf(tx) }),
    )

    await expect(writing).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(database.chaos.calls('write')).toBe(0)
    expect(await prisma.document.count()).toBe(0)
  })

  it('may do everything else', async () => {
    await database.base.$transaction(async (tx) => {
      await tx.document.create({ data: { title: 'without the extension' } })
    })

    expect(await prisma.document.count()).toBe(1)
  })
})

/** As `$transaction` of Prisma names it to query extensions. */
function idOf(client: object): string {
  const scope = Symbol.for('prisma.client.transaction.scope_context')
  return (client as Record<symbol, { txId: string }>)[scope]!.txId
}

describe('an extension without our results', () => {
  it('of the base client reads the JSON', async () => {
    await prisma.document.create({ data: { content: textFile('a') } })

    const { content } = await database.base.document.findFirstOrThrow()

    expect(content).toMatchObject({ filename: 'note.txt' })
    expect(content).not.toBeInstanceOf(UploadedFile)
  })
})
