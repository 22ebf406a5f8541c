import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { In, type DataSource, type Repository } from 'typeorm'
import { Ticket } from '../entities/ticket.ts'
import { textFile, textOf } from '../support/contents.ts'
import { isOn, typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Ticket])
  tickets = database.dataSource.getRepository(Ticket)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const ROUNDS = 5
const CLIENTS = ['1', '2', '3', '4', '5', '6']

async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

/** Codes and numbers of the errors among the results. */
function errorsOf(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return []
    const { code, errno, message } = result.reason as { code?: unknown; errno?: unknown; message?: unknown }
    return [typeof errno === 'number' ? errno : (code ?? message)]
  })
}

/** What the database says to the victim of a deadlock. */
const DEADLOCK = ['40P01', 1213]

describe('replacing the file of one row from several connections', () => {
  it.each<[string, (id: number, scan: Ticket['scan']) => Promise<unknown>]>([
    ['save', (id, scan) => tickets.save({ id, scan })],
    ['update by criteria', (id, scan) => tickets.update(id, { scan })],
    [
      'a transaction',
      (id, scan) => database.dataSource.transaction((manager) => manager.save(Ticket, { id, scan })),
    ],
    ['an upsert', (_, scan) => tickets.upsert({ number: 'a', scan }, ['number'])],
  ])('by %s leaves one file', async (_, replace) => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('first') })

    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.allSettled(CLIENTS.map((client) => replace(id, textFile(client))))

      expect(DEADLOCK).toEqual(expect.arrayContaining(errorsOf(results)))
      expect(CLIENTS).toContain((await texts())[0])
      expect(await database.pathsOfFiles()).toHaveLength(1)
    }
  })

  it('by entities that were loaded before leaves one file', async () => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('first') })
    const loaded = await Promise.all(CLIENTS.map(() => tickets.findOneByOrFail({ id })))

    await Promise.all(
      loaded.map((entity, index) => tickets.save(Object.assign(entity, { scan: textFile(`${index}`) }))),
    )

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('by ways of all kinds leaves one file', async () => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('first') })

    const results = await Promise.allSettled([
      tickets.save({ id, scan: textFile('save') }),
      tickets.update({ number: 'a' }, { scan: textFile('update') }),
      tickets.upsert({ number: 'a', scan: textFile('upsert') }, ['number']),
      tickets.save({ id, scan: await database.depot.upload(textFile('early')) }, { listeners: false }),
    ])

    expect(DEADLOCK).toEqual(expect.arrayContaining(errorsOf(results)))
    expect(await tickets.count()).toBe(1)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('removing and replacing one row from several connections', () => {
  it.each<[string, (id: number) => Promise<unknown>]>([
    ['remove', (id) => tickets.remove(tickets.create({ id }))],
    ['delete', (id) => tickets.delete(id)],
  ])('by %s and save leaks nothing', async (_, remove) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { id } = await tickets.save({ number: `${round}`, scan: textFile('first') })

      const results = await Promise.allSettled([
        tickets.save({ id, number: `${round}`, scan: textFile('one') }),
        remove(id),
        tickets.save({ id, number: `${round}`, scan: textFile('two') }),
        tickets.update(id, { scan: textFile('three') }),
        remove(id),
      ])

      const errors = errorsOf(results)
      // A save that finds its row gone inserts it; two of them meet in the unique key.
      expect([...DEADLOCK, '23505', 1062, 'SQLITE_CONSTRAINT_UNIQUE']).toEqual(expect.arrayContaining(errors))
      await database.expectFilesMatchRows()
    }
  })

  it('by delete of overlapping criteria leaks nothing', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const numbers = ['a', 'b', 'c', 'd']
      await tickets.save(numbers.map((number) => tickets.create({ number, scan: textFile(number) })))

      const results = await Promise.allSettled([
        tickets.delete({ number: In(['a', 'b']) }),
        tickets.delete({ number: In(['b', 'c']) }),
        tickets.update({ number: In(['c', 'd']) }, { scan: null }),
        tickets.deleteAll(),
      ])

      expect([...DEADLOCK, 'CONCURRENT_CHANGE']).toEqual(expect.arrayContaining(errorsOf(results)))
      await database.expectFilesMatchRows()
      await tickets.deleteAll()
    }
  })
})

describe('upserts of one new key from several connections', () => {
  it('lose and leak nothing', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const number = `round ${round}`

      const results = await Promise.allSettled(
        CLIENTS.map((client) => tickets.upsert({ number, scan: textFile(client) }, ['number'])),
      )

      expect([...DEADLOCK, 'CONCURRENT_CHANGE']).toEqual(expect.arrayContaining(errorsOf(results)))
      expect(results.map(({ status }) => status)).toContain('fulfilled')
      expect(CLIENTS).toContain(await textOf((await tickets.findOneByOrFail({ number })).scan))
      expect(await database.pathsOfFiles()).toHaveLength(round + 1)
    }
  })

  it('of several keys in different orders lose and leak nothing', async () => {
    const numbers = ['a', 'b', 'c']
    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.allSettled(
        [numbers, [...numbers].reverse(), numbers, [...numbers].reverse()].map((order, client) =>
          tickets.upsert(
            order.map((number) => ({ number, scan: textFile(`${client}`) })),
            ['number'],
          ),
        ),
      )

      expect([...DEADLOCK, 'CONCURRENT_CHANGE']).toEqual(expect.arrayContaining(errorsOf(results)))
      expect(results.map(({ status }) => status)).toContain('fulfilled')
      expect(await tickets.count()).toBe(3)
      expect(await database.pathsOfFiles()).toHaveLength(3)
      await tickets.deleteAll()
    }
  })
})

describe('writes by criteria at the same time', () => {
  it('each have their effect', async () => {
    const rows = await tickets.save(
      ['a', 'b', 'c'].map((number) => tickets.create({ number, scan: textFile(number) })),
    )
    database.chaos.delay('write', 5)

    await Promise.all([
      tickets.update(rows[0]!.id, { scan: textFile('new a') }),
      tickets.delete(rows[1]!.id),
      tickets.save({ number: 'd', scan: textFile('d') }),
      tickets.update(rows[0]!.id, { scan: textFile('newest a') }),
    ])

    const [a, ...others] = await texts()
    expect(others).toEqual(['c', 'd'])
    // Where each has a connection of its own, nobody says which of two comes first.
    expect(isOn('sqlite') ? ['newest a'] : ['new a', 'newest a']).toContain(a)
  })
})

// TypeORM 0.3 itself sends several statements at once.
if (isOn('postgres') && typeormVersion !== '0.3') {
  describe('the statements of one connection', () => {
    it('are sent one at a time', async () => {
      const rows = await tickets.save(
        CLIENTS.map((number) =>
          tickets.create({ number, scan: textFile(number), extras: [textFile(number)] }),
        ),
      )
      const most = watchConnections(database.dataSource)

      await tickets.save(rows.map(({ id }) => ({ id, scan: textFile('new'), extras: [textFile('new')] })))
      await tickets.upsert(
        CLIENTS.map((number) => ({ number, scan: textFile('newer') })),
        ['number'],
      )
      await tickets.update({ number: In(CLIENTS) }, { scan: () => 'NULL' })
      await tickets.remove(await tickets.find())

      expect(most()).toBe(1)
      expect(await database.pathsOfFiles()).toEqual([])
    })
  })
}

interface Client {
  query(...args: unknown[]): unknown
}

/** Counts how many statements any one connection has had to do at once. */
function watchConnections({ driver }: DataSource): () => number {
  const { master } = driver as unknown as {
    master: { on(event: 'acquire', listener: (client: Client) => void): void }
  }
  let most = 0
  const watched = new WeakSet<Client>()
  master.on('acquire', (client) => {
    if (watched.has(client)) return
    watched.add(client)
    const query = client.query.bind(client)
    let running = 0
    client.query = (...args) => {
      const answer = query(...args)
      if (answer instanceof Promise) {
        most = Math.max(most, ++running)
        const done = () => {
          running--
        }
        answer.then(done, done)
      }
      return answer
    }
  })
  return () => most
}
