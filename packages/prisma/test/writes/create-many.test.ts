import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { errorsAbortTransactions, isOn } from '../../../../test/databases/database-kind.ts'
import { brokenFile, textFile, textsOf } from '../../../../test/support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

const row = (name: string, text = name) => ({ name, content: textFile(text) })

/** What the files of all rows say, by their names. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

describe('createMany', () => {
  it('uploads the files of its rows', async () => {
    const { count } = await prisma.docu.createMany({ data: [row('a'), row('b'), { name: 'c' }] })

    expect(count).toBe(3)
    expect(await texts()).toEqual(['a', 'b', undefined])
  })

  it('takes one object in the place of a list', async () => {
    await prisma.docu.createMany({ data: row('a') })

    expect(await texts()).toEqual(['a'])
  })

  it('of no rows does nothing', async () => {
    expect(await prisma.docu.createMany({ data: [] })).toEqual({ count: 0 })
  })

  it('of a stored value adopts the one that was uploaded ahead, and copies the one of another row', async () => {
    const { content } = await prisma.docu.create({ data: row('a') })
    const early = await database.depot.upload(textFile('early'))

    await prisma.docu.createMany({
      data: [
        { name: 'b', content: early },
        { name: 'c', content: content! },
      ],
    })
    await prisma.docu.deleteMany({ where: { name: 'a' } })

    expect(await texts()).toEqual(['early', 'a'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('gives each row a file of its own, of one pending value and of one object', async () => {
    const content = textFile('shared')

    await prisma.docu.createMany({ data: ['a', 'b', 'c'].map((name) => ({ name, content })) })

    expect(await texts()).toEqual(['shared', 'shared', 'shared'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('leaves no file where the database refuses it', async () => {
    await prisma.docu.create({ data: row('taken') })

    const creating = prisma.docu.createMany({ data: [row('new'), row('taken', 'other')] })

    await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    expect(await texts()).toEqual(['taken'])
  })

  it('writes nothing where one of the uploads fails', async () => {
    const creating = prisma.docu.createMany({ data: [row('a'), { name: 'b', content: brokenFile() }] })

    await expect(creating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await texts()).toEqual([])
  })

  it('is rolled back with its transaction', async () => {
    await rolledBack(prisma, (tx) => tx.docu.createMany({ data: [row('a'), row('b')] }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  if (!errorsAbortTransactions) {
    it('leaves no file where it fails in a transaction that is committed all the same', async () => {
      await prisma.docu.create({ data: row('taken') })

      await prisma.$transaction(async (tx) => {
        const creating = tx.docu.createMany({ data: [row('new'), row('taken', 'other')] })
        await expect(creating).rejects.toMatchObject({ code: 'P2002' })
      })

      expect(await texts()).toEqual(['taken'])
    })
  }

  it('of more rows than one statement takes writes all of them', async () => {
    const data = Array.from({ length: 400 }, (_, index) => row(`row ${String(index).padStart(3, '0')}`))

    await prisma.docu.createMany({ data })

    expect(await prisma.docu.count()).toBe(400)
    expect(await texts()).toEqual(data.map(({ name }) => name))
  })
})

describe('createMany with skipDuplicates', () => {
  // SQLite has none.
  if (isOn('sqlite')) return

  const skipping = (...data: object[]) =>
    ({ data, skipDuplicates: true }) as unknown as { data: ReturnType<typeof row>[] }

  it('keeps no file of a row that was skipped', async () => {
    await prisma.docu.create({ data: row('taken') })

    const { count } = await prisma.docu.createMany(skipping(row('new'), row('taken', 'other')))

    expect(count).toBe(1)
    expect(await texts()).toEqual(['new', 'taken'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('does so in a transaction, and gives a value that was uploaded ahead back', async () => {
    await prisma.docu.create({ data: row('taken') })
    const early = await database.depot.upload(textFile('early'))

    await prisma.$transaction((tx) =>
      tx.docu.createMany(skipping({ name: 'taken', content: early }, row('new'))),
    )
    expect(await database.exists(early)).toBe(true)
    await prisma.docu.create({ data: { name: 'free', content: early } })

    expect(await texts()).toEqual(['early', 'new', 'taken'])
    expect(database.chaos.calls('write')).toBe(3)
  })

  it('in a nested createMany does the same', async () => {
    await prisma.docu.create({ data: row('taken') })

    await prisma.directory.create({
      data: { files: { createMany: skipping(row('new'), row('taken', 'other')) } },
    })

    expect(await texts()).toEqual(['new', 'taken'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  if (isOn('postgres')) {
    it('and createManyAndReturn does the same', async () => {
      await prisma.docu.create({ data: row('taken') })

      const rows = await prisma.docu.createManyAndReturn(skipping(row('new'), row('taken', 'other')))

      expect(await textsOf(rows.map(({ content }) => content))).toEqual(['new'])
      expect(await database.pathsOfFiles()).toHaveLength(2)
    })
  }
})

describe('createManyAndReturn', () => {
  // MySQL has none.
  if (isOn('mariadb')) return

  it('has the stored values in its results', async () => {
    const rows = await prisma.docu.createManyAndReturn({ data: [row('a'), row('b'), { name: 'c' }] })

    expect(await textsOf(rows.map(({ content }) => content))).toEqual(['a', 'b', undefined])
  })

  it('selects what the caller asks for', async () => {
    const rows = await prisma.docu.createManyAndReturn({ data: [row('a')], select: { name: true } })

    expect(rows).toEqual([{ name: 'a' }])
    expect(await texts()).toEqual(['a'])
  })
})
