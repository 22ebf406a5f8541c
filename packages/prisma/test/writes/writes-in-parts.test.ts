import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { kind } from '../../../../test/databases/database-kind.ts'
import { textFile, textsOf } from '../../../../test/support/contents.ts'
import { changeTransactions } from '../support/change-transactions.ts'
import { Prisma, type BaseClient } from '../support/generated-client.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

// Writes of many rows with keys of two fields that have to name them: they are sent in parts.

const ROWS = 600
/** More values than any part has, and fewer than all keys together. */
const MOST_VALUES = 1000

let database: TestDatabase
let base: BaseClient
let prisma: TestClient
/** The most values that a statement had. */
let values: number
let uid: number

beforeEach(async () => {
  database = await TestDatabase.open()
  base = countingClient()
  prisma = database.extend(base)
  const folder = await base.directory.create({ data: {} })
  uid = folder.uid
  const rows = Array.from({ length: ROWS }, (_, number) => ({ ...keyOf(number), folderId: uid }))
  for (let at = 0; at < ROWS; at += 300) await base.page.createMany({ data: rows.slice(at, at + 300) })
  for (const number of [0, 300, ROWS - 1]) {
    await prisma.page.update({
      where: { chapter_number: keyOf(number) },
      data: { scan: textFile(`${number}`) },
    })
  }
  await prisma.page.create({ data: { chapter: 'other', number: 0, scan: textFile('other') } })
  values = 0
})

afterEach(async () => {
  await base.$disconnect()
  await database.endTest()
})

/** They share neither field. */
function keyOf(number: number): { chapter: string; number: number } {
  return { chapter: `chapter ${number}`, number }
}

function countingClient(): BaseClient {
  return database.clientThrough((adapter) =>
    changeTransactions(adapter, (transaction) => {
      const execute = transaction.executeRaw.bind(transaction)
      const query = transaction.queryRaw.bind(transaction)
      const note = ({ args }: { args: readonly unknown[] }) => (values = Math.max(values, args.length))
      transaction.executeRaw = async (statement) => {
        note(statement)
        return await execute(statement)
      }
      transaction.queryRaw = async (statement) => {
        note(statement)
        return await query(statement)
      }
    }),
  )
}

async function scansLeft(): Promise<(string | undefined)[]> {
  const pages = await prisma.page.findMany({ where: { NOT: { scan: { equals: Prisma.DbNull } } } })
  return await textsOf(pages.map(({ scan }) => scan))
}

const DELETES: Record<string, () => Promise<unknown>> = {
  'deleteMany by a related row': () => prisma.page.deleteMany({ where: { folder: { uid } } }),
  // The first part deletes the row by which the others are found.
  'deleteMany by rows beside them': () =>
    prisma.page.deleteMany({ where: { folder: { pages: { some: { number: 0 } } } } }),
  'a nested deleteMany': () =>
    prisma.directory.update({ where: { uid }, data: { pages: { deleteMany: {} } } }),
  'a list of nested deleteMany': () =>
    prisma.directory.update({
      where: { uid },
      data: { pages: { deleteMany: [{ number: { lt: 250 } }, { number: { gte: 250 } }] } },
    }),
}

describe.each(Object.entries(DELETES))('%s', (name, write) => {
  it('deletes all of its rows and their files, a part at a time', async () => {
    const result = await write()

    if (!name.includes('nested')) expect(result).toEqual({ count: ROWS })
    expect(await base.page.count()).toBe(1)
    expect(await scansLeft()).toEqual(['other'])
    await database.expectFilesMatchRows()
    if (kind !== 'sqlite') expect(values).toBeLessThan(MOST_VALUES)
  })

  it('deletes nothing in a transaction that is rolled back', async () => {
    const running = prisma.$transaction(async (tx) => {
      const outer = prisma
      prisma = tx as TestClient
      try {
        await write()
      } finally {
        prisma = outer
      }
      throw new Error('no')
    })

    await expect(running).rejects.toThrow('no')
    expect(await base.page.count()).toBe(ROWS + 1)
    expect(await scansLeft()).toHaveLength(4)
    await database.expectFilesMatchRows()
  })
})

const data = { scan: Prisma.DbNull, folderId: null }

const UPDATES: Record<string, () => Promise<unknown>> = {
  'updateMany by a related row': () => prisma.page.updateMany({ where: { folder: { uid } }, data }),
  'updateMany by rows beside them': () =>
    prisma.page.updateMany({ where: { folder: { pages: { some: { number: 0 } } } }, data }),
  'a nested updateMany': () =>
    prisma.directory.update({
      where: { uid },
      data: { pages: { updateMany: { where: {}, data: { scan: Prisma.DbNull } } } },
    }),
}

describe.each(Object.entries(UPDATES))('%s', (name, write) => {
  it('empties all of its rows and deletes their files, a part at a time', async () => {
    const result = await write()

    if (!name.includes('nested')) expect(result).toEqual({ count: ROWS })
    expect(await base.page.count()).toBe(ROWS + 1)
    expect(await scansLeft()).toEqual(['other'])
    await database.expectFilesMatchRows()
    if (kind !== 'sqlite') expect(values).toBeLessThan(MOST_VALUES)
  })
})

if (kind !== 'mariadb') {
  it('updateManyAndReturn by a related row returns the rows of all parts', async () => {
    const rows = await prisma.page.updateManyAndReturn({
      where: { folder: { uid } },
      data: { scan: Prisma.DbNull },
      select: { number: true },
    })

    expect(rows.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: ROWS }, (_, number) => number),
    )
    expect(await scansLeft()).toEqual(['other'])
    await database.expectFilesMatchRows()
  })
}

it('an extension after filedepot() is given the whole write', async () => {
  let calls = 0
  const extended = prisma.$extends({
    query: {
      page: {
        async deleteMany({ args, query }) {
          calls++
          return await query(args)
        },
      },
    },
  })

  expect(await extended.page.deleteMany({ where: { folder: { uid } } })).toEqual({ count: ROWS })
  expect(calls).toBe(1)
  expect(await scansLeft()).toEqual(['other'])
  await database.expectFilesMatchRows()
})
