import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { attachDepot, isFileGone, ledgerOf } from '@filedepot/typeorm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { DataSource, type EntityManager } from 'typeorm'
import { Note } from '../entities/note.ts'
import { textFile, textOf } from '../support/contents.ts'
import { kind, quoted, typeormVersion } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.open([Note], { ledger: true })
})

afterAll(() => database.close())

afterEach(async () => {
  await database.recover()
  await database.endTest()
})

const manager = (): EntityManager => database.dataSource.manager

/** What the background has left, without looking for lost uploads. */
async function leftFiles(): Promise<string[]> {
  await database.depot.upkeep()
  return await database.pathsOfFiles()
}

/** What is deleted next, without anybody who asks for it. */
async function nextDeleted(): Promise<readonly string[]> {
  const [{ paths }] = (await once(database.depot, 'deleted')) as [{ paths: readonly string[] }]
  return paths
}

async function texts(): Promise<Record<string, string | undefined>> {
  const notes = await manager().find(Note, { order: { name: 'ASC' } })
  const pairs = notes.map(async ({ name, file }) => [name, await textOf(file)] as const)
  return Object.fromEntries(await Promise.all(pairs))
}

async function saved(name: string, text = name): Promise<Note> {
  return await manager().save(manager().create(Note, { name, file: textFile(text) }))
}

describe('with a ledger, files are uploaded before the statement', () => {
  it.each<[string, (note: Note) => Promise<unknown>]>([
    ['save', (note) => manager().save(note)],
    ['save of a list', (note) => manager().save([note])],
    ['save without a transaction', (note) => manager().save(note, { transaction: false })],
    ['insert', (note) => manager().insert(Note, note)],
    ['upsert', (note) => manager().upsert(Note, note, ['name'])],
    [
      'an insert builder that ignores',
      (note) => manager().createQueryBuilder().insert().into(Note).values(note).orIgnore().execute(),
    ],
    ['save in a transaction', (note) => manager().transaction((inner) => inner.save(note))],
  ])('of %s', async (_, write) => {
    const note = manager().create(Note, { name: 'a', file: textFile('one') })

    await write(note)

    expect(note.file).toMatchObject({ isPending: false })
    expect(await texts()).toEqual({ a: 'one' })
    expect(await leftFiles()).toEqual(note.file?.files)
  })

  it.each<[string, (file: UploadedFile) => Promise<unknown>]>([
    [
      'save',
      async (file) =>
        manager().save(Object.assign(await manager().findOneByOrFail(Note, { name: 'a' }), { file })),
    ],
    ['save of a plain object', (file) => manager().save(Note, { name: 'a', file })],
    ['update', (file) => manager().update(Note, { name: 'a' }, { file })],
    [
      'an update builder',
      (file) => manager().createQueryBuilder().update(Note).set({ file }).where({ name: 'a' }).execute(),
    ],
    ['upsert', (file) => manager().upsert(Note, { name: 'a', text: '', file }, ['name'])],
    [
      'update in a transaction',
      (file) => manager().transaction((inner) => inner.update(Note, 'a', { file })),
    ],
  ])('and what they replace is deleted by itself: %s', async (_, write) => {
    const { file } = await saved('a', 'one')
    await database.depot.upkeep()
    const deleted = nextDeleted()

    await write(textFile('two'))

    expect(await deleted).toEqual(file?.files)
    expect(await texts()).toEqual({ a: 'two' })
    expect(await leftFiles()).toHaveLength(1)
  })

  it('and several rows of an update by criteria share a file, which goes with the last', async () => {
    await saved('a')
    await saved('b')

    await manager()
      .update(Note, {}, { file: textFile('both') })
      .catch(async () => {
        // TypeORM 1.1 takes no empty criteria.
        await manager()
          .createQueryBuilder()
          .update(Note)
          .set({ file: textFile('both') })
          .execute()
      })
    expect(await texts()).toEqual({ a: 'both', b: 'both' })
    expect(await leftFiles()).toHaveLength(1)
    await manager().delete(Note, 'a')

    expect(await leftFiles()).toHaveLength(1)
  })

  it('and a stored value that a second row gets is shared', async () => {
    const { file } = await saved('a')
    await manager().save(manager().create(Note, { name: 'b', file }))
    await manager().delete(Note, 'a')

    expect(await leftFiles()).toEqual(file?.files)
    expect(await texts()).toEqual({ b: 'a' })
  })
})

// A second ledger is refused, as one database deletes in a storage.
describe('with a ledger, a value of a row of a database without one', () => {
  it('is copied, as it goes with its row', async () => {
    const entities = [Note]
    const plain = new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      synchronize: true,
      entities,
    })
    const other = await attachDepot(plain, database.depot).initialize()
    const { name } = await other.manager.save(Note, { name: 'theirs', file: textFile('one') })
    const theirs = await other.manager.findOneByOrFail(Note, { name })

    const ours = await manager().save(Note, { name: 'ours', file: theirs.file })
    await other.manager.save(Note, { name: 'back', file: ours.file })
    await other.manager.delete(Note, { name: 'theirs' })
    expect(await texts()).toEqual({ ours: 'one' })
    await manager().delete(Note, 'ours')
    await database.depot.upkeep()

    expect(await textOf((await other.manager.findOneByOrFail(Note, { name: 'back' })).file)).toBe('one')
    await other.manager.delete(Note, { name: 'back' })
    expect(await leftFiles()).toEqual([])
    await other.destroy()
  })
})

describe('with a ledger, the files of rows that go are deleted', () => {
  it.each<[string, (note: Note) => Promise<unknown>]>([
    ['remove', (note) => manager().remove(note)],
    ['delete', (note) => manager().delete(Note, { name: note.name })],
    ['a delete builder', () => manager().createQueryBuilder().delete().from(Note).execute()],
    ['raw SQL', () => manager().query(`DELETE FROM ${quoted('note')}`)],
    ['save of null', (note) => manager().save(Object.assign(note, { file: null }))],
    ['update to null', () => manager().update(Note, { name: 'a' }, { file: null })],
  ])('by itself, after %s', async (_, write) => {
    const note = await saved('a')
    const { files } = note.file ?? {}
    await database.depot.upkeep()
    const deleted = nextDeleted()

    await write(note)

    expect(await deleted).toEqual(files)
    expect(await leftFiles()).toEqual([])
  })

  if (kind !== 'mariadb') {
    it('by a cascade of the database, two levels deep', async () => {
      await saved('a')
      await manager().save(Note, { name: 'b', file: textFile('b'), parent: { name: 'a' } })
      await manager().save(Note, { name: 'c', file: textFile('c'), parent: { name: 'b' } })

      await manager().delete(Note, 'a')

      expect(await leftFiles()).toEqual([])
      expect(await manager().count(Note)).toBe(0)
    })
  }

  if (kind === 'postgres') {
    it('by TRUNCATE', async () => {
      await saved('a')

      await manager().query('TRUNCATE note')

      expect(await leftFiles()).toEqual([])
    })
  }
})

describe('with a ledger, a write that comes to nothing', () => {
  it('leaves no upload of a transaction that is rolled back, and gives the pending value back', async () => {
    const pending = textFile('one')
    const note = manager().create(Note, { name: 'a', file: pending })
    await rolledBack(database.dataSource, (inner) => inner.save(note))

    expect(note.file).toBe(pending)
    expect(await leftFiles()).toEqual([])
    await manager().save(note)
    expect(await texts()).toEqual({ a: 'one' })
  })

  it('leaves no upload of a savepoint that is rolled back, and keeps those around it', async () => {
    const pending = textFile('inner')
    const inner = manager().create(Note, { name: 'b', file: pending })
    await manager().transaction(async (outside) => {
      await outside.save(outside.create(Note, { name: 'a', file: textFile('outer') }))
      const failing = outside.transaction(async (inside) => {
        await inside.save(inner)
        throw new Error('on purpose')
      })
      await expect(failing).rejects.toThrow('on purpose')
      expect(inner.file).toBe(pending)
    })

    expect(await texts()).toEqual({ a: 'outer' })
    expect(await leftFiles()).toHaveLength(1)
  })

  it('keeps what a rolled back transaction has replaced and removed', async () => {
    const a = await saved('a')
    await saved('b')
    await rolledBack(database.dataSource, async (inner) => {
      await inner.save(Object.assign(a, { file: textFile('new') }))
      await inner.delete(Note, 'b')
    })

    expect(await leftFiles()).toHaveLength(2)
    expect(await texts()).toEqual({ a: 'a', b: 'b' })
  })

  // TypeORM 0.3 tells subscribers nothing of failed statements on SQLite: a sweep finds those files.
  if (kind !== 'sqlite' || typeormVersion !== '0.3') {
    it('leaves no upload of a statement that fails outside a transaction', async () => {
      await saved('a')
      const pending = textFile('again')
      const again = manager().create(Note, { name: 'a', file: pending })

      await expect(manager().insert(Note, again)).rejects.toThrow()

      expect(again.file).toBe(pending)
      expect(await leftFiles()).toHaveLength(1)
    })
  }

  it('leaves no upload of a row that was ignored, or of an update of no row', async () => {
    await saved('a')
    await manager()
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values({ name: 'a', file: textFile('no') })
      .orIgnore()
      .execute()
    await manager().update(Note, { name: 'nobody' }, { file: textFile('no') })

    expect(await leftFiles()).toHaveLength(1)
    expect(await texts()).toEqual({ a: 'a' })
  })

  it.each<[string, (notes: Note[]) => Promise<unknown>]>([
    ['save', (notes) => manager().save(notes)],
    ['insert', (notes) => manager().insert(Note, notes)],
  ])('leaves none of the files of several rows of which one cannot be uploaded: %s', async (_, write) => {
    const notes = ['a', 'b', 'c'].map((name) => manager().create(Note, { name, file: textFile(name) }))
    const pending = notes.map(({ file }) => file)
    database.chaos.fail('write', { on: 2 })

    await expect(write(notes)).rejects.toThrow()
    database.chaos.restore()

    expect(notes.map(({ file }) => file)).toEqual(pending)
    expect(await leftFiles()).toEqual([])
    await write(notes)
    expect(await texts()).toEqual({ a: 'a', b: 'b', c: 'c' })
    expect(await leftFiles()).toHaveLength(3)
  })

  it('leaves another one alone that began at the same moment', async () => {
    database.chaos.delay('write', 20, { on: 1 })
    database.chaos.fail('write', { on: 2 })
    const [a, b] = ['a', 'b'].map((name) => manager().create(Note, { name, file: textFile(name) }))

    const outcomes = await Promise.allSettled([manager().insert(Note, a!), manager().insert(Note, b!)])
    database.chaos.restore()

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect([a?.file, b?.file]).toMatchObject([{ isPending: false }, { isPending: true }])
    expect(await texts()).toEqual({ a: 'a' })
    expect(await leftFiles()).toEqual(a?.file?.files)
  })

  it('is refused if listeners are off and a file is pending', async () => {
    const note = manager().create(Note, { name: 'a', file: textFile('one') })

    await expect(manager().save(note, { listeners: false })).rejects.toMatchObject({ code: 'PENDING_FILE' })

    expect(await manager().count(Note)).toBe(0)
    expect(await leftFiles()).toEqual([])
  })

  it('is refused by the database if its file has gone', async () => {
    const { file } = await saved('a')
    await manager().delete(Note, 'a')
    expect(await leftFiles()).toEqual([])

    const error: unknown = await manager()
      .save(Note, { name: 'b', file })
      .catch((reason: unknown) => reason)

    expect(isFileGone(error)).toBe(true)
    expect(await manager().count(Note)).toBe(0)
  })
})

describe('with a ledger, an entity', () => {
  it('does not put an old file back that was replaced since it was loaded', async () => {
    await saved('a', 'one')
    const stale = await manager().findOneByOrFail(Note, { name: 'a' })
    await manager().update(Note, 'a', { file: textFile('two') })

    await manager().save(Object.assign(stale, { text: 'changed' }))

    expect(await texts()).toEqual({ a: 'two' })
    expect(await textOf(stale.file)).toBe('two')
    expect(await leftFiles()).toHaveLength(1)
  })

  it('keeps its file when it was loaded in part, and is saved twice', async () => {
    await saved('a', 'one')
    const part = await manager().findOneOrFail(Note, {
      select: { name: true, text: true },
      where: { name: 'a' },
    })

    await manager().save(Object.assign(part, { text: 'first' }))
    expect(part.file).toBeUndefined()
    await manager().save(Object.assign(part, { text: 'second' }))

    expect(await texts()).toEqual({ a: 'one' })
  })

  it('that has not changed is not written', async () => {
    const note = await saved('a')
    const { path } = note.file ?? {}
    await manager().save(note)
    await manager().save(await manager().findOneByOrFail(Note, { name: 'a' }))

    expect(await leftFiles()).toEqual([path])
  })
})

describe('ledgerOf', () => {
  it('gives the ledger that is installed', async () => {
    await saved('a')

    expect(await ledgerOf(database.dataSource).check()).toMatchObject({ isReady: true })
    expect(await ledgerOf(database.dataSource).stats()).toMatchObject({ used: 1, waiting: 0 })
  })
})
