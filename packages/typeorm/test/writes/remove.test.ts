import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Seat } from '../entities/seat.ts'
import { Ticket } from '../entities/ticket.ts'
import { textFile, textOf } from '../support/contents.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

const statements = new StatementLog()
let database: TestDatabase
let tickets: Repository<Ticket>
let a: Ticket
let b: Ticket

beforeAll(async () => {
  database = await TestDatabase.open([Seat, Ticket], { dataSource: { logger: statements } })
  tickets = database.dataSource.getRepository(Ticket)
})

/** Tickets `a` and `b`, with two files and one. */
beforeEach(async () => {
  a = await tickets.save(
    tickets.create({ number: 'a', scan: textFile('a'), extras: [textFile('one'), textFile('two')] }),
  )
  b = await tickets.save(tickets.create({ number: 'b', scan: textFile('b') }))
  statements.clear()
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

describe('remove', () => {
  it('of an entity deletes its files', async () => {
    await tickets.remove(a)

    expect(a.id).toBeUndefined()
    expect(await texts()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of an object with nothing but an id deletes the files of its row', async () => {
    await tickets.remove({ id: a.id } as Ticket)

    expect(await texts()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of an entity that was loaded before its file was replaced deletes the new file', async () => {
    const stale = await tickets.findOneByOrFail({ id: a.id })
    await tickets.save({ id: a.id, scan: textFile('newer') })

    await tickets.remove(stale)

    expect(await texts()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of an entity whose file was replaced in memory only deletes the file of its row', async () => {
    a.scan = textFile('never saved')

    await tickets.remove(a)

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of an id that no row has does nothing', async () => {
    await tickets.remove({ id: a.id + b.id } as Ticket)

    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of a row that is gone already does nothing', async () => {
    const stale = await tickets.findOneByOrFail({ id: a.id })
    await tickets.delete(a.id)

    await tickets.remove(stale)

    expect(await texts()).toEqual(['b'])
  })

  it('of several rows, one of them missing, is one transaction', async () => {
    await tickets.remove([a, { id: a.id + b.id } as Ticket, b])

    expect(await database.pathsOfFiles()).toEqual([])
    expect(statements.matching(/^(?:BEGIN|START TRANSACTION)/)).toHaveLength(1)
  })

  it('of several rows in chunks deletes all of their files', async () => {
    await tickets.remove([a, b], { chunk: 1 })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of rows with a key of two columns deletes the files of those', async () => {
    const seats = database.dataSource.getRepository(Seat)
    const [first, second] = await seats.save([
      { row: 'A', place: 1, plan: textFile('A1') },
      { row: 'A', place: 2, plan: textFile('A2') },
      { row: 'B', place: 1, plan: textFile('B1') },
    ])

    await seats.remove([first!, second!])

    expect(await Promise.all((await seats.find()).map(({ plan }) => textOf(plan)))).toEqual(['B1'])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  it('keeps the files where it is rolled back', async () => {
    const removing = database.dataSource.transaction(async (manager) => {
      await manager.remove([a, b])
      throw failure
    })

    await expect(removing).rejects.toBe(failure)
    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of a row that the same transaction has saved leaves no file', async () => {
    await database.dataSource.transaction(async (manager) => {
      await manager.remove(await manager.save(tickets.create({ number: 'c', scan: textFile('c') })))
    })

    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('leaves an entity that cannot be saved again, as its file is gone', async () => {
    await tickets.remove(b)

    await expect(tickets.save(b)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    b.scan = textFile('a new one')
    await tickets.save(b)

    expect(await texts()).toEqual(['a', 'a new one'])
  })
})
