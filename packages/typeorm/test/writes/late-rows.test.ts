import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type { EntitySubscriberInterface, Repository } from 'typeorm'
import { Seat } from '../entities/seat.ts'
import { Ticket } from '../entities/ticket.ts'
import { textFile, textOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

const statements = new StatementLog()
let database: TestDatabase
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Ticket], { dataSource: { logger: statements } })
  tickets = database.dataSource.getRepository(Ticket)
})

let late: LateRows

beforeEach(async () => {
  await tickets.save(
    ['a', 'b'].map((number) => tickets.create({ number, train: 'ICE', scan: textFile(number) })),
  )
  late = new LateRows()
  database.dataSource.subscribers.unshift(late)
  statements.clear()
})

afterEach(async () => {
  database.dataSource.subscribers.shift()
  await database.endTest()
})

afterAll(() => database.close())

/**
 * After the library has looked which rows a statement is going to touch, and before it is sent, writes another one on a
 * connection of its own.
 */
class LateRows implements EntitySubscriberInterface<Ticket> {
  /** Rows that are still to come, each before one statement. */
  left: readonly Partial<Ticket>[] = []
  /** Do not wait for the row: the database lets it wait. */
  isHeldUp = false
  /** What came of the last one. */
  writing: Promise<unknown> | undefined
  #isWriting = false

  listenTo() {
    return Ticket
  }

  beforeRemove(): Promise<void> {
    return this.#write()
  }

  beforeUpdate(): Promise<void> {
    return this.#write()
  }

  beforeInsert(): Promise<void> {
    return this.#write()
  }

  async #write(): Promise<void> {
    const [next, ...left] = this.left
    // Writing a row has an event of its own.
    if (!next || this.#isWriting) return
    this.left = left
    this.#isWriting = true
    this.writing = tickets.save(tickets.create(next)).catch((error: unknown) => error)
    const written = this.writing.then(() => (this.#isWriting = false))
    await (this.isHeldUp ? setTimeout(50) : written)
  }
}

function row(number: string): Partial<Ticket> {
  return { number, train: 'ICE', scan: textFile(number) }
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

describe('a row that comes between our look and the statement', () => {
  if (!isOn('postgres')) return

  it('goes with its file where a delete outside a transaction takes it', async () => {
    late.left = [row('late')]

    await tickets.delete({ train: 'ICE' })

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
    expect(statements.matching(/^DELETE/)).toHaveLength(2)
  })

  it('gives its file up where an update outside a transaction takes it away', async () => {
    late.left = [row('late')]

    await tickets.update({ train: 'ICE' }, { scan: null })

    expect(await texts()).toEqual([undefined, undefined, undefined])
    expect(await database.pathsOfFiles()).toEqual([])
    expect(statements.matching(/^UPDATE/)).toHaveLength(2)
  })

  it('keeps its file where an update outside a transaction would give it one that is another row’s', async () => {
    await tickets.delete({ number: 'b' })
    late.left = [row('late')]

    const updating = tickets.update({ train: 'ICE' }, { scan: textFile('new') })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await texts()).toEqual(['a', 'late'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('makes a delete fail with CONCURRENT_CHANGE where they never cease to come', async () => {
    late.left = [row('first'), row('second'), row('third')]

    await expect(tickets.delete({ train: 'ICE' })).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })

    expect(await texts()).toEqual(['a', 'b', 'first', 'second', 'third'])
    expect(statements.matching(/^DELETE/)).toHaveLength(3)
  })

  it.each<[string, (manager: Repository<Ticket>) => Promise<unknown>]>([
    ['a delete', (inside) => inside.delete({ train: 'ICE' })],
    ['an update', (inside) => inside.update({ train: 'ICE' }, { scan: null })],
  ])('makes %s within a transaction fail, which then nobody can commit', async (_, write) => {
    late.left = [row('late')]

    const committing = database.dataSource.transaction(async (manager) => {
      const writing = write(manager.getRepository(Ticket))
      await expect(writing).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
      await expect(manager.save(Ticket, row('more'))).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    })

    await expect(committing).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    expect(await texts()).toEqual(['a', 'b', 'late'])
  })

  it('makes a savepoint fail, and the transaction around it goes on', async () => {
    late.left = [row('late')]

    await database.dataSource.transaction(async (manager) => {
      const inner = manager.transaction((savepoint) => savepoint.delete(Ticket, { train: 'ICE' }))
      await expect(inner).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
      await manager.delete(Ticket, { train: 'ICE' })
    })

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('is overwritten by an upsert, which is tried again, and gives up its file', async () => {
    late.left = [row('late')]

    await tickets.upsert({ number: 'late', scan: textFile('overwritten') }, ['number'])

    expect(await texts()).toEqual(['a', 'b', 'overwritten'])
  })

  it('makes the transaction of such an upsert one that nobody can commit', async () => {
    late.left = [row('late')]

    const committing = database.dataSource.transaction(async (manager) => {
      const upserting = manager.upsert(Ticket, { number: 'late', scan: textFile('overwritten') }, ['number'])
      await expect(upserting).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    })

    await expect(committing).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    expect(await texts()).toEqual(['a', 'b', 'late'])
  })
})

describe('a row that comes between our look and the statement, at READ COMMITTED', () => {
  if (!isOn('mariadb')) return

  it('makes a delete fail, and the transaction cannot be committed', async () => {
    late.left = [row('late')]

    const committing = database.dataSource.transaction('READ COMMITTED', async (manager) => {
      await expect(manager.delete(Ticket, { train: 'ICE' })).rejects.toMatchObject({
        code: 'CONCURRENT_CHANGE',
      })
    })

    await expect(committing).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    expect(await texts()).toEqual(['a', 'b', 'late'])
  })
})

describe('an upsert at READ COMMITTED of which the database says how many rows it has touched', () => {
  if (!isOn('mariadb')) return

  let seats: TestDatabase

  // MariaDB is not asked to return anything of an entity that has no generated columns; MySQL never is.
  beforeAll(async () => {
    seats = await TestDatabase.open([Seat], { dataSource: { dropSchema: false } })
  })

  afterEach(() => seats.endTest())

  afterAll(() => seats.close())

  /** What an upsert makes of the seats, where others save another one just before the statement. */
  async function upserting(rows: string[], others?: string): Promise<(string | undefined)[]> {
    const { dataSource } = seats
    const there = dataSource.getRepository(Seat)
    await there.save({ row: 'a', place: 1, plan: textFile('a') })
    let isFirst = true
    dataSource.subscribers.unshift({
      listenTo: () => Seat,
      async beforeInsert() {
        if (!isFirst || others === undefined) return
        isFirst = false
        await there.save({ row: others, place: 1, plan: textFile('of others') })
      },
    })
    try {
      await dataSource.transaction('READ COMMITTED', async (manager) => {
        const values = rows.map((row) => ({ row, place: 1, plan: textFile(`${row} again`) }))
        await manager.upsert(Seat, values, ['row', 'place'])
      })
    } finally {
      dataSource.subscribers.shift()
    }
    return await Promise.all((await there.find({ order: { row: 'ASC' } })).map(({ plan }) => textOf(plan)))
  }

  it('fails where it has overwritten a row of others, and cannot be committed', async () => {
    const upsert = upserting(['a', 'late', 'new'], 'late')

    await expect(upsert).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    expect(await seats.pathsOfFiles()).toHaveLength(2)
  })

  it('takes a row that it has twice, and rows that are there, for no change by others', async () => {
    expect(await upserting(['a', 'twice', 'Twice'])).toEqual(['a again', 'Twice again'])
  })
})

describe('a row that would come between our look and the statement', () => {
  if (!isOn('mariadb')) return

  beforeEach(() => {
    late.isHeldUp = true
  })

  it('waits for the end of a delete, and stays', async () => {
    late.left = [row('late')]

    await tickets.delete({ train: 'ICE' })
    await late.writing

    expect(await texts()).toEqual(['late'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('waits for the end of an upsert of its key, or is overwritten by it after a deadlock', async () => {
    late.left = [row('late')]

    await tickets.upsert({ number: 'late', scan: textFile('first') }, ['number'])
    await late.writing

    expect(await texts()).toEqual(['a', 'b', 'first'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})

describe('a row that a subscriber adds between our look and the statement, on one connection', () => {
  if (!isOn('sqlite')) return

  it('goes with its file', async () => {
    late.left = [row('late')]

    await tickets.delete({ train: 'ICE' })

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('makes the delete of a transaction fail, which then nobody can commit', async () => {
    late.left = [row('late')]

    const committing = database.dataSource.transaction(async (manager) => {
      const deleting = manager.delete(Ticket, { train: 'ICE' })
      await expect(deleting).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    })

    await expect(committing).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })
    expect(await texts()).toEqual(['a', 'b'])
  })
})
