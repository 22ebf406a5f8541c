import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Note } from '../entities/note.ts'
import { Seat } from '../entities/seat.ts'
import { Ticket } from '../entities/ticket.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let seats: Repository<Seat>
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Note, Seat, Ticket])
  seats = database.dataSource.getRepository(Seat)
  tickets = database.dataSource.getRepository(Ticket)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

/** What the files of all tickets say, in the order of their numbers. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

async function saved(...numbers: string[]): Promise<Ticket[]> {
  return await tickets.save(
    numbers.map((number) => tickets.create({ number, scan: textFile(`old ${number}`) })),
  )
}

describe('upsert', () => {
  it('of a new row uploads its file', async () => {
    const value = { number: 'a', scan: textFile('new') }

    await tickets.upsert(value, ['number'])

    expect(await texts()).toEqual(['new'])
    expect(value.scan.isPending).toBe(false)
  })

  it('of an existing row replaces its file', async () => {
    await saved('a')
    const value = { number: 'a', scan: textFile('new') }

    await tickets.upsert(value, ['number'])

    expect(await texts()).toEqual(['new'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
    expect(await textOf(value.scan)).toBe('new')
  })

  it('of new and existing rows at once does both', async () => {
    await saved('a', 'c')

    await tickets.upsert(
      ['a', 'b', 'c', 'd'].map((number) => ({ number, scan: textFile(`new ${number}`) })),
      ['number'],
    )

    expect(await texts()).toEqual(['new a', 'new b', 'new c', 'new d'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('by the primary key replaces the file', async () => {
    const notes = database.dataSource.getRepository(Note)
    await notes.save(['a', 'b'].map((name) => notes.create({ name, file: textFile(`old ${name}`) })))

    await notes.upsert({ name: 'a', file: textFile('new a') }, ['name'])

    const rows = await notes.find({ order: { name: 'ASC' } })
    expect(await Promise.all(rows.map(({ file }) => textOf(file)))).toEqual(['new a', 'old b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of a new row to which another of the same statement refers inserts both', async () => {
    const notes = database.dataSource.getRepository(Note)

    await notes.upsert(
      [
        { name: 'a', file: textFile('a') },
        { name: 'b', parent: { name: 'a' }, file: textFile('b') },
      ],
      ['name'],
    )

    expect(await notes.count()).toBe(2)
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of a new row that refers to itself inserts it', async () => {
    const notes = database.dataSource.getRepository(Note)

    await notes.upsert({ name: 'a', parent: { name: 'a' }, file: textFile('a') }, ['name'])
    await notes.upsert({ name: 'a', parent: { name: 'a' }, file: textFile('new a') }, ['name'])

    expect(await notes.count()).toBe(1)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of a new row to which a trigger refers inserts it, and gives the result that TypeORM gives', async () => {
    if (!isOn('postgres')) return
    const { dataSource } = database
    await dataSource.query('CREATE TABLE audit (note varchar REFERENCES note (name) ON DELETE CASCADE)')
    await dataSource.query(
      'CREATE FUNCTION audit() RETURNS trigger AS $$ BEGIN INSERT INTO audit VALUES (NEW.name); RETURN NULL; END $$ LANGUAGE plpgsql',
    )
    await dataSource.query('CREATE TRIGGER audit AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION audit()')
    try {
      const notes = dataSource.getRepository(Note)

      const result = await notes.upsert({ name: 'a', text: 'a', file: textFile('a') }, ['name'])

      expect(result.raw).toEqual([{ text: 'a' }])
      expect(await notes.count()).toBe(1)
      expect(await dataSource.query('SELECT note FROM audit')).toEqual([{ note: 'a' }])
    } finally {
      await dataSource.query('DROP TABLE audit')
      await dataSource.query('DROP FUNCTION audit CASCADE')
    }
  })

  it('by a primary key of two columns replaces the file of that row only', async () => {
    await seats.save([
      { row: 'A', place: 1, plan: textFile('old A1') },
      { row: 'A', place: 2, plan: textFile('old A2') },
      { row: 'B', place: 1, plan: textFile('old B1') },
    ])

    await seats.upsert({ row: 'A', place: 1, plan: textFile('new A1') }, ['row', 'place'])

    const rows = await seats.find({ order: { row: 'ASC', place: 'ASC' } })
    expect(await Promise.all(rows.map(({ plan }) => textOf(plan)))).toEqual(['new A1', 'old A2', 'old B1'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('by a unique key of two columns replaces the file of that row only', async () => {
    await tickets.save([
      { number: 'a', train: 'ICE', seat: 1, scan: textFile('old a') },
      { number: 'b', train: 'ICE', seat: 2, scan: textFile('old b') },
    ])

    await tickets.upsert({ number: 'c', train: 'ICE', seat: 1, scan: textFile('new c') }, ['train', 'seat'])

    expect(await texts()).toEqual(['old b', 'new c'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('by a unique key of which one column is null inserts a row', async () => {
    await tickets.save({ number: 'a', train: 'ICE', seat: null, scan: textFile('old a') })

    await tickets.upsert({ number: 'b', train: 'ICE', seat: null, scan: textFile('new b') }, [
      'train',
      'seat',
    ])

    expect(await texts()).toEqual(['old a', 'new b'])
  })

  it('that changes the primary key of a row replaces its file', async () => {
    await seats.save({ row: 'A', place: 1, code: 'window', plan: textFile('old') })

    await seats.upsert({ row: 'B', place: 2, code: 'window', plan: textFile('new') }, ['code'])

    const rows = await seats.find()
    expect(rows).toMatchObject([{ row: 'B', place: 2 }])
    expect(await textOf(rows[0]!.plan)).toBe('new')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  if (isOn('mariadb')) {
    it('by another unique key than the one that was named replaces the file of the row that it meets', async () => {
      await tickets.save({ number: 'a', train: 'ICE', seat: 1, scan: textFile('old') })

      await tickets.upsert({ number: 'z', train: 'ICE', seat: 1, scan: textFile('new') }, ['number'])

      expect(await texts()).toEqual(['new'])
      expect(await database.pathsOfFiles()).toHaveLength(1)
    })
  } else {
    it('by another unique key than the one that was named fails, and leaves no file', async () => {
      await tickets.save({ number: 'a', train: 'ICE', seat: 1, scan: textFile('old') })

      const upserting = tickets.upsert({ number: 'z', train: 'ICE', seat: 1, scan: textFile('new') }, [
        'number',
      ])

      await expect(upserting).rejects.toThrow(/unique/i)
      expect(await texts()).toEqual(['old'])
    })
  }

  if (isOn('sqlite')) {
    it('is not misled by the wrong id that SQLite puts into the object', async () => {
      const [a, b] = await saved('a', 'b')
      const value: { id?: number; number: string; scan: Ticket['scan'] } = {
        number: 'a',
        scan: textFile('new a'),
      }

      await tickets.upsert(value, ['number'])

      expect(value.id).toBe(b!.id)
      expect(await tickets.findOneByOrFail({ number: 'a' })).toMatchObject({ id: a!.id })
      expect(await texts()).toEqual(['new a', 'old b'])
      expect(await database.pathsOfFiles()).toHaveLength(2)
    })
  }

  it('without the file column keeps the file', async () => {
    await saved('a')

    await tickets.upsert({ number: 'a', train: 'ICE' }, ['number'])

    expect(await texts()).toEqual(['old a'])
    expect(await tickets.find()).toMatchObject([{ train: 'ICE' }])
  })

  it('of one file column keeps the files of another', async () => {
    await tickets.save({ number: 'a', scan: textFile('old'), extras: [textFile('one'), textFile('two')] })

    await tickets.upsert({ number: 'a', scan: textFile('new') }, ['number'])

    const [row] = await tickets.find()
    expect(await Promise.all([row!.scan, ...row!.extras!].map(textOf))).toEqual(['new', 'one', 'two'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('of null gives the file up', async () => {
    await saved('a')

    await tickets.upsert({ number: 'a', scan: null }, ['number'])

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('takes the file of a row that leaves the column out where another row gives one', async () => {
    await saved('a', 'b')

    await tickets.upsert([{ number: 'a', scan: textFile('new a') }, { number: 'b' }], ['number'])

    expect(await texts()).toEqual(['new a', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  // PostgreSQL refuses to touch a row twice.
  if (!isOn('postgres')) {
    it('of one key twice leaves one file', async () => {
      await saved('a')

      await tickets.upsert(
        ['one', 'two'].map((text) => ({ number: 'a', scan: textFile(text) })),
        ['number'],
      )
      await tickets.upsert(
        ['one', 'two'].map((text) => ({ number: 'b', scan: textFile(text) })),
        ['number'],
      )

      expect(await texts()).toEqual(['two', 'two'])
      expect(await database.pathsOfFiles()).toHaveLength(2)
    })
  } else {
    it('of one key twice fails, and leaves what there was', async () => {
      await saved('a')

      const upserting = tickets.upsert(
        ['one', 'two'].map((text) => ({ number: 'a', scan: textFile(text) })),
        ['number'],
      )

      await expect(upserting).rejects.toThrow('second time')
      expect(await texts()).toEqual(['old a'])
    })
  }

  it('of a stored value takes the one that was uploaded ahead', async () => {
    await saved('a')
    const early = await database.depot.upload(textFile('early'))
    const written = database.chaos.calls('write')

    await tickets.upsert({ number: 'a', scan: early }, ['number'])

    expect(await texts()).toEqual(['early'])
    expect(database.chaos.calls('write')).toBe(written)
  })

  it('leaves everything as it was where an upload fails', async () => {
    await saved('a')

    const upserting = tickets.upsert(
      [
        { number: 'a', scan: textFile('new a') },
        { number: 'b', scan: brokenFile() },
      ],
      ['number'],
    )

    await expect(upserting).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await texts()).toEqual(['old a'])
  })

  it('leaves everything as it was where it is rolled back', async () => {
    await saved('a')

    const upserting = database.dataSource.transaction(async (manager) => {
      await manager.upsert(
        Ticket,
        ['a', 'b'].map((number) => ({ number, scan: textFile(`new ${number}`) })),
        ['number'],
      )
      throw failure
    })

    await expect(upserting).rejects.toBe(failure)
    expect(await texts()).toEqual(['old a'])
  })
})
