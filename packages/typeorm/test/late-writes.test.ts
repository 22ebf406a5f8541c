import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type { EntityManager, QueryRunner } from 'typeorm'
import { Note } from './entities/note.ts'
import { textFile, textOf } from './support/contents.ts'
import { kind } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

/** Ways of writing with the manager of a transaction. */
const WAYS: Record<string, (manager: EntityManager) => Promise<unknown>> = {
  'save of a new row': (manager) =>
    manager.save(Note, { name: 'late', text: 'late', file: textFile('late') }),
  'save that replaces a file': (manager) =>
    manager.save(Note, { name: 'there', text: 'late', file: textFile('late') }),
  'save without listeners': (manager) =>
    manager.save(Note, { name: 'late', text: 'late', file: null }, { listeners: false }),
  remove: async (manager) => manager.remove(manager.create(Note, { name: 'there' })),
  insert: (manager) => manager.insert(Note, { name: 'late', text: 'late', file: textFile('late') }),
  upsert: (manager) =>
    manager.upsert(Note, { name: 'there', text: 'late', file: textFile('late') }, ['name']),
  update: (manager) => manager.update(Note, { name: 'there' }, { text: 'late', file: textFile('late') }),
  'update of another column': (manager) =>
    manager.update(Note, { name: 'there' }, { parent: { name: 'there' } }),
  delete: (manager) => manager.delete(Note, { name: 'there' }),
  clear: (manager) => manager.clear(Note),
  'repository.save': (manager) =>
    manager.getRepository(Note).save({ name: 'late', text: 'late', file: textFile('late') }),
  'repository.delete': (manager) => manager.getRepository(Note).delete({ name: 'there' }),
  'builder.insert': (manager) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values({ name: 'late', text: 'late', file: textFile('late') })
      .execute(),
  'builder.insert or update': (manager) =>
    manager
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values({ name: 'there', text: 'late', file: textFile('late') })
      .orUpdate(['text', 'file'], ['name'])
      .execute(),
  'builder.update': (manager) =>
    manager
      .createQueryBuilder()
      .update(Note)
      .set({ text: 'late', file: textFile('late') })
      .where({ name: 'there' })
      .execute(),
  'builder.delete': (manager) =>
    manager.createQueryBuilder().delete().from(Note).where({ name: 'there' }).execute(),
  'builder without listeners': (manager) =>
    manager.createQueryBuilder().delete().from(Note).where({ name: 'there' }).callListeners(false).execute(),
  'relation builder': (manager) =>
    manager.createQueryBuilder().relation(Note, 'parent').of({ name: 'there' }).set({ name: 'there' }),
  'nested transaction': (manager) =>
    manager.transaction((inner) => inner.save(Note, { name: 'late', text: 'late', file: textFile('late') })),
}

class RolledBack extends Error {}

let database: TestDatabase
/** Called when the statement is sent, before it runs. */
let onStatement: ((sql: string) => void) | undefined

beforeEach(async () => {
  onStatement = undefined
  const logger = {
    logQuery: (sql: string) => onStatement?.(sql),
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
    logSchemaBuild: () => undefined,
    logMigration: () => undefined,
    log: () => undefined,
  }
  database = await TestDatabase.open([Note], { dataSource: { logger, logging: true } })
  await database.dataSource.manager.save(Note, { name: 'there', text: 'first', file: textFile('first') })
})

afterEach(async () => {
  await database.close()
})

/** What the rows say, after they and their files were compared. */
async function state(): Promise<string[]> {
  await setTimeout(kind === 'sqlite' ? 5 : 30)
  await database.expectFilesMatchRows()
  expect([...database.unsettled]).toEqual([])
  const notes = await database.dataSource.getRepository(Note).find({ order: { name: 'ASC' } })
  for (const { text, file } of notes) if (file) expect(await textOf(file)).toBe(text)
  return notes.map(({ name, text }) => `${name}: ${text}`)
}

/** Calls `write` when a statement is sent; the promise never rejects, and says how the write ended. */
function at(statement: string, write: () => Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    onStatement = (sql) => {
      if (!sql.startsWith(statement)) return
      onStatement = undefined
      queueMicrotask(() => {
        resolve(
          write().then(
            () => 'written',
            (error: unknown) => (error as { code?: unknown }).code ?? error,
          ),
        )
      })
    }
  })
}

describe.each(Object.entries(WAYS))('%s that comes while', (way, write) => {
  it('ROLLBACK is on its way is refused, and changes nothing', async () => {
    let late: Promise<unknown> | undefined
    const running = database.dataSource.transaction(async (manager) => {
      await manager.save(Note, { name: 'in time', text: 'in time', file: textFile('in time') })
      late = at('ROLLBACK', () => write(manager))
      throw new RolledBack()
    })

    await expect(running).rejects.toThrow(RolledBack)
    expect(await late).toBe('TRANSACTION_SETTLED')
    expect(await state()).toEqual(['there: first'])
  })

  it('COMMIT is on its way is refused, and changes nothing', async () => {
    let late: Promise<unknown> | undefined
    await database.dataSource.transaction(async (manager) => {
      await manager.save(Note, { name: 'in time', text: 'in time', file: textFile('in time') })
      late = at('COMMIT', () => write(manager))
    })

    // It asks for more turns of the event loop than SQLite needs for a COMMIT, and is then one on its own.
    const isLater = kind === 'sqlite' && way === 'relation builder' && (await late) === 'written'
    if (!isLater) expect(await late).toBe('TRANSACTION_SETTLED')
    expect(await state()).toEqual(['in time: in time', 'there: first'])
  })

  it('a savepoint is rolled back is done after it, in the transaction', async () => {
    // MariaDB commits a TRUNCATE with itself.
    if (kind === 'mariadb' && way === 'clear') return
    let late: Promise<unknown> | undefined
    await database.dataSource
      .transaction(async (manager) => {
        late = at('ROLLBACK TO', () => write(manager))
        await manager
          .transaction(async (inner) => {
            await inner.save(Note, { name: 'inner', text: 'inner', file: textFile('inner') })
            throw new RolledBack()
          })
          .catch(() => undefined)
        expect(await late).toBe('written')
        throw new RolledBack()
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error
      })

    expect(await state()).toEqual(['there: first'])
  })

  it('siblings fail at any moment leaves rows and files in agreement', async () => {
    // MariaDB commits a TRUNCATE with itself, and all that came before.
    if (kind === 'mariadb' && way === 'clear') return
    for (let round = 0; round < 6; round++) {
      let writing: Promise<void>[] = []
      const running = database.dataSource.transaction((manager) => {
        writing = [1, 2].map(async () => {
          await setTimeout(Math.random() * 6)
          await write(manager)
        })
        const failing = setTimeout(Math.random() * 4).then(() => Promise.reject(new RolledBack()))
        return Promise.all([failing, ...writing])
      })
      await running.catch(() => undefined)
      // One that stands alone would replace a file while it is read.
      await Promise.allSettled(writing)
      const rows = await state()
      // On SQLite's one connection, a write that comes after the end is one on its own.
      if (kind !== 'sqlite') expect(rows).toEqual(['there: first'])
    }
  })
})

describe('after its transaction', () => {
  it('a subscriber may write, with the query runner of the event', async () => {
    let wanted = true
    database.dataSource.subscribers.unshift({
      afterTransactionCommit: async ({ manager }: { manager: EntityManager }) => {
        if (!wanted) return
        wanted = false
        await manager.save(Note, { name: 'by subscriber', text: 'b', file: textFile('b') })
      },
    })

    await database.dataSource.transaction((manager) =>
      manager.save(Note, { name: 'a', text: 'a', file: textFile('a') }),
    )

    expect(await state()).toEqual(['a: a', 'by subscriber: b', 'there: first'])
  })

  it('a query runner of your own takes the next one', async () => {
    const queryRunner: QueryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    await queryRunner.manager.save(Note, { name: 'a', text: 'a', file: textFile('a') })
    await queryRunner.rollbackTransaction()
    await queryRunner.manager.save(Note, { name: 'b', text: 'b', file: textFile('b') })
    await queryRunner.startTransaction()
    await queryRunner.manager.save(Note, { name: 'c', text: 'c', file: textFile('c') })
    await queryRunner.commitTransaction()
    await queryRunner.release()

    expect(await state()).toEqual(['b: b', 'c: c', 'there: first'])
  })
})

describe('a write that outlives the end of its transaction', () => {
  it('cannot send its statement', async () => {
    await database.close()
    database = await TestDatabase.open([Note], { maxWait: 20 })
    await database.dataSource.manager.save(Note, { name: 'there', text: 'first', file: textFile('first') })
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    database.dataSource.subscribers.unshift({
      listenTo: () => Note,
      beforeUpdate: () => gate,
    })
    let late: Promise<unknown> | undefined
    const running = database.dataSource.transaction(async (manager) => {
      late = manager.save(Note, { name: 'there', text: 'late' })
      late.catch(() => undefined)
      await setTimeout(20)
      throw new RolledBack()
    })
    await expect(running).rejects.toThrow(RolledBack)
    open()

    await expect(late).rejects.toThrow()
    expect(await state()).toEqual(['there: first'])
  })
})
