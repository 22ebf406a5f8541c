import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { isOn } from '../../../test/databases/database-kind.ts'
import { textFile, textsOf } from '../../../test/support/contents.ts'
import { Gate, until } from '../../../test/support/timing.ts'
import { Prisma } from './support/generated-client.ts'
import { failure } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

/** Runs while somebody's transaction is open, which is rolled back then. */
async function besideTransaction(action: () => Promise<unknown>): Promise<void> {
  const [open, end] = [new Gate(), new Gate()]
  const other = prisma.$transaction(async (tx) => {
    await tx.receipt.create({ data: { number: 'rolled back' } })
    open.open()
    await end.opened
    throw failure
  })
  other.catch(() => undefined)
  await open.opened
  const running = action()
  running.catch(() => undefined)
  await setTimeout(30)
  end.open()
  await expect(other).rejects.toBe(failure)
  await running
}

describe('beside a transaction of others that is rolled back, on SQLite’s one connection too,', () => {
  it('a create keeps its row and its file', async () => {
    await besideTransaction(async () => prisma.docu.create({ data: { name: 'a', content: textFile('a') } }))

    expect(await texts()).toEqual(['a'])
  })

  it.each<[string, (client: TestClient) => PromiseLike<unknown>, (string | undefined)[]]>([
    [
      'an update',
      (client) => client.docu.update({ where: { name: 'a' }, data: { content: textFile('new') } }),
      ['new', 'b'],
    ],
    [
      'an updateMany',
      (client) => client.docu.updateMany({ where: { name: 'a' }, data: { content: Prisma.DbNull } }),
      [undefined, 'b'],
    ],
    ['a delete', (client) => client.docu.delete({ where: { name: 'a' } }), ['b']],
    ['a deleteMany', (client) => client.docu.deleteMany(), []],
    [
      'an upsert',
      (client) =>
        client.docu.upsert({
          where: { name: 'a' },
          create: { name: 'a' },
          update: { content: textFile('new') },
        }),
      ['new', 'b'],
    ],
    [
      'a createMany',
      (client) => client.docu.createMany({ data: [{ name: 'c', content: textFile('c') }] }),
      ['a', 'b', 'c'],
    ],
    [
      'a batch',
      (client) => client.$transaction([client.docu.create({ data: { name: 'c', content: textFile('c') } })]),
      ['a', 'b', 'c'],
    ],
  ])('%s has its effect on row and file', async (_, write, expected) => {
    for (const name of ['a', 'b']) await prisma.docu.create({ data: { name, content: textFile(name) } })

    await besideTransaction(async () => write(prisma))

    expect(await texts()).toEqual(expected)
    expect(await prisma.receipt.count()).toBe(0)
  })

  it('many writes at once all have their effect', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']

    await besideTransaction(() =>
      Promise.all(names.map(async (name) => prisma.docu.create({ data: { name, content: textFile(name) } }))),
    )

    expect(await texts()).toEqual(names)
  })

  it('a write that began before the transaction did has its effect', async () => {
    database.chaos.hang('write')
    const creating = (async () => prisma.docu.create({ data: { name: 'a', content: textFile('a') } }))()
    await until(() => database.chaos.calls('write') === 1)

    await besideTransaction(() => {
      database.chaos.restore()
      return creating
    })

    expect(await texts()).toEqual(['a'])
  })
})

describe('a write of the root client within the callback of a transaction, on SQLite', () => {
  if (!isOn('sqlite')) return

  it('waits for the transaction, which times out, and is written then', async () => {
    let late: Promise<unknown> = Promise.resolve()

    const running = prisma.$transaction(
      async (tx) => {
        await tx.docu.create({ data: { name: 'inside', content: textFile('inside') } })
        late = (async () => prisma.docu.create({ data: { name: 'outside', content: textFile('outside') } }))()
        late.catch(() => undefined)
        await late
      },
      { timeout: 300 },
    )

    await expect(running).rejects.toMatchObject({ code: 'P2028' })
    await late
    expect(await texts()).toEqual(['outside'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})
