import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile } from '../../../test/support/contents.ts'
import { Prisma, type BaseClient } from './support/generated-client.ts'
import { changeTransactions } from './support/change-transactions.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

// Writes of so many rows with keys of two fields that they do not name them.

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** Rows whose keys have neither field in common. Some have files. */
async function manyPages(count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, number) => ({ chapter: `c${number}`, number }))
  for (let start = 0; start < count; start += 1000) {
    await database.base.page.createMany({ data: rows.slice(start, start + 1000) })
  }
  await prisma.page.createMany({
    data: ['x', 'y'].map((chapter) => ({ chapter, number: count, scan: textFile(chapter) })),
  })
}

const WAYS: [string, (client: Pick<TestClient, 'page'>) => Promise<{ count: number }>][] = [
  ['deleteMany', (client) => client.page.deleteMany({ where: { number: { gte: 0 } } })],
  [
    'updateMany',
    (client) => client.page.updateMany({ where: { number: { gte: 0 } }, data: { scan: Prisma.DbNull } }),
  ],
]

describe.each(WAYS)('%s', (_, write) => {
  it('deletes the files of all rows', async () => {
    await manyPages(300)

    // MySQL counts the rows that an update has changed.
    expect((await write(prisma)).count).toBeGreaterThanOrEqual(2)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  // The others have one writer, or take more parameters.
  if (kind === 'postgres') {
    it('of more keys than a statement has parameters deletes the files of all rows', async () => {
      await manyPages(17_000)

      expect(await write(prisma)).toEqual({ count: 17_002 })

      expect(await database.pathsOfFiles()).toEqual([])
    })
  }

  if (kind === 'sqlite') return

  describe('while another transaction adds a row like them', () => {
    /** Adds it right before the statement that writes them, once. */
    function overtaken(): { base: BaseClient; client: TestClient } {
      let isDone = false
      const base = database.clientThrough((adapter) =>
        changeTransactions(adapter, (transaction) => {
          const execute = transaction.executeRaw.bind(transaction)
          transaction.executeRaw = async (query) => {
            if (!isDone && /^(?:DELETE|UPDATE)/.test(query.sql)) {
              isDone = true
              await prisma.page.create({ data: { chapter: 'late', number: 1, scan: textFile('late') } })
            }
            return await execute(query)
          }
        }),
      )
      return { base, client: database.extend(base) }
    }

    it('leaves no file, and no row without its file', async () => {
      await manyPages(300)
      const { base, client } = overtaken()

      await write(client)
      await base.$disconnect()

      await database.expectFilesMatchRows()
      const late = await prisma.page.findFirst({ where: { chapter: 'late' } })
      if (kind === 'postgres') expect(late?.scan ?? undefined).toBeUndefined()
    })

    // On MariaDB such a row waits for the transaction.
    if (kind !== 'postgres') return

    it('fails in a transaction of the caller, and a rollback undoes all', async () => {
      await manyPages(300)
      const { base, client } = overtaken()

      const running = client.$transaction((tx) => write(tx))

      await expect(running).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
      await base.$disconnect()
      await database.expectFilesMatchRows()
    })
  })
})
