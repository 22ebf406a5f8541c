import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { errorsAbortTransactions, quoted } from '../../../../test/databases/database-kind.ts'
import { textFile, textsOf } from '../../../../test/support/contents.ts'
import type { Prisma as Types } from '../../../../prisma/generated/sqlite/client.ts'
import { Prisma } from '../support/generated-client.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

async function threeDocus(): Promise<void> {
  for (const name of ['a', 'b', 'c']) await prisma.docu.create({ data: { name, content: textFile(name) } })
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

async function files(): Promise<number> {
  return (await database.pathsOfFiles()).length
}

/** Keeps the row of the docu `a` in the table. */
async function pinned(): Promise<void> {
  await database.alter(
    'CREATE TABLE pin (docu INTEGER NOT NULL, FOREIGN KEY (docu) REFERENCES docu (id) ON DELETE RESTRICT)',
    'DROP TABLE pin',
  )
  const { uid } = await prisma.docu.findUniqueOrThrow({ where: { name: 'a' } })
  await prisma.$executeRawUnsafe(`INSERT INTO pin VALUES (${uid})`)
}

describe('delete', () => {
  it('by a unique field deletes the file of its row, and returns the row', async () => {
    await threeDocus()

    const { name, content } = await prisma.docu.delete({ where: { name: 'a' } })

    expect([name, content?.size]).toEqual(['a', 1])
    expect(await texts()).toEqual(['b', 'c'])
    expect(await files()).toBe(2)
  })

  it('with more conditions that do not hold keeps row and file', async () => {
    await threeDocus()

    const deleting = prisma.docu.delete({ where: { name: 'a', contract: { not: Prisma.DbNull } } })

    await expect(deleting).rejects.toMatchObject({ code: 'P2025' })
    expect(await files()).toBe(3)
  })

  it('of which the result leaves the file out deletes it all the same', async () => {
    await threeDocus()

    expect(await prisma.docu.delete({ where: { name: 'a' }, select: { name: true } })).toEqual({ name: 'a' })
    const row = await prisma.docu.delete({ where: { name: 'b' }, omit: { content: true } })

    expect(row).not.toHaveProperty('content')
    expect(await files()).toBe(1)
  })

  it('that the database refuses keeps row and file', async () => {
    await threeDocus()
    await pinned()

    await expect(prisma.docu.delete({ where: { name: 'a' } })).rejects.toMatchObject({ code: 'P2003' })

    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('that is rolled back to a savepoint keeps row and file', async () => {
    await threeDocus()

    await prisma.$transaction(async (tx) => {
      await rolledBack(tx, (inner) => inner.docu.delete({ where: { name: 'a' } }))
      await tx.docu.delete({ where: { name: 'b' } })
    })

    expect(await texts()).toEqual(['a', 'c'])
    expect(await files()).toBe(2)
  })
})

describe('deleteMany', () => {
  it.each<[string, Types.DocuWhereInput | undefined, string[]]>([
    ['a name', { name: 'a' }, ['b', 'c']],
    ['an operator', { name: { in: ['a', 'b', 'nobody'] } }, ['c']],
    ['a combination', { OR: [{ name: 'a' }, { NOT: { name: 'b' } }] }, ['b']],
    ['no condition', undefined, []],
    ['an empty condition', {}, []],
    ['a condition that holds for none', { name: 'nobody' }, ['a', 'b', 'c']],
    ['a relation', { directory: { is: null } }, []],
  ])('by %s deletes the files of those rows', async (_, where, left) => {
    await threeDocus()

    const { count } = await prisma.docu.deleteMany(where && { where })

    expect(count).toBe(3 - left.length)
    expect(await texts()).toEqual(left)
    expect(await files()).toBe(left.length)
  })

  it('by the file itself deletes it', async () => {
    await threeDocus()
    const { content } = await prisma.docu.findUniqueOrThrow({ where: { name: 'a' } })

    await prisma.docu.deleteMany({ where: { content: { equals: content! } } })

    expect(await texts()).toEqual(['b', 'c'])
  })

  it('with a limit deletes the files of as many rows', async () => {
    await threeDocus()

    expect(await prisma.docu.deleteMany({ limit: 2 })).toEqual({ count: 2 })

    expect(await texts()).toHaveLength(1)
    expect(await files()).toBe(1)
  })

  it('without an argument deletes everything', async () => {
    await threeDocus()

    expect(await prisma.docu.deleteMany()).toEqual({ count: 3 })

    expect(await files()).toBe(0)
  })

  it('of a model without files runs as it is', async () => {
    await prisma.receipt.createMany({ data: [{ number: '1' }, { number: '2' }] })

    expect(await prisma.receipt.deleteMany({ where: { number: '1' } })).toEqual({ count: 1 })
  })

  it('that the database refuses keeps all files', async () => {
    await threeDocus()
    await pinned()

    await expect(prisma.docu.deleteMany()).rejects.toMatchObject({ code: 'P2003' })

    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  if (!errorsAbortTransactions) {
    it('that the database refuses keeps all files where the transaction is committed', async () => {
      await threeDocus()
      await pinned()

      await prisma.$transaction(async (tx) => {
        await expect(tx.docu.deleteMany()).rejects.toMatchObject({ code: 'P2003' })
        await tx.docu.deleteMany({ where: { name: 'b' } })
      })

      expect(await texts()).toEqual(['a', 'c'])
      expect(await files()).toBe(2)
    })
  }

  it('of rows that were written in the same transaction leaves no file', async () => {
    await prisma.$transaction(async (tx) => {
      await tx.docu.createMany({ data: ['a', 'b'].map((name) => ({ name, content: textFile(name) })) })
      await tx.docu.deleteMany()
    })

    expect(await files()).toBe(0)
  })
})

describe('raw SQL', () => {
  it('leaves the file of the row that it deletes', async () => {
    await threeDocus()

    await prisma.$executeRawUnsafe(`DELETE FROM ${quoted('docu')} WHERE name = 'a'`)

    expect(await files()).toBe(3)
    const rows = await database.pathsOfRows()
    await database.depot.deleteFiles((await database.pathsOfFiles()).filter((path) => !rows.includes(path)))
  })
})
