import 'reflect-metadata'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { DataSource, EventSubscriber, type EntitySubscriberInterface } from 'typeorm'
import { Note } from '../entities/note.ts'
import { dataSourceOptions } from '../support/data-source-options.ts'
import { TestDatabase } from '../support/test-database.ts'

/** The names of the events that the subscriber has heard, in their order. */
let heard: string[] = []

beforeEach(() => {
  heard = []
})

/** Hears all that happens in a data source. */
@EventSubscriber()
class HearsAll implements EntitySubscriberInterface {
  afterLoad = () => void heard.push('afterLoad')
  beforeQuery = () => void heard.push('beforeQuery')
  afterQuery = () => void heard.push('afterQuery')
  beforeInsert = () => void heard.push('beforeInsert')
  afterInsert = () => void heard.push('afterInsert')
  beforeUpdate = () => void heard.push('beforeUpdate')
  afterUpdate = () => void heard.push('afterUpdate')
  beforeTransactionStart = () => void heard.push('beforeTransactionStart')
  afterTransactionStart = () => void heard.push('afterTransactionStart')
  beforeTransactionCommit = () => void heard.push('beforeTransactionCommit')
  afterTransactionCommit = () => void heard.push('afterTransactionCommit')
  beforeTransactionRollback = () => void heard.push('beforeTransactionRollback')
  afterTransactionRollback = () => void heard.push('afterTransactionRollback')
}

/** What is heard of two saves, a load, and a transaction that is rolled back. */
async function eventsOf(dataSource: DataSource, name = 'a'): Promise<string[]> {
  const notes = dataSource.getRepository(Note)
  heard = []
  const note = await notes.save({ name, text: 'first' })
  await notes.save(Object.assign(note, { text: 'second' }))
  await notes.find()
  const rollback = dataSource.transaction(async (manager) => {
    await manager.save(Note, { name: 'c' })
    throw new Error('rolled back')
  })
  await expect(rollback).rejects.toThrow('rolled back')
  return [...heard]
}

describe('a subscriber of the application', () => {
  it('hears all events that it hears without filedepot', async () => {
    const options = await dataSourceOptions({ entities: [Note], subscribers: [HearsAll] })
    const plain = await new DataSource(options).initialize()
    const expected = await eventsOf(plain)
    await plain.destroy()
    const database = await TestDatabase.open([Note], { dataSource: { subscribers: [HearsAll] } })

    expect(await eventsOf(database.dataSource)).toEqual(expected)
    expect(expected).toEqual(expect.arrayContaining(['beforeQuery', 'afterLoad', 'afterTransactionRollback']))
    await database.close()
  })

  it('hears them also where it was added later', async () => {
    const database = await TestDatabase.open([Note])
    const unheard = await eventsOf(database.dataSource)
    expect(unheard).toEqual([])

    database.dataSource.subscribers.push(new HearsAll())

    expect(await eventsOf(database.dataSource, 'b')).toEqual(
      expect.arrayContaining([
        'beforeQuery',
        'afterQuery',
        'beforeTransactionStart',
        'afterTransactionStart',
        'beforeTransactionCommit',
        'afterTransactionCommit',
        'beforeTransactionRollback',
        'afterTransactionRollback',
        'afterLoad',
      ]),
    )
    await database.close()
  })
})
