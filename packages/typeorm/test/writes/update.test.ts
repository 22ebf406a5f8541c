import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Brackets, In, type Repository } from 'typeorm'
import { Ticket } from '../entities/ticket.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { isOn, says } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Ticket])
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

/** What the files of all tickets say, in the order of their numbers. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

function change() {
  return database.dataSource.createQueryBuilder().update(Ticket)
}

describe('update by criteria', () => {
  it.each<[string, (a: Ticket, scan: UploadedFile) => Promise<unknown>]>([
    ['an id', ({ id }, scan) => tickets.update(id, { scan })],
    ['a list of one id', ({ id }, scan) => tickets.update([id], { scan })],
    ['an object', (_, scan) => tickets.update({ number: 'a' }, { scan })],
    ['an operator', (_, scan) => tickets.update({ number: In(['a', 'nobody']) }, { scan })],
    ['the manager', ({ id }, scan) => database.dataSource.manager.update(Ticket, id, { scan })],
    ['text with parameters', (_, scan) => change().set({ scan }).where('number = :n', { n: 'a' }).execute()],
    [
      'brackets',
      (_, scan) =>
        change()
          .set({ scan })
          .where(new Brackets((where) => where.where('number = :n', { n: 'a' })))
          .execute(),
    ],
    [
      'a clone of a query builder',
      (_, scan) => change().set({ scan }).where('number = :n', { n: 'a' }).clone().execute(),
    ],
    [
      'a query builder with the name of the table',
      (_, scan) =>
        database.dataSource
          .createQueryBuilder()
          .update('ticket')
          .set({ scan })
          .where('number = :n', { n: 'a' })
          .execute(),
    ],
    [
      'a query builder of the repository',
      (_, scan) =>
        tickets.createQueryBuilder('t').update().set({ scan }).where('number = :n', { n: 'a' }).execute(),
    ],
    [
      'a query builder of a manual query runner',
      async (_, scan) => {
        const queryRunner = database.dataSource.createQueryRunner()
        await queryRunner.manager
          .createQueryBuilder()
          .update(Ticket)
          .set({ scan })
          .where({ number: 'a' })
          .execute()
        await queryRunner.release()
      },
    ],
    [
      'a query builder with a transaction of its own',
      (_, scan) => change().set({ scan }).where({ number: 'a' }).useTransaction(true).execute(),
    ],
  ])('%s replaces the file of one row', async (_, update) => {
    const [a] = await threeTickets()

    await update(a!, textFile('new a'))

    expect(await texts()).toEqual(['new a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('replaces several files of one row, and the object of the caller gets the stored values', async () => {
    const [a] = await threeTickets()
    const values = { extras: [textFile('one'), textFile('two')] }

    await tickets.update(a!.id, values)

    const { extras } = await tickets.findOneByOrFail({ id: a!.id })
    expect(await Promise.all(extras!.map(textOf))).toEqual(['one', 'two'])
    expect(values.extras.map(({ isPending }) => isPending)).toEqual([false, false])
    expect(await database.pathsOfFiles()).toHaveLength(7)
  })

  it('uploads nothing where no row is meant, and leaves the value pending', async () => {
    const scan = textFile('for nobody')
    const values = { scan }
    const written = database.chaos.calls('write')

    const { affected } = await tickets.update({ number: 'nobody' }, values)

    expect(affected).toBe(0)
    expect(values.scan).toBe(scan)
    expect(database.chaos.calls('write')).toBe(written)
  })

  it.each<[string, (scan: UploadedFile) => Promise<unknown>]>([
    ['criteria', (scan) => tickets.update({ number: In(['a', 'b']) }, { scan })],
    ['updateAll', (scan) => tickets.updateAll({ scan })],
  ])('refuses to give one file to several rows, by %s, and uploads nothing', async (_, update) => {
    await threeTickets()
    const written = database.chaos.calls('write')

    await expect(update(textFile('shared'))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })

    expect(database.chaos.calls('write')).toBe(written)
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('that is refused so within a transaction leaves the rest of it', async () => {
    await threeTickets()

    await database.dataSource.transaction(async (manager) => {
      const updating = manager.update(Ticket, { number: In(['a', 'b']) }, { scan: textFile('shared') })
      await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      await manager.update(Ticket, { number: 'c' }, { scan: textFile('new c') })
    })

    expect(await texts()).toEqual(['a', 'b', 'new c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('takes the files of any number of rows away', async () => {
    await threeTickets()

    await tickets.update({ number: In(['a', 'b']) }, { scan: null, extras: null })

    expect(await texts()).toEqual([undefined, undefined, 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of all rows takes all files of a column away', async () => {
    await threeTickets()

    await tickets.updateAll({ scan: null })

    expect(await texts()).toEqual([undefined, undefined, undefined])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('of all rows gives a file where there is one row', async () => {
    await tickets.save({ number: 'a', scan: textFile('old') })

    await tickets.updateAll({ scan: textFile('new') })

    expect(await texts()).toEqual(['new'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of a stored value takes the one that was uploaded ahead, and copies the one of another row', async () => {
    const [a] = await threeTickets()
    const early = await database.depot.upload(textFile('early'))
    const written = database.chaos.calls('write')

    await tickets.update({ number: 'b' }, { scan: early })
    expect(database.chaos.calls('write')).toBe(written)
    await tickets.update({ number: 'c' }, { scan: a!.scan })
    await tickets.delete({ number: 'a' })

    expect(await texts()).toEqual(['early', 'a'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of the value that the row has already changes nothing', async () => {
    const [a] = await threeTickets()

    await tickets.update({ number: 'a' }, { scan: a!.scan, train: 'ICE' })

    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('keeps the old file where it is rolled back, and gives the value back for the next try', async () => {
    await threeTickets()
    const scan = textFile('new')
    const values = { scan }

    const updating = database.dataSource.transaction(async (manager) => {
      await manager.update(Ticket, { number: 'a' }, values)
      throw failure
    })

    await expect(updating).rejects.toBe(failure)
    expect(values.scan).toBe(scan)
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('keeps the old file where the database refuses it', async () => {
    await threeTickets()

    const updating = tickets.update({ number: 'a' }, { number: 'b', scan: textFile('new') })

    await expect(updating).rejects.toThrow(says.unique)
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('leaves nothing where the upload fails', async () => {
    await threeTickets()

    const updating = tickets.update({ number: 'a' }, { train: 'ICE', scan: brokenFile() })

    await expect(updating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await tickets.findBy({ train: 'ICE' })).toEqual([])
  })

  it('without listeners follows null and stored values, and refuses pending ones', async () => {
    await threeTickets()
    const early = await database.depot.upload(textFile('early'))
    const quietly = (number: string, scan: UploadedFile | null) =>
      change().set({ scan }).where({ number }).callListeners(false).execute()

    await quietly('a', null)
    await quietly('b', early)
    await expect(quietly('c', textFile('pending'))).rejects.toMatchObject({ code: 'PENDING_FILE' })

    expect(await texts()).toEqual([undefined, 'early', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  // The others have no order or limit in an UPDATE.
  if (isOn('mariadb')) {
    it('with an order and a limit replaces the file of the row that they leave', async () => {
      await threeTickets()

      await change()
        .set({ scan: textFile('new') })
        .orderBy('seat', 'DESC')
        .limit(1)
        .execute()
      await change().set({ scan: null }).orderBy('seat', 'ASC').limit(2).execute()

      expect(await texts()).toEqual([undefined, undefined, 'new'])
      expect(await database.pathsOfFiles()).toHaveLength(4)
    })
  }
})

describe('update of other columns', () => {
  it('touches no file, also as increment and decrement', async () => {
    await threeTickets()

    await tickets.update({ number: 'a' }, { train: 'ICE' })
    await tickets.increment({ number: In(['a', 'b']) }, 'seat', 10)
    await tickets.decrement({ number: 'c' }, 'seat', 1)

    const rows = await tickets.find({ order: { number: 'ASC' } })
    expect(rows.map(({ seat }) => seat)).toEqual([10, 11, 1])
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('by a relation touches no file', async () => {
    const [a, b, c] = await threeTickets()
    const relation = () => database.dataSource.createQueryBuilder().relation(Ticket, 'before')

    await relation().of([b!.id, c!.id]).set(a!.id)
    expect(await tickets.countBy({ before: { id: a!.id } })).toBe(2)
    await relation().of(c).set(null)

    expect(await tickets.countBy({ before: { id: a!.id } })).toBe(1)
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })
})
