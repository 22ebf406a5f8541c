import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Like, Raw, type Repository } from 'typeorm'
import { Ticket } from './entities/ticket.ts'
import { textFile } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let tickets: Repository<Ticket>

beforeAll(async () => {
  database = await TestDatabase.open([Ticket])
  tickets = database.dataSource.getRepository(Ticket)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

/** As docs/serving.md shows it. */
function holds(id: string) {
  return Raw((column) => `${column} LIKE :like`, { like: `%"${id}"%` })
}

describe('a row that holds a file', () => {
  it('is found by the id of the file', async () => {
    const [a, b] = await tickets.save(
      ['a', 'b'].map((number, seat) =>
        tickets.create({ number, seat, scan: textFile(number), extras: [textFile('1'), textFile('2')] }),
      ),
    )

    expect(await tickets.countBy({ scan: holds(a?.scan?.id ?? '') })).toBe(1)
    expect(await tickets.findBy({ extras: holds(b?.extras?.[1]?.id ?? '') })).toMatchObject([{ number: 'b' }])
    expect(await tickets.findBy({ number: 'a', extras: holds(b?.extras?.[1]?.id ?? '') })).toEqual([])
  })

  it('is not found by Like, and the error names what finds it', async () => {
    const finding = tickets.findBy({ scan: Like('%x%') as never })

    await expect(finding).rejects.toMatchObject({
      code: 'PENDING_FILE',
      message: expect.stringContaining('Raw()') as unknown,
    })
  })
})
