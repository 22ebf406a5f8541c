import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { EntityManager, Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { Note } from './entities/note.ts'
import { brokenFile, textFile, textOf } from './support/contents.ts'
import { isOn } from './support/database-kind.ts'
import { untilSomebodyWaits } from './support/lock-waits.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
let notes: Repository<Note>

beforeEach(async () => {
  database = await TestDatabase.open([Document, Note])
  notes = database.dataSource.getRepository(Note)
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { title: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

describe('saves at the same time', () => {
  it('each keep their row and their file', async () => {
    database.chaos.delay('write', 5)

    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        documents.save({ title: String(index).padStart(2, '0'), content: textFile(`file ${index}`) }),
      ),
    )

    expect(await texts()).toEqual(Array.from({ length: 20 }, (_, index) => `file ${index}`))
  })

  it('do not go down with one that fails', async () => {
    const saving = ['a', 'broken', 'c', 'broken', 'e'].map((title) =>
      documents.save({ title, content: title === 'broken' ? brokenFile() : textFile(title) }),
    )

    const results = await Promise.allSettled(saving)

    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(await texts()).toEqual(['a', 'c', 'e'])
  })

  it('do not go down with a transaction that is rolled back', async () => {
    const failure = new Error('rolled back')
    database.chaos.delay('write', 5)

    const results = await Promise.allSettled([
      database.dataSource.transaction(async (manager) => {
        await manager.save(Document, { title: 'a', content: textFile('in the transaction') })
        throw failure
      }),
      documents.save({ title: 'b', content: textFile('beside it') }),
      database.dataSource.transaction((manager) =>
        manager.save(Document, { title: 'c', content: textFile('own') }),
      ),
    ])

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(await texts()).toEqual(['beside it', 'own'])
  })

  it('replace the file of one row one after the other', async () => {
    const { id } = await documents.save({ content: textFile('first') })

    await Promise.all(['a', 'b', 'c', 'd'].map((text) => documents.save({ id, content: textFile(text) })))

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('wait for their turn also where they were started in a transaction that has ended since', async () => {
    let late: Promise<unknown> | undefined
    await database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { title: 'a', content: textFile('in time') })
      late = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return await documents.save({ title: 'b', content: textFile('late') })
      })()
    })

    await late

    expect(await texts()).toEqual(['in time', 'late'])
  })
})

describe('saves at the same time on the one connection of SQLite', () => {
  if (!isOn('sqlite')) return

  it('join the transaction that they are called in, through the outer repository too', async () => {
    const failure = new Error('rolled back')

    const running = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('inner') })
      await documents.save({ content: textFile('outer repository') })
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await documents.count()).toBe(0)
  })

  it('say what they wait for where a transaction waits for them, and let the others go on', async () => {
    await database.close()
    database = await TestDatabase.open([Document, Note], { turnTimeout: 100 })
    documents = database.dataSource.getRepository(Document)
    // A loop that has run since before the transaction, as that of a queue of jobs.
    let hand: (job: () => Promise<unknown>) => void = () => undefined
    const job = new Promise<() => Promise<unknown>>((resolve) => (hand = resolve))
    const ran = job.then((run) => run())
    ran.catch(() => undefined)

    const running = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { title: 'a', content: textFile('in the transaction') })
      hand(() => documents.save({ title: 'b', content: textFile('by the queue') }))
      await ran
    })
    const later = documents.save({ title: 'c', content: textFile('later') })
    later.catch(() => undefined)

    await expect(running).rejects.toMatchObject({
      code: 'TURN_TIMEOUT',
      message: expect.stringContaining('the one connection of the database'),
    })
    await later.catch(() => undefined)
    await documents.save({ title: 'd', content: textFile('the last') })
    expect((await texts()).at(-1)).toBe('the last')
  })

  it('and on a query runner of its own leave no row without its file', async () => {
    database.chaos.delay('write', 5)
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    const inside = queryRunner.manager.save(Document, { title: 'a', content: textFile('inside') })
    const beside = documents.save({ title: 'b', content: textFile('beside') })

    await inside
    await queryRunner.rollbackTransaction()
    await beside.catch(() => undefined)

    const files = await database.pathsOfFiles()
    const missing = (await database.pathsOfRows()).filter((path) => !files.includes(path))
    expect(missing).toEqual([])
  })
})

describe('a row that another transaction is writing', () => {
  if (isOn('sqlite')) return

  /** Runs the write in one transaction, and the other as soon as it waits for it. */
  async function race(
    first: (manager: EntityManager) => Promise<unknown>,
    second: () => Promise<unknown>,
  ): Promise<void> {
    let waiting: Promise<unknown> = Promise.resolve()
    await database.dataSource.transaction(async (manager) => {
      await first(manager)
      waiting = second()
      waiting.catch(() => undefined)
      await untilSomebodyWaits()
    })
    await waiting
  }

  const KEY = { name: 'mine' }

  async function savedNote(): Promise<Note> {
    await notes.save({ ...KEY, text: 'first', file: textFile('first') })
    return await notes.findOneByOrFail(KEY)
  }

  async function deleteAndInsert(manager: EntityManager): Promise<void> {
    await manager.delete(Note, KEY)
    await manager.insert(Note, { ...KEY, text: 'second', file: textFile('second') })
  }

  async function textsOfNotes(): Promise<(string | undefined)[]> {
    return await Promise.all((await notes.find()).map(({ file }) => textOf(file)))
  }

  it('gives up the file that it has then, not the one that it had when it was loaded', async () => {
    const stale = await savedNote()
    stale.file = textFile('third')

    await race(
      (manager) => manager.save(Note, { ...KEY, file: textFile('second') }),
      () => notes.save(stale),
    )

    expect(await textsOfNotes()).toEqual(['third'])
  })

  it('gives up its file also where it was deleted and put there again', async () => {
    const stale = await savedNote()
    stale.file = textFile('third')

    await race(deleteAndInsert, () => notes.save(stale))

    expect(await textsOfNotes()).toEqual(['third'])
  })

  it('takes no file where it was deleted', async () => {
    const stale = await savedNote()
    stale.file = textFile('never')

    await race(
      (manager) => manager.delete(Note, KEY),
      () => notes.save(stale),
    )

    expect(await notes.count()).toBe(0)
  })

  it.each<[string, (note: Note) => Promise<unknown>, string[]]>([
    ['removed', (note) => notes.remove(note), []],
    ['deleted by criteria', () => notes.delete(KEY), []],
    // PostgreSQL's own UPDATE would not see the new row either.
    [
      'updated by criteria',
      () => notes.update(KEY, { file: textFile('third') }),
      [isOn('postgres') ? 'second' : 'third'],
    ],
    ['overwritten', () => notes.upsert({ ...KEY, file: textFile('third') }, ['name']), ['third']],
  ])('and is %s then gives up the newest file', async (_, write, left) => {
    const note = await savedNote()

    await race(deleteAndInsert, () => write(note))

    expect(await textsOfNotes()).toEqual(left)
  })
})
