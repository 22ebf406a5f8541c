import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { Ticket } from '../entities/ticket.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { says } from '../support/database-kind.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

const statements = new StatementLog()
let database: TestDatabase
let documents: Repository<Document>
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Document, Ticket], { dataSource: { logger: statements } })
  documents = database.dataSource.getRepository(Document)
  tickets = database.dataSource.getRepository(Ticket)
})

beforeEach(() => {
  statements.clear()
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const bare = { transaction: false }
const BEGIN = /^(?:BEGIN|START TRANSACTION)/

async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

describe('save with transaction: false', () => {
  it('uploads, replaces and gives up files, each with its statement', async () => {
    const a = await tickets.save(tickets.create({ number: 'a', scan: textFile('old a') }), bare)
    const b = await tickets.save(tickets.create({ number: 'b', scan: textFile('old b') }), bare)

    a.scan = textFile('new a')
    await tickets.save(a, bare)
    b.scan = null
    await tickets.save(b, bare)

    expect(statements.matching(BEGIN)).toEqual([])
    expect(await texts()).toEqual(['new a', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('takes several entities of several classes', async () => {
    await database.dataSource.manager.save(
      [
        tickets.create({ number: 'a', scan: textFile('a') }),
        documents.create({ content: textFile('document') }),
        tickets.create({ number: 'b', scan: textFile('b') }),
      ],
      bare,
    )

    expect(statements.matching(BEGIN)).toEqual([])
    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps the files of what was written, and loses those of what was not, where one INSERT fails', async () => {
    await tickets.save({ number: 'taken', scan: textFile('taken') })

    const saving = database.dataSource.manager.save(
      [
        documents.create({ content: textFile('written') }),
        tickets.create({ number: 'taken', scan: textFile('refused') }),
      ],
      bare,
    )

    await expect(saving).rejects.toThrow(says.unique)
    const [document] = await documents.find()
    expect(await textOf(document?.content)).toBe('written')
    expect(await texts()).toEqual(['taken'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('does so where one UPDATE fails, and keeps the old file of its row', async () => {
    const rows = await tickets.save(
      ['a', 'b', 'c'].map((number) => tickets.create({ number, scan: textFile(`old ${number}`) })),
    )
    const pending = textFile('new b')
    rows[0]!.scan = textFile('new a')
    Object.assign(rows[1]!, { number: 'c', scan: pending })

    await expect(tickets.save(rows, bare)).rejects.toThrow(says.unique)

    expect(await texts()).toEqual(['new a', 'old b', 'old c'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
    expect(rows[1]!.scan).toBe(pending)
  })

  it('writes nothing where one of several uploads fails', async () => {
    const saving = tickets.save(
      [
        { number: 'a', scan: textFile('good') },
        { number: 'b', scan: brokenFile() },
      ],
      bare,
    )

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await tickets.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the old file where the upload of the new one fails', async () => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('old') })

    const saving = tickets.save({ id, scan: brokenFile() }, bare)

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await texts()).toEqual(['old'])
  })

  it('leaves nothing of a failed save to the next one', async () => {
    await tickets.save({ number: 'taken', scan: textFile('taken') })
    const again = { number: 'taken', scan: textFile('second') }
    await expect(tickets.save(again, bare)).rejects.toThrow(says.unique)
    expect(await database.pathsOfFiles()).toHaveLength(1)

    again.number = 'free'
    await tickets.save(again, bare)

    expect(await texts()).toEqual(['second', 'taken'])
  })

  it('joins the transaction that it is called in', async () => {
    const failure = new Error('rolled back on purpose')
    const { id } = await tickets.save({ number: 'a', scan: textFile('old') })

    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Ticket, { id, scan: textFile('new') }, bare)
      throw failure
    })

    await expect(saving).rejects.toBe(failure)
    expect(await texts()).toEqual(['old'])
  })

  it('on a query runner of its own settles each statement, also where one fails', async () => {
    const queryRunner = database.dataSource.createQueryRunner()
    const { manager } = queryRunner

    await manager.save(Ticket, { number: 'a', scan: textFile('a') }, bare)
    await expect(manager.save(Ticket, { number: 'a', scan: textFile('refused') }, bare)).rejects.toThrow(
      says.unique,
    )
    await manager.save(Ticket, { number: 'b', scan: textFile('b') }, bare)
    await queryRunner.release()

    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('on a query runner of its own leaves nothing of a failed statement to a transaction that follows', async () => {
    await tickets.save({ number: 'a', scan: textFile('a') })
    const queryRunner = database.dataSource.createQueryRunner()
    const { manager } = queryRunner
    await expect(manager.save(Ticket, { number: 'a', scan: textFile('refused') }, bare)).rejects.toThrow(
      says.unique,
    )

    await queryRunner.startTransaction()
    await manager.save(Ticket, { number: 'b', scan: textFile('b') })
    await queryRunner.commitTransaction()
    await queryRunner.release()

    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('remove with transaction: false', () => {
  it('deletes the files with the rows', async () => {
    const rows = await tickets.save(
      ['a', 'b', 'c'].map((number) => tickets.create({ number, scan: textFile(number) })),
    )

    await tickets.remove(rows.slice(1), bare)

    expect(statements.matching(BEGIN)).toHaveLength(1)
    expect(await texts()).toEqual(['a'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps the file of a row that the database does not let go', async () => {
    const [a, b] = await tickets.save(
      ['a', 'b'].map((number) => tickets.create({ number, scan: textFile(number) })),
    )
    await tickets.update(b!.id, { before: { id: a!.id } })

    await expect(tickets.remove(a!, bare)).rejects.toThrow(says.foreignKey)

    expect(await texts()).toEqual(['a', 'b'])
  })
})
