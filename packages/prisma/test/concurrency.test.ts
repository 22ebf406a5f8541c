import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { errorsAbortTransactions, isOn } from '../../../test/databases/database-kind.ts'
import { untilSomebodyWaits } from '../../../test/databases/lock-waits.ts'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { Gate } from '../../../test/support/timing.ts'
import { Prisma } from './support/generated-client.ts'
import { HeldTransaction } from './support/held-transaction.ts'
import { failure } from './support/rolled-back.ts'
import { TestDatabase, type TestClient, type TestTransaction } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

const PATIENTLY = { maxWait: 20_000, timeout: 20_000 }

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.document.findMany({ orderBy: { title: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

async function created(title: string): Promise<{ id: number }> {
  const { id } = await prisma.document.create({ data: { title, content: textFile(title) } })
  return { id }
}

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

/** Runs all of them, and forgives what the database says of those that were in each other's way. */
async function together(writes: PromiseLike<unknown>[]): Promise<number> {
  const ended = await Promise.allSettled(writes)
  const codes = ended.flatMap((one) =>
    one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
  )
  const known = ['P2034', 'P2025', 'P2002', 'P2028', 'TRANSACTION_ABORTED']
  expect(codes.filter((code) => !known.includes(code))).toEqual([])
  return ended.length - codes.length
}

describe('replacing the file of one row at the same time', () => {
  it('by updates leaves one file', async () => {
    const where = await created('a')
    const writes = Array.from({ length: 10 }, (_, index) =>
      prisma.document.update({ where, data: { content: textFile(String(index)) } }),
    )

    expect(await together(writes)).toBeGreaterThan(0)

    expect(await files()).toBe(1)
  })

  it('by ways of all kinds leaves one file', async () => {
    const where = await created('a')
    const content = () => textFile('new')
    const ways = [
      () => prisma.document.update({ where, data: { content: content() } }),
      () => prisma.document.updateMany({ where: { title: 'a' }, data: { content: content() } }),
      () => prisma.document.updateMany({ data: { content: Prisma.DbNull } }),
      () => prisma.document.upsert({ where, create: {}, update: { content: content() } }),
      () => prisma.$transaction([prisma.document.update({ where, data: { content: content() } })]),
      () =>
        prisma.$transaction(async (tx) => {
          await tx.document.update({ where, data: { content: content() } })
          await tx.document.update({ where, data: { content: content() } })
        }, PATIENTLY),
    ]

    expect(await together([...ways, ...ways].map((write) => write()))).toBeGreaterThan(0)

    expect(await files()).toBeLessThanOrEqual(1)
  })

  it('in transactions of which every second is rolled back leaves one file', async () => {
    const where = await created('a')
    const writes = Array.from({ length: 8 }, (_, index) =>
      prisma.$transaction(async (tx) => {
        await tx.document.update({ where, data: { content: textFile(String(index)) } })
        if (index % 2 === 0) throw Object.assign(new Error('on purpose'), { code: 'P2034' })
      }, PATIENTLY),
    )

    await together(writes)

    expect(await files()).toBe(1)
  })
})

describe('deleting and replacing one row at the same time', () => {
  it('leaks nothing, whoever is first', async () => {
    for (let round = 0; round < 5; round++) {
      const where = await created('a')

      await together([
        prisma.document.update({ where, data: { content: textFile('new') } }),
        prisma.document.delete({ where }),
        prisma.document.updateMany({ where: { title: 'a' }, data: { content: textFile('newer') } }),
      ])

      expect(await files()).toBeLessThanOrEqual(1)
      await prisma.document.deleteMany()
      expect(await files()).toBe(0)
    }
  })

  it('by deleteMany of overlapping conditions leaks nothing', async () => {
    for (const title of ['a', 'b', 'c', 'd']) await created(title)

    await together([
      prisma.document.deleteMany({ where: { title: { in: ['a', 'b', 'c'] } } }),
      prisma.document.deleteMany({ where: { title: { in: ['b', 'c', 'd'] } } }),
      prisma.document.deleteMany({ where: { title: { gte: 'b' } } }),
    ])
    await prisma.document.deleteMany()

    expect(await files()).toBe(0)
  })

  it('of parents and their children leaks nothing', async () => {
    const albums = await Promise.all(
      [1, 2, 3].map(async () =>
        prisma.album.create({
          data: {
            cover: textFile('cover'),
            photos: { create: [{ image: textFile('a') }, { image: textFile('b') }] },
          },
        }),
      ),
    )

    await together(
      albums.flatMap(({ id }) => [
        prisma.album.delete({ where: { id } }),
        prisma.photo.updateMany({ where: { albumId: id }, data: { image: Prisma.DbNull } }),
        prisma.photo.create({ data: { albumId: id, image: textFile('late') } }).catch(() => undefined),
      ]),
    )
    await prisma.album.deleteMany()

    expect(await files()).toBe(0)
  })
})

describe('a transaction that waits for another', () => {
  if (isOn('sqlite')) return

  it('gives up the file that the other has written, and not the one that was there before', async () => {
    const where = await created('a')
    const first = await HeldTransaction.begin(prisma)
    await first.client.document.update({ where, data: { content: textFile('first') } })

    const second = prisma.$transaction(
      (tx) => tx.document.update({ where, data: { content: textFile('second') } }),
      PATIENTLY,
    )
    await untilSomebodyWaits()
    await first.commit()
    await second

    expect(await texts()).toEqual(['second'])
    expect(await files()).toBe(1)
  })

  it('gives up the old file where the other is rolled back', async () => {
    const where = await created('a')
    const first = await HeldTransaction.begin(prisma)
    await first.client.document.update({ where, data: { content: textFile('first') } })

    const second = prisma.$transaction((tx) => tx.document.delete({ where }), PATIENTLY)
    await untilSomebodyWaits()
    await first.rollback()
    await second

    expect(await files()).toBe(0)
  })

  it('that has read the row before gives up what is there when it writes', async () => {
    // PostgreSQL and MySQL differ in what a transaction sees; what is given up is what the row holds at last.
    const where = await created('a')

    const second = prisma.$transaction(async (tx) => {
      await tx.document.findUniqueOrThrow({ where })
      await prisma.document.update({ where, data: { content: textFile('first') } })
      await tx.document.update({ where, data: { content: textFile('second') } })
    }, PATIENTLY)
    await together([second])

    expect(await files()).toBe(1)
  })
})

describe('a row that comes between our look and the statement', () => {
  /** A client on which something happens right before a statement of ours is sent. */
  function interrupted(action: () => Promise<unknown>) {
    let isDone = false
    const once = async () => {
      if (isDone) return
      isDone = true
      await action()
    }
    return prisma.$extends({
      query: {
        document: {
          async deleteMany({ args, query }) {
            await once()
            return await query(args)
          },
          async updateMany({ args, query }) {
            await once()
            return await query(args)
          },
        },
      },
    })
  }

  // SQLite's other writers would wait for the transaction.
  if (isOn('sqlite')) return

  it('is left by a deleteMany, which has read its rows before', async () => {
    await created('a')
    const client = interrupted(() => created('late'))

    const deleting = client.document.deleteMany({ where: { title: { in: ['a', 'late'] } } })
    const count = await deleting.then(
      (result) => result.count,
      (error: unknown) => error,
    )

    // Gone with its file, or here with it.
    expect(count).toBeDefined()
    expect(await textsOf((await prisma.document.findMany()).map(({ content }) => content))).toHaveLength(
      await files(),
    )
  })

  it('is left by an updateMany that takes files away', async () => {
    await created('a')
    const client = interrupted(() => created('late'))

    await client.document.updateMany({
      where: { title: { in: ['a', 'late'] } },
      data: { content: Prisma.DbNull },
    })

    expect(
      await textOf((await prisma.document.findFirst({ where: { title: 'a' } }))?.content),
    ).toBeUndefined()
    expect(await files()).toBe(await prisma.document.count({ where: { content: { not: Prisma.DbNull } } }))
  })
})

describe('many transactions at the same time', () => {
  it('each get their own files, also where some are rolled back', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `note ${String(index).padStart(2, '0')}`)
    const gate = new Gate()
    let begun = 0

    const writes = names.map((name, index) =>
      prisma.$transaction(
        async (tx) => {
          await tx.note.create({ data: { name, text: name, file: textFile(name) } })
          // All are open at once, but for SQLite, where they come one after the other.
          if (++begun === names.length) gate.open()
          if (!isOn('sqlite')) await gate.opened
          const nested = tx.$transaction(async (inner) => {
            await inner.note.update({
              where: { name },
              data: { text: `${name}!`, file: textFile(`${name}!`) },
            })
            if (index % 3 === 0) throw failure
          })
          await nested.catch((error: unknown) => {
            expect(error).toBe(failure)
          })
          if (index % 4 === 0) throw failure
        },
        { maxWait: 60_000, timeout: 60_000 },
      ),
    )
    const ended = await Promise.allSettled(writes)

    expect(ended.map(({ status }) => status)).toEqual(
      names.map((_, index) => (index % 4 === 0 ? 'rejected' : 'fulfilled')),
    )
    const notes = await prisma.note.findMany({ orderBy: { name: 'asc' } })
    expect(await textsOf(notes.map(({ file }) => file))).toEqual(
      names.flatMap((name, index) => (index % 4 === 0 ? [] : [index % 3 === 0 ? name : `${name}!`])),
    )
  })

  it('and plain writes beside them lose and leak nothing', async () => {
    const writes = Array.from({ length: 24 }, async (_, index) => {
      const name = `note ${index % 6}`
      const data = { text: name, file: textFile(`${name} ${index}`) }
      if (index % 4 === 0) return await prisma.note.deleteMany({ where: { name } })
      if (index % 4 === 1)
        return await prisma.$transaction(
          (tx) => tx.note.upsert({ where: { name }, create: { name, ...data }, update: data }),
          PATIENTLY,
        )
      return await prisma.note.upsert({ where: { name }, create: { name, ...data }, update: data })
    })

    expect(await together(writes)).toBeGreaterThan(0)

    for (const { name, file } of await prisma.note.findMany())
      expect((await textOf(file))?.startsWith(name)).toBe(true)
  })
})

describe('writes side by side in one transaction', () => {
  it('are sent one after the other, and their uploads run side by side', async () => {
    const running = { uploads: 0, writes: 0 }
    const most = { uploads: 0, writes: 0 }
    const during = async <T>(what: 'uploads' | 'writes', action: () => Promise<T>): Promise<T> => {
      most[what] = Math.max(most[what], ++running[what])
      await setTimeout(5)
      return await action().finally(() => running[what]--)
    }
    const slowly = (text: string) =>
      UploadedFile.from(
        (async function* () {
          yield await during('uploads', () => Promise.resolve(Buffer.from(text)))
        })(),
      )
    const client = prisma.$extends({
      query: { document: { create: ({ args, query }) => during('writes', () => query(args)) } },
    })

    await client.$transaction(async (transaction) => {
      const writes = ['a', 'b', 'c', 'd'].map((title) =>
        transaction.document.create({ data: { title, content: slowly(title) } }),
      )
      await Promise.all(writes)
    })

    expect(await texts()).toEqual(['a', 'b', 'c', 'd'])
    expect(most.uploads).toBeGreaterThan(1)
    expect(most.writes).toBe(1)
  })

  it('that an extension makes within another do not wait for it', async () => {
    let current: TestTransaction | undefined
    const client = prisma.$extends({
      query: {
        document: {
          async update({ args, query }) {
            const result = await query(args)
            await current?.note.create({ data: { name: 'log', file: textFile('log') } })
            return result
          },
        },
      },
    })
    const where = await created('a')

    await client.$transaction(async (transaction) => {
      current = transaction
      await transaction.document.update({ where, data: { content: textFile('b') } })
    })

    expect(await texts()).toEqual(['b'])
    expect(await files()).toBe(2)
  })

  it('of one row leave one file', async () => {
    const where = await created('a')

    await prisma.$transaction(async (tx) => {
      await Promise.all(
        ['1', '2', '3', '4'].map((text) => tx.document.update({ where, data: { content: textFile(text) } })),
      )
    }, PATIENTLY)

    expect(await files()).toBe(1)
  })

  it('of several rows, by all ways, lose and leak nothing', async () => {
    for (const title of ['a', 'b', 'c']) await created(title)

    await prisma.$transaction(async (tx) => {
      await Promise.all([
        tx.document.create({ data: { title: 'd', content: textFile('d') } }),
        tx.document.updateMany({ where: { title: 'a' }, data: { content: textFile('new a') } }),
        tx.document.deleteMany({ where: { title: 'b' } }),
        tx.note.upsert({ where: { name: 'x' }, create: { name: 'x', file: textFile('x') }, update: {} }),
        tx.note.upsert({ where: { name: 'y' }, create: { name: 'y', file: textFile('y') }, update: {} }),
        tx.document.findMany(),
      ])
    }, PATIENTLY)

    expect(await texts()).toEqual(['new a', 'c', 'd'])
    expect(await files()).toBe(5)
  })

  // Prisma sends what comes at once as one, and resolves what comes after a failure, although it has not run.
  it.each<[string, (tx: TestTransaction) => PromiseLike<unknown>]>([
    ['create', (tx) => tx.docu.create({ data: { name: 'new', content: textFile('new') } })],
    ['createMany', (tx) => tx.docu.createMany({ data: [{ name: 'new', content: textFile('new') }] })],
    ['update', (tx) => tx.docu.update({ where: { name: 'a' }, data: { content: textFile('new') } })],
    ['updateMany', (tx) => tx.docu.updateMany({ where: { name: 'a' }, data: { content: textFile('new') } })],
    ['updateMany that takes away', (tx) => tx.docu.updateMany({ data: { content: Prisma.DbNull } })],
    [
      'upsert',
      (tx) =>
        tx.docu.upsert({ where: { name: 'a' }, create: { name: 'a' }, update: { content: textFile('new') } }),
    ],
    ['delete', (tx) => tx.docu.delete({ where: { name: 'a' } })],
    ['deleteMany', (tx) => tx.docu.deleteMany({ where: { name: 'a' } })],
  ])('of which one fails before a %s lose and leak nothing', async (_, write) => {
    if (errorsAbortTransactions) return
    for (const name of ['a', 'taken']) await prisma.docu.create({ data: { name, content: textFile(name) } })

    await prisma.$transaction(async (tx) => {
      const failing = tx.docu.create({ data: { name: 'taken', content: textFile('again') } })
      const ended = await Promise.allSettled([failing, write(tx)])
      expect(ended[0].status).toBe('rejected')
    })

    const docus = await prisma.docu.findMany()
    for (const { name, content } of docus) expect([undefined, name, 'new']).toContain(await textOf(content))
  })
})

describe('a row that comes under another one in the meantime', () => {
  // MySQL goes on showing a transaction what was there when it began.
  it('goes with it, and so does its file', async () => {
    await prisma.note.create({ data: { name: 'parent', file: textFile('parent') } })
    await prisma.note.create({ data: { name: 'child', file: textFile('child') } })

    await prisma.$transaction(async (transaction) => {
      await transaction.note.count()
      if (!isOn('sqlite')) {
        await prisma.note.update({ where: { name: 'child' }, data: { parentName: 'parent' } })
      }
      await transaction.note.delete({ where: { name: 'parent' } })
    }, PATIENTLY)

    expect(await prisma.note.count()).toBe(isOn('sqlite') ? 1 : 0)
    expect(await files()).toBe(isOn('sqlite') ? 1 : 0)
  })
})

async function codesOf(running: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(running)
  return results.flatMap((result) => (result.status === 'rejected' ? [codeOf(result.reason)] : []))
}

function codeOf(error: unknown): unknown {
  return error instanceof Prisma.PrismaClientKnownRequestError ? error.code : error
}

const save = (name: string, text: string) => ({ where: { name }, data: { text, file: textFile(text) } })

describe('transactions that are in each other’s way', () => {
  if (isOn('sqlite')) return

  beforeEach(async () => {
    for (const name of ['a', 'b'])
      await prisma.note.create({ data: { name, text: '', file: textFile(name) } })
  })

  it('are told so by P2034 after a deadlock', async () => {
    const inOrder = (...names: string[]) =>
      prisma.$transaction(async (client) => {
        for (const name of names) {
          await client.note.update(save(name, names.join()))
          await setTimeout(100)
        }
      })

    expect(await codesOf([inOrder('a', 'b'), inOrder('b', 'a')])).toEqual(['P2034'])
  })

  // MySQL has no such failures: its serializable transactions lock what they read, and are deadlocks.
  if (!isOn('postgres')) return

  it('are told so by P2034 if they could not be serialized', async () => {
    const run = (text: string) =>
      prisma.$transaction(
        async (client) => {
          await client.note.findUniqueOrThrow({ where: { name: 'a' } })
          await setTimeout(100)
          await client.note.update(save('a', text))
        },
        { isolationLevel: 'Serializable' },
      )

    expect(await codesOf([run('one'), run('two')])).toEqual(['P2034'])
  })
})

describe('a write that is on its way when its transaction ends', () => {
  /** Begins to write a row, and does not wait for it. */
  function begin({ note }: TestTransaction, name: string): Promise<unknown> {
    const file = textFile(name)
    return note.upsert({ where: { name }, create: { name, file }, update: { file } }).catch(() => undefined)
  }

  // With MySQL an upsert is several statements. Prisma sends the rest of them after the ROLLBACK, where nobody has waited.
  it('with a failure of the callback is undone with it', async () => {
    for (let round = 0; round < 40; round++) {
      const running = prisma.$transaction(async (transaction) => {
        void begin(transaction, `note ${round}`)
        await setTimeout(round % 5)
        throw failure
      })

      await expect(running).rejects.toBe(failure)
    }

    expect(await prisma.note.count()).toBe(0)
    expect(await files()).toBe(0)
  })

  it('with the end of its time is undone, or its file is kept and reported', async () => {
    for (let round = 0; round < 10; round++) {
      const running = prisma.$transaction(
        async (transaction) => {
          for (let index = 0; ; index++) {
            await transaction.note.create({ data: { name: `${round} ${index}`, file: textFile('x') } })
            // On SQLite, nothing else would let timers run.
            await setTimeout(1)
          }
        },
        { timeout: 20 + round },
      )

      await expect(running).rejects.toMatchObject({ code: 'P2028' })
    }

    await database.expectFilesMatchRowsOrReports()
    await database.depot.deleteFiles(database.unsettled)
  })
})
