import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Between, Brackets, In, LessThan, Like, Not, Raw, SelectQueryBuilder, type Repository } from 'typeorm'
import { Letter } from '../entities/letter.ts'
import { Receipt } from '../entities/receipt.ts'
import { Seat } from '../entities/seat.ts'
import { Ticket } from '../entities/ticket.ts'
import { Truck, Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf } from '../support/contents.ts'
import { errorsAbortTransactions, says } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Letter, Receipt, Seat, Ticket, Truck, Vehicle])
  tickets = database.dataSource.getRepository(Ticket)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

/** Tickets `a` to `c`, each with two files that say its number. */
async function threeTickets(): Promise<Ticket[]> {
  return await tickets.save(
    ['a', 'b', 'c'].map((number, seat) =>
      tickets.create({ number, seat, scan: textFile(number), extras: [textFile(number)] }),
    ),
  )
}

async function numbers(): Promise<string[]> {
  return (await tickets.find({ order: { number: 'ASC' } })).map(({ number }) => number)
}

/** A DELETE of tickets. */
function deletion() {
  return database.dataSource.createQueryBuilder().delete().from(Ticket)
}

describe('delete by criteria', () => {
  it.each<[string, (rows: Ticket[]) => Promise<unknown>]>([
    ['an id', ([a]) => tickets.delete(a!.id)],
    ['a list of ids', ([a]) => tickets.delete([a!.id, a!.id + 100])],
    ['an object', () => tickets.delete({ number: 'a' })],
    ['an object of two columns', () => tickets.delete({ number: 'a', seat: 0 })],
    ['a list of values', () => tickets.delete({ number: In(['a', 'nobody']) })],
    ['a pattern', () => tickets.delete({ number: Like('a%') })],
    ['a negation', () => tickets.delete({ number: Not(In(['b', 'c'])) })],
    ['a comparison', () => tickets.delete({ seat: LessThan(1) })],
    ['a range', () => tickets.delete({ seat: Between(-1, 0) })],
    ['raw SQL', () => tickets.delete({ seat: Raw((column) => `${column} + 1 = :one`, { one: 1 }) })],
    ['alternatives', () => tickets.delete([{ number: 'a' }, { seat: 99 }])],
    ['the manager', ([a]) => database.dataSource.manager.delete(Ticket, a!.id)],
    ['the manager and the name of the entity', ([a]) => database.dataSource.manager.delete('Ticket', a!.id)],
    ['text with parameters', () => deletion().where('number = :n', { n: 'a' }).execute()],
    [
      'text with a list of parameters',
      () =>
        deletion()
          .where('number IN (:...n)', { n: ['a'] })
          .execute(),
    ],
    ['two texts', () => deletion().where('seat = 0').andWhere('number = :n', { n: 'a' }).execute()],
    ['ids of a query builder', ([a]) => deletion().whereInIds([a!.id]).execute()],
    [
      'brackets',
      () =>
        deletion()
          .where(new Brackets((where) => where.where('number = :n', { n: 'a' }).orWhere('seat = 99')))
          .execute(),
    ],
    [
      'a subquery',
      () =>
        deletion()
          .where(
            // MySQL reads a table that it deletes from only in a table of its own.
            'id IN (SELECT id FROM (SELECT id FROM ticket WHERE number = :n) found)',
            { n: 'a' },
          )
          .execute(),
    ],
    ['a clone of a query builder', () => deletion().where('number = :n', { n: 'a' }).clone().execute()],
    [
      'a query builder with an alias',
      () => tickets.createQueryBuilder('t').delete().where('number = :n', { n: 'a' }).execute(),
    ],
    [
      'a query builder with the name of the table',
      () => database.dataSource.createQueryBuilder().delete().from('ticket').where('seat = 0').execute(),
    ],
    [
      'a query builder with a transaction of its own',
      () => deletion().where('seat = 0').useTransaction(true).execute(),
    ],
    ['a query builder without listeners', () => deletion().where('seat = 0').callListeners(false).execute()],
    [
      'a query builder of a manual query runner',
      async () => {
        const queryRunner = database.dataSource.createQueryRunner()
        await queryRunner.manager.createQueryBuilder().delete().from(Ticket).where('seat = 0').execute()
        await queryRunner.release()
      },
    ],
    [
      'a query builder that is given a query runner',
      async () => {
        const queryRunner = database.dataSource.createQueryRunner()
        await deletion().setQueryRunner(queryRunner).where('seat = 0').execute()
        await queryRunner.release()
      },
    ],
    [
      'a manual query runner in a transaction',
      async () => {
        const queryRunner = database.dataSource.createQueryRunner()
        await queryRunner.startTransaction()
        await queryRunner.manager.delete(Ticket, { number: 'a' })
        await queryRunner.commitTransaction()
        await queryRunner.release()
      },
    ],
  ])('of %s deletes the files of those rows', async (_, remove) => {
    const rows = await threeTickets()

    await remove(rows)

    expect(await numbers()).toEqual(['b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of a relation deletes the files of those rows', async () => {
    const [a, b] = await threeTickets()
    await tickets.update(b!.id, { before: { id: a!.id } })

    await tickets.delete({ before: { id: a!.id } })

    expect(await numbers()).toEqual(['a', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of an embedded object deletes the files of those rows', async () => {
    const vehicles = database.dataSource.getRepository(Vehicle)
    const [first] = await vehicles.save([
      { photo: textFile('first'), papers: { scan: textFile('first scan') } },
      { photo: textFile('second'), papers: { scan: textFile('second scan') } },
    ])

    await vehicles.delete({ papers: { scan: first!.papers.scan } })

    expect(await Promise.all((await vehicles.find()).map(({ photo }) => textOf(photo)))).toEqual(['second'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of the file itself deletes it', async () => {
    const [a] = await threeTickets()

    await tickets.delete({ scan: a!.scan! })

    expect(await numbers()).toEqual(['b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of a key of two columns deletes the file of that row only', async () => {
    const seats = database.dataSource.getRepository(Seat)
    await seats.save([
      { row: 'A', place: 1, plan: textFile('A1') },
      { row: 'A', place: 2, plan: textFile('A2') },
      { row: 'B', place: 1, plan: textFile('B1') },
    ])

    await seats.delete({ row: 'A', place: 1 })

    expect(await seats.count()).toBe(2)
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of rows that were deleted softly deletes their files', async () => {
    const letters = database.dataSource.getRepository(Letter)
    const { id } = await letters.save({ scan: textFile('scan') })
    await letters.softDelete(id)

    await letters.delete(id)

    expect(await letters.count({ withDeleted: true })).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it.each([
    ['the base', Vehicle, 0],
    ['a subclass', Truck, 1],
  ])('of a single table deletes the files of %s only', async (_, entity, left) => {
    const { manager } = database.dataSource
    await manager.save(Vehicle, { photo: textFile('vehicle') })
    await manager.save(Truck, {
      photo: textFile('truck'),
      load: textFile('load'),
      papers: { scan: textFile('scan') },
    })

    await manager.createQueryBuilder().delete().from(entity).execute()

    expect(await database.pathsOfFiles()).toHaveLength(left)
  })

  it('of all rows deletes all files', async () => {
    await threeTickets()

    await tickets.deleteAll()

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of no row deletes nothing', async () => {
    await threeTickets()

    const { affected } = await tickets.delete({ number: 'nobody' })

    expect(affected).toBe(0)
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('of an entity without files runs as it is', async () => {
    const receipts = database.dataSource.getRepository(Receipt)
    await receipts.save({ number: '1' })

    await receipts.delete({ number: '1' })

    expect(await receipts.count()).toBe(0)
  })

  it('says how many rows it has deleted', async () => {
    await threeTickets()

    expect(await tickets.delete({ number: In(['a', 'b']) })).toMatchObject({ affected: 2 })
  })
})

describe('delete in a transaction', () => {
  it('that is rolled back keeps the files, also to a savepoint', async () => {
    await threeTickets()

    await database.dataSource.transaction(async (manager) => {
      await manager.delete(Ticket, { number: 'a' })
      const inner = manager.transaction(async (savepoint) => {
        await savepoint.delete(Ticket, { number: 'b' })
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
    })

    expect(await numbers()).toEqual(['b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('that was written in the same transaction leaves no file', async () => {
    await database.dataSource.transaction(async (manager) => {
      await manager.save(Ticket, { number: 'a', scan: textFile('a') })
      await manager.delete(Ticket, { number: 'a' })
    })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('that the database refuses keeps the files, also where it is committed', async () => {
    const [a, b] = await threeTickets()
    await tickets.update(b!.id, { before: { id: a!.id } })

    const committing = database.dataSource.transaction(async (manager) => {
      await expect(manager.delete(Ticket, { number: In(['a', 'c']) })).rejects.toThrow(says.foreignKey)
    })

    if (errorsAbortTransactions)
      await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    else await committing
    await expect(tickets.delete({ number: 'a' })).rejects.toThrow(says.foreignKey)
    expect(await numbers()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })
})

describe('what is not seen, or refused', () => {
  it('raw SQL leaves the file of the row that it deletes', async () => {
    const { scan } = await tickets.save({ number: 'a', scan: textFile('left over') })

    await database.dataSource.query('DELETE FROM ticket')

    expect(await database.exists(scan)).toBe(true)
    await database.depot.deleteFiles([scan.path])
  })

  it('a query builder that did not come from the data source is refused', async () => {
    await threeTickets()
    const builder = new SelectQueryBuilder<Ticket>(database.dataSource)

    const deleting = builder.delete().from(Ticket).where('seat = 0').execute()

    await expect(deleting).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await numbers()).toEqual(['a', 'b', 'c'])
  })

  it('a query builder that did not come from the data source may not write a file either', async () => {
    await threeTickets()
    const builder = new SelectQueryBuilder<Ticket>(database.dataSource)

    const updating = builder.update(Ticket).set({ scan: null }).where('seat = 0').execute()

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    await builder.update(Ticket).set({ train: 'ICE' }).where('seat = 0').execute()
    expect(await tickets.countBy({ train: 'ICE' })).toBe(1)
  })
})
