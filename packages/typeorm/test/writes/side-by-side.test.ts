import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { EntityManager } from 'typeorm'
import { Note } from '../entities/note.ts'
import { textFile } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
/** Called when a statement is sent. */
let onStatement: (sql: string) => void = () => undefined

beforeAll(async () => {
  const logger = {
    logQuery: (sql: string) => {
      onStatement(sql)
    },
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
    logSchemaBuild: () => undefined,
    logMigration: () => undefined,
    log: () => undefined,
  }
  database = await TestDatabase.open([Note], { dataSource: { logger, logging: true } })
})

afterEach(() => database.endTest())

afterAll(() => database.close())

/** Ways to put the note "child" under the note "parent". */
const MOVES: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  save: (manager) => manager.save(Note, { name: 'child', parent: { name: 'parent' } }),
  update: (manager) => manager.update(Note, 'child', { parent: { name: 'parent' } }),
  'a builder of the manager': (manager) =>
    manager
      .createQueryBuilder()
      .update(Note)
      .set({ parent: { name: 'parent' } })
      .where({ name: 'child' })
      .execute(),
  'a builder that a builder has made': (manager) =>
    manager
      .createQueryBuilder(Note, 'note')
      .createQueryBuilder()
      .update(Note)
      .set({ parent: { name: 'parent' } })
      .where({ name: 'child' })
      .execute(),
  'the builder of a relation': (manager) =>
    manager.createQueryBuilder().relation(Note, 'parent').of('child').set('parent'),
  'the builder of a relation of a repository': (manager) =>
    manager.getRepository(Note).createQueryBuilder('note').relation('parent').of('child').set('parent'),
}

describe('a row that is moved beside the removal of its new parent', () => {
  it.each(Object.entries(MOVES))('by %s has its file, or takes it along', async (_, move) => {
    await database.dataSource.manager.save(Note, [
      { name: 'parent', text: 'parent', file: textFile('parent') },
      { name: 'child', text: 'child', file: textFile('child') },
    ])

    const outcome = await Promise.allSettled([
      database.dataSource.transaction(async (manager) => {
        // The rows that go with the parent are known then, and it is still there.
        const looked = new Promise<void>((resolve) => {
          let selects = 0
          onStatement = (sql) => {
            if (sql.startsWith('SELECT') && ++selects === 2) resolve()
          }
        })
        await Promise.all([manager.delete(Note, { name: 'parent' }), looked.then(() => move(manager))])
      }),
    ])

    const rows = await database.dataSource.manager.find(Note)
    expect(await database.pathsOfFiles()).toHaveLength(rows.length)
    // Whoever comes second finds no parent: the foreign key refuses it.
    if (outcome[0].status === 'rejected') expect(rows).toHaveLength(2)
  })
})
