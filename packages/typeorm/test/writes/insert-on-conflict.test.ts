import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Ticket } from '../entities/ticket.ts'
import { textFile, textOf } from '../support/contents.ts'
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

/** What the files of all tickets say, in the order of their numbers. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

function insertion() {
  return database.dataSource.createQueryBuilder().insert().into(Ticket)
}

describe('insert that ignores conflicts', () => {
  const values = () => [
    { number: 'taken', scan: textFile('ignored') },
    { number: 'free', scan: textFile('written') },
  ]

  it('leaves no file of a row that was ignored, and gives its pending value back', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })
    const [ignored, written] = values()
    const pending = ignored!.scan

    await insertion().values([ignored!, written!]).orIgnore().execute()

    expect(await texts()).toEqual(['written', 'first'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
    expect(ignored!.scan).toBe(pending)
    expect(written!.scan.isPending).toBe(false)
  })

  it('does so in a transaction of the caller', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })

    await database.dataSource.transaction(async (manager) => {
      await manager.createQueryBuilder().insert().into(Ticket).values(values()).orIgnore().execute()
    })

    expect(await texts()).toEqual(['written', 'first'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is rolled back with its transaction', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })

    const inserting = database.dataSource.transaction(async (manager) => {
      await manager.createQueryBuilder().insert().into(Ticket).values(values()).orIgnore().execute()
      throw failure
    })

    await expect(inserting).rejects.toBe(failure)
    expect(await texts()).toEqual(['first'])
  })

  it('leaves the value that was uploaded ahead for the next try where its row was ignored', async () => {
    await tickets.insert({ number: 'taken', scan: textFile('first') })
    const scan = await database.depot.upload(textFile('early'))

    await insertion().values({ number: 'taken', scan }).orIgnore().execute()
    const written = database.chaos.calls('write')
    await tickets.insert({ number: 'free', scan })

    expect(database.chaos.calls('write')).toBe(written)
    expect(await texts()).toEqual(['early', 'first'])
  })
})

describe('insert that overwrites on conflict', () => {
  it('replaces the file where it names the column', async () => {
    await tickets.save({ number: 'a', scan: textFile('old a') })

    await insertion()
      .values({ number: 'a', scan: textFile('new') })
      .orUpdate(['scan'], ['number'])
      .execute()

    expect(await texts()).toEqual(['new'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps the file, and not the new one, where it does not name the column', async () => {
    await tickets.save({ number: 'a', scan: textFile('old a') })
    const value = { number: 'a', train: 'ICE', scan: textFile('for a new row only') }
    const pending = value.scan

    await insertion().values(value).orUpdate(['train'], ['number']).execute()

    expect(await texts()).toEqual(['old a'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
    expect(value.scan).toBe(pending)
  })

  it('takes the file where it names the column and the values leave it out', async () => {
    await tickets.save({ number: 'a', scan: textFile('old a') })

    await insertion().values({ number: 'a' }).orUpdate(['scan'], ['number']).execute()

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('without listeners replaces by a stored value', async () => {
    await tickets.save({ number: 'a', scan: textFile('old a') })
    const scan = await database.depot.upload(textFile('early'))

    await insertion()
      .values({ number: 'a', scan })
      .orUpdate(['scan'], ['number'])
      .callListeners(false)
      .execute()

    expect(await texts()).toEqual(['early'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('without listeners refuses a pending file with PENDING_FILE', async () => {
    await tickets.save({ number: 'a', scan: textFile('old a') })

    const upserting = insertion()
      .values({ number: 'a', scan: textFile('pending') })
      .orUpdate(['scan'], ['number'])
      .callListeners(false)
      .execute()

    await expect(upserting).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await texts()).toEqual(['old a'])
  })
})
