import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { In, type Repository } from 'typeorm'
import { Note } from '../entities/note.ts'
import { Ticket } from '../entities/ticket.ts'
import { textFile, textOf } from '../support/contents.ts'
import { sql } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let notes: Repository<Note>
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Note, Ticket])
  notes = database.dataSource.getRepository(Note)
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

describe('update of the primary key', () => {
  it('alone keeps the file', async () => {
    await notes.save({ name: 'a', file: textFile('kept') })

    await notes.update('a', { name: 'b' })

    const rows = await notes.find()
    expect(rows).toMatchObject([{ name: 'b' }])
    expect(await textOf(rows[0]!.file)).toBe('kept')
  })

  it('together with the file keeps the new one, and the old one goes', async () => {
    await notes.save({ name: 'a', file: textFile('old') })

    await notes.update('a', { name: 'b', file: textFile('new') })

    const rows = await notes.find()
    expect(rows).toMatchObject([{ name: 'b' }])
    expect(await textOf(rows[0]!.file)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('together with the file keeps the old one where it is rolled back', async () => {
    await notes.save({ name: 'a', file: textFile('old') })

    const updating = database.dataSource.transaction(async (manager) => {
      await manager.update(Note, 'a', { name: 'b', file: textFile('new') })
      throw failure
    })

    await expect(updating).rejects.toBe(failure)
    expect(await textOf((await notes.findOneByOrFail({ name: 'a' })).file)).toBe('old')
  })

  it('while an SQL expression takes the file away deletes it', async () => {
    await notes.save({ name: 'a', file: textFile('old') })

    await notes.update('a', { name: 'b', file: () => 'NULL' })

    expect(await notes.find()).toMatchObject([{ name: 'b', file: null }])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('an SQL expression in a new row', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['insert', () => notes.insert({ name: 'a', file: () => 'NULL' })],
    ['upsert', () => notes.upsert({ name: 'a', file: () => 'NULL' }, ['name'])],
    [
      'a query builder',
      () =>
        notes
          .createQueryBuilder()
          .insert()
          .values({ name: 'a', file: () => 'NULL' })
          .execute(),
    ],
  ])('is refused by %s, which says why', async (_, write) => {
    await expect(write()).rejects.toMatchObject({
      code: 'INVALID_CONTENT',
      message: expect.stringMatching(
        /^Note\.file: Cannot set the file of a new row by an SQL expression/,
      ) as unknown,
    })
    expect(await notes.count()).toBe(0)
  })
})

describe('update by an SQL expression', () => {
  it('takes files away', async () => {
    await threeTickets()

    await tickets.update({ number: In(['a', 'b']) }, { scan: () => 'NULL' })

    expect(await texts()).toEqual([undefined, undefined, 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('takes them away from some of its rows', async () => {
    await threeTickets()

    await tickets.update(
      { number: In(['a', 'b']) },
      { scan: () => `CASE seat WHEN 0 THEN NULL ELSE scan END` },
    )

    expect(await texts()).toEqual([undefined, 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  it('takes one file away while another is replaced by a value', async () => {
    await threeTickets()

    await tickets.update({ number: 'a' }, { scan: textFile('new a'), extras: () => 'NULL' })

    expect(await texts()).toEqual(['new a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  it('keeps them where it is rolled back', async () => {
    await threeTickets()

    const updating = database.dataSource.transaction(async (manager) => {
      await manager.update(Ticket, { number: 'a' }, { scan: () => 'NULL' })
      throw failure
    })

    await expect(updating).rejects.toBe(failure)
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  it('is refused where it gives the file of another row', async () => {
    const [a] = await threeTickets()
    const text = await textInColumn(a!)

    const updating = tickets.update({ number: 'b' }, { scan: () => `'${text}'` })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('that was refused so lets nobody commit the transaction', async () => {
    const [a] = await threeTickets()
    const text = await textInColumn(a!)

    const committing = database.dataSource.transaction(async (manager) => {
      const updating = manager.update(Ticket, { number: 'b' }, { scan: () => `'${text}'` })
      await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    })

    await expect(committing).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await texts()).toEqual(['a', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('that was refused within a savepoint is undone with it', async () => {
    const [a] = await threeTickets()
    const text = await textInColumn(a!)

    await database.dataSource.transaction(async (manager) => {
      const inner = manager.transaction((savepoint) =>
        savepoint.update(Ticket, { number: 'b' }, { scan: () => `'${text}'` }),
      )
      await expect(inner).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      await manager.update(Ticket, { number: 'c' }, { scan: () => 'NULL' })
    })

    expect(await texts()).toEqual(['a', 'b', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  /** The JSON of the ticket's file. */
  async function textInColumn({ id }: Ticket): Promise<string> {
    const [row] = await database.dataSource.query<{ scan: string }[]>(
      sql('SELECT scan FROM ticket WHERE id = ?'),
      [id],
    )
    return row!.scan
  }
})
