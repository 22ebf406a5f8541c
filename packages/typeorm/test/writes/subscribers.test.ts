import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type { EntitySubscriberInterface, Repository, UpdateEvent } from 'typeorm'
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

const failure = new Error('the subscriber fails on purpose')

async function texts(): Promise<(string | undefined)[]> {
  const rows = await tickets.find({ order: { number: 'ASC' } })
  return await Promise.all(rows.map(({ scan }) => textOf(scan)))
}

/** Runs with a subscriber of the application, which hears of everything before the library does, or after it. */
async function within(
  hooks: EntitySubscriberInterface<Ticket>,
  action: () => Promise<unknown>,
  place: 'before' | 'after' = 'before',
): Promise<void> {
  const { subscribers } = database.dataSource
  const subscriber: EntitySubscriberInterface<Ticket> = { listenTo: () => Ticket, ...hooks }
  if (place === 'before') subscribers.unshift(subscriber)
  else subscribers.push(subscriber)
  try {
    await action()
  } finally {
    subscribers.splice(subscribers.indexOf(subscriber), 1)
  }
}

describe('a subscriber of the application', () => {
  it('may set a file of an entity that is about to be changed', async () => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('old') })
    const setFile = ({ entity }: UpdateEvent<Ticket>) => {
      entity!.scan = textFile('by the subscriber')
    }

    await within({ beforeUpdate: setFile }, () => tickets.save({ id, train: 'ICE' }))

    expect(await texts()).toEqual(['by the subscriber'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('may take back the only change, after which there is no UPDATE and no new file', async () => {
    const entity = await tickets.save(tickets.create({ number: 'a', scan: textFile('old') }))
    const takeBack = async ({ entity: changed, databaseEntity }: UpdateEvent<Ticket>) => {
      await setTimeout(20)
      changed!.scan = databaseEntity.scan
    }

    entity.scan = textFile('new')
    await within({ beforeUpdate: takeBack }, () => tickets.save(entity))

    expect(await texts()).toEqual(['old'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('may take its time to set a file', async () => {
    const { id } = await tickets.save({ number: 'a', scan: textFile('old') })
    const setLate = async ({ entity }: UpdateEvent<Ticket>) => {
      await setTimeout(20)
      entity!.scan = textFile('later')
    }

    await within({ beforeUpdate: setLate }, () => tickets.save({ id, scan: textFile('new') }))

    expect(await texts()).toEqual(['later'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each<[string, EntitySubscriberInterface<Ticket>]>([
    ['throws before the INSERT', { beforeInsert: () => throwFailure() }],
    ['rejects before the INSERT', { beforeInsert: () => Promise.reject(failure) }],
    [
      'rejects before the INSERT, later',
      {
        beforeInsert: async () => {
          await setTimeout(20)
          throwFailure()
        },
      },
    ],
    ['throws after the INSERT', { afterInsert: () => throwFailure() }],
    ['rejects after the INSERT', { afterInsert: () => Promise.reject(failure) }],
    ['rejects before the commit', { beforeTransactionCommit: () => Promise.reject(failure) }],
  ])('that %s leaves no file', async (_, hooks) => {
    for (const place of ['before', 'after'] as const) {
      const save = () =>
        tickets.save([
          { number: 'a', scan: textFile('a') },
          { number: 'b', scan: textFile('b') },
        ])
      await within(hooks, () => expect(save()).rejects.toBe(failure), place)
    }

    expect(await tickets.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('that rejects after the commit does not undo it', async () => {
    await tickets.save({ number: 'a', scan: textFile('old') })
    const hooks = { afterTransactionCommit: () => Promise.reject(failure) }

    await within(hooks, () =>
      expect(tickets.save({ number: 'b', scan: textFile('committed') })).rejects.toBe(failure),
    )

    expect(await texts()).toEqual(['old', 'committed'])
  })

  it('may save another row with a file, which goes with the transaction', async () => {
    const saveAnother: EntitySubscriberInterface<Ticket> = {
      afterInsert: async ({ entity, manager }) => {
        if (entity.number === 'a') await manager.save(Ticket, { number: 'b', scan: textFile('b') })
      },
    }

    await within(saveAnother, async () => {
      await tickets.save({ number: 'a', scan: textFile('a') })
      expect(await texts()).toEqual(['a', 'b'])
      await tickets.deleteAll()
      const saving = database.dataSource.transaction(async (manager) => {
        await manager.save(Ticket, { number: 'a', scan: textFile('a') })
        throw failure
      })
      await expect(saving).rejects.toBe(failure)
    })

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

function throwFailure(): never {
  throw failure
}
