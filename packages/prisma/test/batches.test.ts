import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { isOn } from '../../../test/databases/database-kind.ts'
import { brokenFile, textFile, textsOf } from '../../../test/support/contents.ts'
import { until } from '../../../test/support/timing.ts'
import { Prisma } from './support/generated-client.ts'
import { failure, rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

const create = (name: string, text = name) => prisma.docu.create({ data: { name, content: textFile(text) } })

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

describe('a batch', () => {
  it('writes its rows and their files, and resolves with their results in order', async () => {
    const [a, count, b] = await prisma.$transaction([create('a'), prisma.docu.count(), create('b')])

    expect([a.name, count, b.name]).toEqual(['a', 1, 'b'])
    expect(await textsOf([a.content, b.content])).toEqual(['a', 'b'])
    expect(await texts()).toEqual(['a', 'b'])
  })

  it('deletes what was replaced and removed', async () => {
    await prisma.$transaction([create('a'), create('b'), create('c')])

    await prisma.$transaction([
      prisma.docu.update({ where: { name: 'a' }, data: { content: textFile('new') } }),
      prisma.docu.delete({ where: { name: 'b' } }),
      prisma.docu.updateMany({ where: { name: 'c' }, data: { content: Prisma.DbNull } }),
    ])

    expect(await texts()).toEqual(['new', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each<[string, () => [ReturnType<typeof create>, ReturnType<typeof create>]]>([
    ['[ok, fail]', () => [create('new'), create('taken', 'other')]],
    ['[fail, ok]', () => [create('taken', 'other'), create('new')]],
  ])('%s leaves no row and no file', async (_, operations) => {
    await create('taken')

    await expect(prisma.$transaction(operations())).rejects.toMatchObject({ code: 'P2002' })

    expect(await texts()).toEqual(['taken'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('that fails after a replacement keeps the old file', async () => {
    await prisma.$transaction([create('a'), create('taken')])

    const writing = prisma.$transaction([
      prisma.docu.update({ where: { name: 'a' }, data: { content: textFile('new') } }),
      create('taken', 'other'),
    ])

    await expect(writing).rejects.toMatchObject({ code: 'P2002' })
    expect(await texts()).toEqual(['a', 'taken'])
  })

  it('of which an upload fails sends nothing, and leaves nothing of the others', async () => {
    const writing = prisma.$transaction([
      create('a'),
      prisma.docu.create({ data: { name: 'b', content: brokenFile() } }),
      create('c'),
    ])

    await expect(writing).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await prisma.docu.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of which one operation is refused sends nothing', async () => {
    const forged = { storage: 'default', id: 'x' } as unknown as ReturnType<typeof textFile>

    const writing = prisma.$transaction([
      create('a'),
      prisma.docu.create({ data: { name: 'b', content: forged } }),
    ])

    await expect(writing).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    expect(await prisma.docu.count()).toBe(0)
  })

  it('uploads before it is opened, so that others are not held up', async () => {
    database.chaos.hang('write')

    const writing = prisma.$transaction([create('a'), create('b')])
    await until(() => database.chaos.calls('write') === 2)
    await prisma.receipt.create({ data: { number: 'meanwhile' } })
    database.chaos.restore()
    await writing

    expect(await texts()).toEqual(['a', 'b'])
  })

  it('of one operation is one', async () => {
    const [row] = await prisma.$transaction([create('a')])
    await prisma.$transaction([
      prisma.docu.update({ where: { uid: row.uid }, data: { content: textFile('b') } }),
    ])

    expect(await texts()).toEqual(['b'])
    await expect(prisma.$transaction([create('a')])).rejects.toMatchObject({ code: 'P2002' })
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of none resolves with nothing', async () => {
    expect(await prisma.$transaction([])).toEqual([])
  })

  it('takes raw SQL among its operations, which fails with it', async () => {
    const insert = prisma.$executeRawUnsafe(
      isOn('mariadb')
        ? "INSERT INTO Receipt (number) VALUES ('raw')"
        : `INSERT INTO "Receipt" (number) VALUES ('raw')`,
    )
    const broken = prisma.$executeRawUnsafe('INSERT INTO nowhere VALUES (1)')

    await prisma.$transaction([create('a'), insert])
    await expect(prisma.$transaction([create('b'), broken])).rejects.toThrow()

    expect(await prisma.receipt.count()).toBe(1)
    expect(await texts()).toEqual(['a'])
  })

  it('without files stays Prisma’s own', async () => {
    const [receipt, count] = await prisma.$transaction([
      prisma.receipt.create({ data: { number: '1' } }),
      prisma.docu.count(),
    ])

    expect([receipt.number, count]).toEqual(['1', 0])
  })

  it('takes an isolation level', async () => {
    await prisma.$transaction([create('a'), create('b')], {
      isolationLevel: Prisma.TransactionIsolationLevel.Serializable,
    })

    expect(await texts()).toEqual(['a', 'b'])
  })

  it('with something in it that is no operation is refused by Prisma, and nothing is uploaded', async () => {
    const odd = Promise.resolve(1) as unknown as ReturnType<typeof create>

    await expect(prisma.$transaction([create('a'), odd])).rejects.toThrow('Prisma Client promises')

    expect(database.chaos.calls('write')).toBe(0)
  })

  it('gives each of two rows a file of its own, of one pending value', async () => {
    const content = textFile('shared')

    await prisma.$transaction(['a', 'b'].map((name) => prisma.docu.create({ data: { name, content } })))

    expect(await texts()).toEqual(['shared', 'shared'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('hands a file on from one row to the next', async () => {
    const { content } = await create('a')

    await prisma.$transaction([
      prisma.docu.delete({ where: { name: 'a' } }),
      prisma.docu.create({ data: { name: 'b', content: content! } }),
    ])

    expect(await texts()).toEqual(['a'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a batch within a transaction', () => {
  it('is a part of it', async () => {
    await prisma.$transaction(async (tx) => {
      const [a] = await tx.$transaction([
        tx.docu.create({ data: { name: 'a', content: textFile('a') } }),
        tx.docu.create({ data: { name: 'b', content: textFile('b') } }),
      ])
      await tx.docu.update({ where: { uid: a.uid }, data: { content: textFile('new') } })
    })

    expect(await texts()).toEqual(['new', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is rolled back with it', async () => {
    await create('a')

    await rolledBack(prisma, (tx) =>
      tx.$transaction([
        tx.docu.update({ where: { name: 'a' }, data: { content: textFile('new') } }),
        tx.docu.create({ data: { name: 'b', content: textFile('b') } }),
      ]),
    )

    expect(await texts()).toEqual(['a'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of the root client is none of it', async () => {
    // On SQLite it would wait for the transaction around it.
    if (isOn('sqlite')) return

    const running = prisma.$transaction(async () => {
      await prisma.$transaction([create('on its own')])
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await texts()).toEqual(['on its own'])
  })
})

describe('a call of the root client within the callback of a transaction', () => {
  if (isOn('sqlite')) return

  it('is not in it, and keeps its file where it is rolled back', async () => {
    await create('replaced')

    await rolledBack(prisma, async (tx) => {
      await tx.docu.create({ data: { name: 'inside', content: textFile('inside') } })
      await create('outside')
      await prisma.docu.update({ where: { name: 'replaced' }, data: { content: textFile('new') } })
    })

    expect(await texts()).toEqual(['outside', 'new'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is not in it, and loses its files where it fails and the transaction is committed', async () => {
    await create('taken')

    await prisma.$transaction(async (tx) => {
      await tx.docu.create({ data: { name: 'inside', content: textFile('inside') } })
      await expect(create('taken', 'again')).rejects.toMatchObject({ code: 'P2002' })
    })

    expect(await texts()).toEqual(['inside', 'taken'])
  })
})
