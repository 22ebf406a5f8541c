import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository, SelectQueryBuilder } from 'typeorm'
import { Document } from '../entities/document.ts'
import { Ticket } from '../entities/ticket.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { errorsAbortTransactions, says, typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Document, Ticket])
  documents = database.dataSource.getRepository(Document)
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

function insertion() {
  return database.dataSource.createQueryBuilder().insert().into(Ticket)
}

describe('insert', () => {
  it('uploads the files of its rows, and the objects of the caller get the stored values', async () => {
    const values = [
      { number: 'a', scan: textFile('a') },
      { number: 'b', scan: textFile('b') },
    ]

    await tickets.insert(values)

    expect(await texts()).toEqual(['a', 'b'])
    expect(values.map(({ scan }) => scan.isPending)).toEqual([false, false])
    expect(await Promise.all(values.map(({ scan }) => textOf(scan)))).toEqual(['a', 'b'])
  })

  it('of a query builder does the same', async () => {
    const values = { number: 'a', scan: textFile('a') }

    await insertion().values(values).execute()

    expect(await texts()).toEqual(['a'])
    expect(values.scan.isPending).toBe(false)
  })

  it('of a clone of a query builder does the same', async () => {
    await insertion()
      .values({ number: 'a', scan: textFile('a') })
      .clone()
      .execute()

    expect(await texts()).toEqual(['a'])
  })

  it.each([
    ['without a transaction', false],
    ['in a transaction', true],
  ])('of a manual query runner %s does the same', async (_, inTransaction) => {
    const queryRunner = database.dataSource.createQueryRunner()
    if (inTransaction) await queryRunner.startTransaction()

    await queryRunner.manager.insert(Ticket, { number: 'a', scan: textFile('a') })
    await queryRunner.manager
      .createQueryBuilder()
      .insert()
      .into(Ticket)
      .values({ number: 'b', scan: textFile('b') })
      .execute()
    if (inTransaction) await queryRunner.commitTransaction()
    await queryRunner.release()

    expect(await texts()).toEqual(['a', 'b'])
  })

  it('with a transaction of its own leaves no file where the database refuses it', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })
    const inTransaction = (number: string) =>
      insertion()
        .values({ number, scan: textFile('second') })
        .useTransaction(true)
        .execute()

    await expect(inTransaction('taken')).rejects.toThrow(says.unique)
    await inTransaction('free')

    expect(await texts()).toEqual(['second', 'first'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('that does not put keys into the objects of the caller does the same', async () => {
    await insertion()
      .values({ number: 'a', scan: textFile('a') })
      .updateEntity(false)
      .execute()

    expect(await texts()).toEqual(['a'])
  })

  it('of several files in one column uploads all', async () => {
    await documents.insert({ attachments: [textFile('one'), textFile('two')] })

    const [row] = await documents.find()
    expect(await Promise.all(row!.attachments!.map(textOf))).toEqual(['one', 'two'])
  })

  it('of a stored value adopts the one that was uploaded ahead, and copies the one of another row', async () => {
    const early = await database.depot.upload(textFile('early'))
    const written = database.chaos.calls('write')

    await tickets.insert({ number: 'a', scan: early })
    expect(database.chaos.calls('write')).toBe(written)
    await tickets.insert({ number: 'b', scan: early })
    await tickets.delete({ number: 'a' })

    expect(await texts()).toEqual(['early'])
  })

  it('leaves no file where the database refuses it, and gives the pending values back', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })
    const values = [
      { number: 'free', scan: textFile('second') },
      { number: 'taken', scan: textFile('third') },
    ]
    const pending = values.map(({ scan }) => scan)

    await expect(tickets.insert(values)).rejects.toThrow(says.unique)

    expect(await texts()).toEqual(['first'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
    expect(values.map(({ scan }) => scan)).toEqual(pending)
  })

  it('writes nothing where one of the uploads fails', async () => {
    const inserting = tickets.insert([
      { number: 'a', scan: textFile('a') },
      { number: 'b', scan: brokenFile() },
    ])

    await expect(inserting).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await tickets.count()).toBe(0)
  })

  it('is rolled back with its transaction', async () => {
    const inserting = database.dataSource.transaction(async (manager) => {
      await manager.insert(Ticket, { number: 'a', scan: textFile('a') })
      throw failure
    })

    await expect(inserting).rejects.toBe(failure)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  if (!errorsAbortTransactions) {
    it('leaves no file where it fails in a transaction that is committed all the same', async () => {
      await tickets.insert({ number: 'taken', scan: textFile('first') })

      await database.dataSource.transaction(async (manager) => {
        const inserting = manager.insert(Ticket, { number: 'taken', scan: textFile('second') })
        await expect(inserting).rejects.toThrow(says.unique)
        await manager.insert(Ticket, { number: 'free', scan: textFile('third') })
      })

      expect(await texts()).toEqual(['third', 'first'])
      expect(await database.pathsOfFiles()).toHaveLength(2)
    })
  }

  it('refuses the same object twice, which would become two rows with one file', async () => {
    const value = { title: 'twice', content: textFile('one file') }

    await expect(documents.insert([value, value])).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })

    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('refuses an SQL expression in the place of a file', async () => {
    await tickets.insert({ number: 'a', scan: textFile('a') })

    const inserting = tickets.insert({ number: 'b', scan: () => '(SELECT scan FROM ticket)' })

    await expect(inserting).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    expect(await texts()).toEqual(['a'])
  })
})

describe('insert without listeners', () => {
  it('adopts a stored value that was uploaded ahead', async () => {
    const scan = await database.depot.upload(textFile('early'))

    await insertion().values({ number: 'a', scan }).callListeners(false).execute()
    expect(await texts()).toEqual(['early'])
    await tickets.delete({ number: 'a' })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives a value that was uploaded ahead back where the database refuses it', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })
    const scan = await database.depot.upload(textFile('early'))

    const inserting = insertion().values({ number: 'taken', scan }).callListeners(false).execute()
    await expect(inserting).rejects.toThrow(says.unique)
    await insertion().values({ number: 'free', scan }).callListeners(false).execute()

    expect(await texts()).toEqual(['early', 'first'])
  })

  it('refuses a pending file with PENDING_FILE', async () => {
    const inserting = insertion()
      .values({ number: 'a', scan: textFile('pending') })
      .callListeners(false)
      .execute()

    await expect(inserting).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await tickets.count()).toBe(0)
  })
})

// TypeORM 0.3 has no INSERT … SELECT.
if (typeormVersion !== '0.3') {
  describe('INSERT … SELECT', () => {
    const fromTickets = (columns: string[]) => (query: SelectQueryBuilder<Ticket>) =>
      query.select(columns.map((column) => `source.${column}`)).from(Ticket, 'source')

    it.each([
      ['names the file column', ['title', 'content'], ['number', 'scan']],
      ['names no column', undefined, ['id', 'number', 'scan', 'scan']],
    ])('that %s is refused, as two rows would have one file', async (_, columns, selected) => {
      await tickets.insert({ number: 'a', scan: textFile('a') })

      const inserting = database.dataSource
        .createQueryBuilder()
        .insert()
        .into(Document, columns)
        .valuesFromSelect(fromTickets(selected))
        .execute()

      await expect(inserting).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      expect(await documents.count()).toBe(0)
    })

    it('that overwrites the file column of rows is refused, as it would take their files', async () => {
      await tickets.insert({ number: 'a', scan: textFile('a') })

      const inserting = database.dataSource
        .createQueryBuilder()
        .insert()
        .into(Ticket, ['number'])
        .valuesFromSelect(fromTickets(['number']))
        .orUpdate(['scan'], ['number'])
        .execute()

      await expect(inserting).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
      expect(await texts()).toEqual(['a'])
    })

    it('without file columns runs as it is', async () => {
      await tickets.insert({ number: 'a', scan: textFile('a') })

      await database.dataSource
        .createQueryBuilder()
        .insert()
        .into(Document, ['title'])
        .valuesFromSelect(fromTickets(['number']))
        .execute()

      expect(await documents.find()).toMatchObject([{ title: 'a', content: null }])
      expect(await texts()).toEqual(['a'])
    })
  })
}
