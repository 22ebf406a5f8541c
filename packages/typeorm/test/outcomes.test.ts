import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import type { EntityManager, Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { Receipt } from './entities/receipt.ts'
import { textFile, textOf } from './support/contents.ts'
import { isOn, says, typeormVersion } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

/** How a transaction ended, where it did not end as TypeORM says: facts §2.4 and §2.5. */
let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document, Receipt])
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRowsOrReports()
  await database.close()
})

const failure = new Error('rolled back on purpose')

/** Replaces the file of one row, removes another, and adds a third. */
async function changeAll(manager: EntityManager): Promise<void> {
  const [replaced, removed] = await manager.find(Document, { order: { id: 'ASC' } })
  replaced!.content = textFile('replaced')
  await manager.save(replaced)
  await manager.remove(removed)
  await manager.save(Document, { content: textFile('added') })
}

async function twoDocuments(): Promise<void> {
  await documents.save({ content: textFile('first') })
  await documents.save({ content: textFile('second') })
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { id: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

const BEFORE = ['first', 'second']
const AFTER = ['replaced', 'added']

/** Nothing had to be kept because of a doubt. */
async function expectCertain(): Promise<void> {
  expect([...database.unsettled]).toEqual([])
  await database.expectFilesMatchRows()
}

describe('an error that is caught in a transaction of PostgreSQL, which then answers COMMIT with ROLLBACK', () => {
  if (!isOn('postgres')) return

  it('is told to whoever commits, and nothing has happened to the files', async () => {
    await twoDocuments()

    const committing = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.query('SELECT 1 / 0').catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({
      code: 'TRANSACTION_ABORTED',
      cause: { driverError: { code: '25P02' } },
    })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('is noticed also where it happened past TypeORM', async () => {
    await twoDocuments()
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    await changeAll(queryRunner.manager)
    const client = (await queryRunner.connect()) as { query(sql: string): Promise<unknown> }
    await client.query('SELECT 1 / 0').catch(() => undefined)

    await queryRunner.commitTransaction()
    await queryRunner.release()

    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it.each(Array.from({ length: 12 }, (_, count) => count))(
    'is noticed also in a read that nobody waits for (%i ticks later)',
    async (ticks) => {
      await twoDocuments()
      const reads: Promise<unknown>[] = []

      const committing = database.dataSource.transaction(async (manager) => {
        await changeAll(manager)
        const read = async () => {
          for (let tick = 0; tick < ticks; tick++) await Promise.resolve()
          await manager.query('SELECT 1 / 0')
        }
        reads.push(read().catch(() => undefined))
      })
      await Promise.allSettled([committing])
      await Promise.all(reads)

      expect([BEFORE, AFTER]).toContainEqual(await texts())
      await expectCertain()
    },
  )

  it('is forgotten with the savepoint in which it happened', async () => {
    await twoDocuments()

    await database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.transaction((inner) => inner.query('SELECT 1 / 0')).catch(() => undefined)
    })

    expect(await texts()).toEqual(AFTER)
    await expectCertain()
  })

  it('stops whoever goes on to save files', async () => {
    await twoDocuments()
    const written = database.chaos.calls('write')

    const committing = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('before') })
      await manager.query('SELECT 1 / 0').catch(() => undefined)
      await manager.save(Document, { content: textFile('after') })
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(database.chaos.calls('write')).toBe(written + 1)
    await expectCertain()
  })
})

describe('a commit that the database refuses', () => {
  if (isOn('postgres')) {
    it('for a serialization failure removes the new files and keeps the old ones', async () => {
      await twoDocuments()
      const update = (manager: EntityManager) => manager.query(`UPDATE document SET title = title || '.'`)

      const one = database.dataSource.transaction('SERIALIZABLE', async (manager) => {
        await changeAll(manager)
        await manager.query('SELECT count(*) FROM receipt')
        await database.dataSource.transaction('SERIALIZABLE', async (other) => {
          await other.query('SELECT count(*) FROM document')
          await other.save(Receipt, { number: '1' })
        })
        await update(manager)
      })

      await expect(one).rejects.toMatchObject({ driverError: { code: '40001' } })
      expect(await texts()).toEqual(BEFORE)
      await expectCertain()
    })
  }

  if (!isOn('mariadb')) {
    it('on a query runner that is released afterwards, without a rollback, is no secret', async () => {
      await twoDocuments()
      await database.dataSource.query(
        'CREATE TABLE deferred (receipt INTEGER REFERENCES receipt (id) DEFERRABLE INITIALLY DEFERRED)',
      )
      const queryRunner = database.dataSource.createQueryRunner()
      await queryRunner.startTransaction()
      await changeAll(queryRunner.manager)
      await queryRunner.query('INSERT INTO deferred VALUES (99)')

      await expect(queryRunner.commitTransaction()).rejects.toThrow(says.foreignKey)
      if (isOn('sqlite')) await queryRunner.rollbackTransaction()
      await queryRunner.release()

      expect(await texts()).toEqual(BEFORE)
    })
  }
})

describe('a connection that is lost', () => {
  if (isOn('sqlite')) return

  /** Ends the connection of a query runner. */
  async function kill(manager: EntityManager): Promise<void> {
    const own = isOn('postgres') ? 'pg_backend_pid()' : 'connection_id()'
    const [row] = await manager.query<{ id: number }[]>(`SELECT ${own} AS id`)
    const id = String(row?.id)
    await database.dataSource
      .query(isOn('postgres') ? `SELECT pg_terminate_backend(${id})` : `KILL ${id}`)
      .catch(() => undefined)
  }

  it('in a transaction rolls it back: the new files go, as no COMMIT was sent', async () => {
    await twoDocuments()

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await kill(manager)
      await manager.save(Document, { content: textFile('too late') })
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('and known to be lost before the COMMIT is a rollback, as no COMMIT was sent', async () => {
    await twoDocuments()

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await kill(manager)
      await setTimeout(300)
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('right before the COMMIT keeps every file, and reports those of which nobody can say', async () => {
    await twoDocuments()

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await kill(manager)
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    const left = await database.pathsOfFiles()
    expect(left.filter((path) => !database.unsettled.has(path))).toEqual(
      (await database.pathsOfRows()).filter((path) => !database.unsettled.has(path)),
    )
  })
})

describe('a time-out of the driver while the COMMIT runs', () => {
  if (!isOn('postgres')) return

  it('keeps all files, as the database may commit yet, and reports them', async () => {
    await database.close()
    database = await TestDatabase.open([Document, Receipt], { dataSource: { extra: { query_timeout: 400 } } })
    documents = database.dataSource.getRepository(Document)
    await twoDocuments()
    await database.dataSource.query(
      `CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$`,
    )
    await database.dataSource.query(
      `CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON receipt
       DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`,
    )

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.save(Receipt, { number: 'slow' })
    })

    await expect(running).rejects.toThrow('timeout')
    await setTimeout(500)
    expect(await texts()).toEqual(AFTER)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })
})

describe('a transaction that MariaDB has rolled back as the victim of a deadlock', () => {
  if (!isOn('mariadb')) return

  /** Lets two transactions wait for each other; both catch the error of whoever is the victim. */
  async function deadlock(victim: (manager: EntityManager) => Promise<unknown>): Promise<unknown> {
    const [a, b] = await documents.find({ order: { id: 'ASC' } })
    const lock = (manager: EntityManager, id: number) =>
      manager.query('SELECT * FROM document WHERE id = ? FOR UPDATE', [id])
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    // More changes make a transaction heavier, and so the other one the victim.
    for (let index = 0; index < 20; index++)
      await queryRunner.manager.save(Receipt, { number: String(index) })
    await lock(queryRunner.manager, b!.id)
    try {
      const running = database.dataSource.transaction(async (manager) => {
        await manager.save(Document, { content: textFile('lost') })
        await lock(manager, a!.id)
        const waiting = lock(queryRunner.manager, a!.id)
        await lock(manager, b!.id).catch(() => undefined)
        await waiting
        await queryRunner.commitTransaction()
        return await victim(manager)
      })
      return await running
    } finally {
      await queryRunner.release()
    }
  }

  it('cannot be committed, where the error was caught', async () => {
    await twoDocuments()

    const committing = deadlock(() => Promise.resolve())

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', cause: { errno: 1213 } })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('takes no more files, as every statement would commit itself', async () => {
    await twoDocuments()
    const written = database.chaos.calls('write')

    const committing = deadlock((manager) => manager.save(Document, { content: textFile('outside') }))

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    expect(database.chaos.calls('write')).toBe(written + 1)
    await expectCertain()
  })
})

describe('a statement that commits on the side, in a transaction of MariaDB', () => {
  if (!isOn('mariadb')) return

  it('keeps the files of what is rolled back in vain, and reports them', async () => {
    await twoDocuments()

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.query('CREATE TABLE aside (id INTEGER)')
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await texts()).toEqual(AFTER)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })

  it('is noticed also where it ran past TypeORM', async () => {
    await twoDocuments()
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    await changeAll(queryRunner.manager)
    const connection = (await queryRunner.connect()) as {
      promise(): { query(sql: string): Promise<unknown> }
    }
    await connection.promise().query('CREATE TABLE aside (id INTEGER)')

    await queryRunner.rollbackTransaction()
    await queryRunner.release()

    expect(await texts()).toEqual(AFTER)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })

  it('changes nothing for a transaction that is committed', async () => {
    await twoDocuments()

    await database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.query('CREATE TABLE aside (id INTEGER)')
    })

    expect(await texts()).toEqual(AFTER)
    await expectCertain()
  })
})

describe('a transaction that SQLite has rolled back by itself', () => {
  if (!isOn('sqlite')) return

  const ROLL_BACK = `CREATE TRIGGER refuse BEFORE INSERT ON receipt BEGIN SELECT RAISE(ROLLBACK, 'refused'); END`

  it('cannot be committed, where the error was caught', async () => {
    await twoDocuments()
    await database.dataSource.query(ROLL_BACK)

    const committing = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.query(`INSERT INTO receipt (number) VALUES ('x')`).catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('keeps the old files and removes the new ones, where TypeORM rolls back in vain', async () => {
    await twoDocuments()
    await database.dataSource.query(ROLL_BACK)

    const running = database.dataSource.transaction(async (manager) => {
      await changeAll(manager)
      await manager.query(`INSERT INTO receipt (number) VALUES ('x')`)
    })

    await expect(running).rejects.toThrow('refused')
    expect(await texts()).toEqual(BEFORE)
    // TypeORM 0.3 does not tell of statements that fail there.
    if (typeormVersion !== '0.3') await expectCertain()
  })
})

describe('a query runner that is released with an open transaction', () => {
  if (isOn('sqlite')) return

  it('keeps all files, as the next user of the connection decides, and reports them', async () => {
    await twoDocuments()
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    await changeAll(queryRunner.manager)

    await queryRunner.release()

    expect(database.unsettled.size).toBeGreaterThan(0)
    // Whatever becomes of the rows: nothing of them has been touched.
    const { depot } = database
    for (const path of database.unsettled) await expect(depot.getFile(path)).resolves.toBeDefined()
    await database.dataSource.query('ROLLBACK')
  })
})

describe('statements of the program that control the transaction', () => {
  it.each(isOn('sqlite') ? ['COMMIT'] : ['COMMIT', 'ROLLBACK'])(
    'such as %s leave everything in doubt',
    async (statement) => {
      await twoDocuments()
      const queryRunner = database.dataSource.createQueryRunner()
      await queryRunner.startTransaction()
      await changeAll(queryRunner.manager)
      await queryRunner.query(statement)

      await queryRunner.rollbackTransaction().catch(() => undefined)
      await queryRunner.release()

      expect(database.unsettled.size).toBeGreaterThan(0)
      expect(await texts()).toEqual(statement === 'COMMIT' ? AFTER : BEFORE)
    },
  )

  it('such as ROLLBACK TO SAVEPOINT leave everything in doubt', async () => {
    await twoDocuments()

    await database.dataSource.transaction(async (manager) => {
      await manager.query('SAVEPOINT mine')
      await changeAll(manager)
      await manager.query('ROLLBACK TO SAVEPOINT mine')
    })

    expect(await texts()).toEqual(BEFORE)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })
})

describe('await using', () => {
  if (typeormVersion === '0.3') return

  it('commits a query runner whose transaction is open, and so its files', async () => {
    await twoDocuments()
    {
      await using queryRunner = database.dataSource.createQueryRunner()
      await queryRunner.startTransaction()
      await changeAll(queryRunner.manager)
    }

    expect(await texts()).toEqual(AFTER)
    await expectCertain()
  })
})
