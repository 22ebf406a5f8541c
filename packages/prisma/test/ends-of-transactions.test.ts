import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile, textOf } from '../../../test/support/contents.ts'
import { TestDatabase, type TestTransaction } from './support/test-database.ts'

// What other tasks send at the very moment at which a transaction or a savepoint ends.

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open()
  await database.prisma.note.create({ data: { name: 'old', text: 'old', file: textFile('old') } })
})

afterEach(async () => {
  await database.endTest()
})

const saveOld = (client: TestTransaction) =>
  client.note.update({ where: { name: 'old' }, data: { text: 'new', file: textFile('new') } })

/** Some promises have to be resolved first: the race is won by one of these. */
const TICKS = Array.from({ length: 12 }, (_, count) => count)

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

async function textOfOld(): Promise<string | undefined> {
  return (await database.prisma.note.findUnique({ where: { name: 'old' } }))?.text
}

describe('a statement without files that fails while its transaction ends', () => {
  it.each(TICKS)('leaves no file of a rollback (%i ticks later)', async (count) => {
    const aside: Promise<unknown>[] = []
    const running = database.prisma.$transaction(async (client) => {
      await client.note.delete({ where: { name: 'old' } })
      const moved = await client.note.create({ data: { name: 'other', text: 'x', file: textFile('x') } })
      const move = async () => {
        await ticks(count)
        await client.note.updateMany({ where: { name: moved.name }, data: { parentName: 'nobody' } })
      }
      aside.push(move().catch(() => undefined))
    })

    const outcome = await running.then(
      () => 'committed',
      () => 'rolled back',
    )
    await Promise.all(aside)

    expect(await textOfOld()).toBe(outcome === 'committed' ? undefined : 'old')
  })
})

describe('a write of a model without files', () => {
  it('that fails right before the COMMIT leaves no file of a rollback', async () => {
    let onRelease: () => void = () => undefined
    const base = database.newClient((statement) => {
      if (statement.startsWith('RELEASE')) onRelease()
      return false
    })
    const { id, number } = await database.prisma.receipt.create({ data: { number: '1' } })
    let late: Promise<unknown> = Promise.resolve()

    const running = database.extend(base).$transaction(async (client) => {
      await saveOld(client)
      onRelease = () => {
        late = client.receipt.create({ data: { id, number } }).catch(() => undefined)
      }
    })
    await Promise.allSettled([running])
    await late
    await base.$disconnect()

    const old = await database.prisma.note.findUniqueOrThrow({ where: { name: 'old' } })
    expect(await textOf(old.file)).toBe(old.text)
    await database.prisma.receipt.delete({ where: { id } })
  })
})

describe('a read that nobody waits for', () => {
  if (kind !== 'postgres') return

  const failing = (client: TestTransaction) =>
    client.note.findMany({ where: { text: { contains: '\0' } } }).catch(() => undefined)

  it('and that fails before the COMMIT has the transaction rejected', async () => {
    const running = database.prisma.$transaction(async (client) => {
      await saveOld(client)
      void failing(client)
    })

    await expect(running).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await textOfOld()).toBe('old')
  })

  it('and that fails right before the COMMIT leaves no file of a rollback', async () => {
    let onRelease: () => void = () => undefined
    const base = database.newClient((statement) => {
      if (statement.startsWith('RELEASE')) onRelease()
      return false
    })
    let late: Promise<unknown> = Promise.resolve()

    const running = database.extend(base).$transaction(async (client) => {
      await saveOld(client)
      onRelease = () => {
        late = failing(client)
      }
    })
    await Promise.allSettled([running])
    await late
    await base.$disconnect()

    const old = await database.prisma.note.findUniqueOrThrow({ where: { name: 'old' } })
    expect(await textOf(old.file)).toBe(old.text)
  })
})

describe('a transaction that the database has given up', () => {
  it('is rolled back at once', async () => {
    const start = performance.now()

    await database.prisma
      .$transaction(async (client) => {
        await saveOld(client)
        await client.note.create({ data: { name: 'old' } }).catch(() => undefined)
      })
      .catch(() => undefined)

    expect(performance.now() - start).toBeLessThan(4000)
  })
})

describe('a savepoint that cannot be released', () => {
  it('is rolled back alone', async () => {
    await database.prisma.$transaction(async (client) => {
      await client.$transaction(async (outer) => {
        await saveOld(outer)
        const inner = outer.$transaction(async (innermost) => {
          await innermost.note
            .updateMany({ where: { name: 'old' }, data: { parentName: 'nobody' } })
            .catch(() => undefined)
        })
        if (kind === 'postgres') await expect(inner).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
        else await inner
      })
    })

    expect(await textOfOld()).toBe('new')
  })
})
