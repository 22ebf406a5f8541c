import { discardUnowned } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { isOn, quoted } from '../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../test/databases/server-database.ts'
import { textFile, textsOf } from '../../../test/support/contents.ts'
import { Gate, until } from '../../../test/support/timing.ts'
import { Prisma } from './support/generated-client.ts'
import { HeldTransaction } from './support/held-transaction.ts'
import { failure, rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient, type TestTransaction } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTestInDoubt())

/** Replaces the file of one row, deletes another, and adds a third. */
async function changeAll(client: TestTransaction): Promise<void> {
  const [replaced, deleted] = await client.document.findMany({ orderBy: { id: 'asc' } })
  await client.document.update({
    where: { id: replaced!.id },
    data: { content: textFile('replaced') },
  })
  await client.document.delete({ where: { id: deleted!.id } })
  await client.document.create({ data: { content: textFile('added') } })
}

async function twoDocuments(): Promise<void> {
  for (const text of ['first', 'second']) await prisma.document.create({ data: { content: textFile(text) } })
}

/** What is committed. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.document.findMany({ orderBy: { id: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

const BEFORE = ['first', 'second']
const AFTER = ['replaced', 'added']

/** Nothing had to be kept because of a doubt. */
async function expectCertain(): Promise<void> {
  expect([...database.unsettled]).toEqual([])
  await database.expectFilesMatchRows()
}

/** The connection of a transaction, as the server names it. */
async function connectionOf(client: TestTransaction): Promise<number> {
  const own = isOn('postgres') ? 'pg_backend_pid()' : 'connection_id()'
  const [row] = await client.$queryRawUnsafe<{ id: number | bigint }[]>(`SELECT ${own} AS id`)
  return Number(row?.id)
}

describe('a transaction that takes longer than its timeout', () => {
  it('is rolled back: the new files go, and the old ones stay', async () => {
    await twoDocuments()

    const running = prisma.$transaction(
      async (tx) => {
        await changeAll(tx)
        for (;;) {
          await tx.receipt.count()
          await setTimeout(50)
        }
      },
      { timeout: 2000 },
    )

    await expect(running).rejects.toMatchObject({ code: 'P2028' })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('is rolled back while an upload runs in it, and the error says that', async () => {
    await twoDocuments()
    database.chaos.hang('write')

    const running = prisma.$transaction(
      (tx) => tx.document.create({ data: { content: textFile('takes its time') } }),
      { timeout: 100 },
    )
    running.catch(() => undefined)
    await until(() => database.chaos.calls('write') === 3)
    await setTimeout(200)
    database.chaos.restore()

    await expect(running).rejects.toMatchObject({ code: 'P2028', message: expect.stringContaining('upload') })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })
})

describe('a transaction that gets no connection within maxWait', () => {
  it('does not begin, and its batch leaves no file', async () => {
    await twoDocuments()
    const others: HeldTransaction[] = []
    for (let count = isOn('sqlite') ? 1 : 20; count > 0; count--)
      others.push(await HeldTransaction.begin(prisma))

    const waiting = prisma.$transaction((tx) => changeAll(tx), { maxWait: 50 })
    await expect(waiting).rejects.toMatchObject({ code: 'P2028' })
    const batch = prisma.$transaction(
      [prisma.document.create({ data: { content: textFile('uploaded before') } })],
      { maxWait: 50 },
    )
    await expect(batch).rejects.toMatchObject({ code: 'P2028' })

    for (const other of others) await other.commit()
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })
})

describe('an error that is caught in a transaction of PostgreSQL, which then answers COMMIT with ROLLBACK', () => {
  if (!isOn('postgres')) return

  it('is told to whoever commits, and nothing has happened to the files', async () => {
    await twoDocuments()

    const committing = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.docu.create({ data: { name: 'a', directoryId: -1 } }).catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('is told also where raw SQL has failed', async () => {
    await twoDocuments()

    const committing = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$executeRawUnsafe('SELECT 1 / 0').catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('is told where a statement_timeout has struck', async () => {
    await twoDocuments()

    const committing = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$executeRawUnsafe('SET LOCAL statement_timeout = 20')
      await tx.$executeRawUnsafe('SELECT pg_sleep(1)').catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('is no concern of a transaction without files', async () => {
    const committing = prisma.$transaction(async (tx) => {
      await tx.receipt.create({ data: { number: '1' } })
      await tx.$executeRawUnsafe('SELECT 1 / 0').catch(() => undefined)
    })

    // As Prisma alone has it.
    await expect(committing).resolves.toBeUndefined()
    expect(await prisma.receipt.count()).toBe(0)
  })

  it('is forgotten with the savepoint in which it happened', async () => {
    await twoDocuments()

    await prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$transaction((inner) => inner.$executeRawUnsafe('SELECT 1 / 0')).catch(() => undefined)
    })

    expect(await texts()).toEqual(AFTER)
    await expectCertain()
  })

  it('stops whoever goes on to write files', async () => {
    await twoDocuments()

    const committing = prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('before') } })
      await tx.$executeRawUnsafe('SELECT 1 / 0').catch(() => undefined)
      await tx.document.create({ data: { content: textFile('after') } })
    })

    await expect(committing).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })
})

describe('a commit that the database refuses', () => {
  const DEFERRED = `CREATE TABLE deferred (receipt INTEGER REFERENCES ${quoted('Receipt')} (id) DEFERRABLE INITIALLY DEFERRED)`

  if (!isOn('mariadb')) {
    it('for a deferred constraint keeps the old files, and the client works on', async () => {
      await twoDocuments()
      await database.alter(DEFERRED, 'DROP TABLE deferred')

      const committing = prisma.$transaction(async (tx) => {
        await changeAll(tx)
        await tx.$executeRawUnsafe('INSERT INTO deferred VALUES (99)')
      })

      await expect(committing).rejects.toThrow()
      expect(await texts()).toEqual(BEFORE)
      await expectCertain()
      await prisma.$transaction(changeAll)
      await prisma.receipt.create({ data: { number: 'plainly' } })
      expect(await texts()).toEqual(AFTER)
      expect(await database.query(`SELECT number FROM ${quoted('Receipt')}`)).toEqual([{ number: 'plainly' }])
      await expectCertain()
    })

    it('for a deferred constraint in a transaction that we have opened does so, too', async () => {
      await twoDocuments()
      await database.alter(DEFERRED, 'DROP TABLE deferred')
      const [first] = await prisma.document.findMany({ orderBy: { id: 'asc' } })
      const spoil = isOn('sqlite')
        ? `CREATE TRIGGER spoil AFTER UPDATE ON "Document" BEGIN INSERT INTO deferred VALUES (99); END`
        : `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO deferred VALUES (99); RETURN NULL; END $$;
           CREATE TRIGGER spoil AFTER UPDATE ON "Document" FOR EACH ROW EXECUTE FUNCTION spoil()`
      await database.alter(spoil, isOn('sqlite') ? 'DROP TRIGGER spoil' : 'DROP FUNCTION spoil CASCADE')

      const updating = prisma.document.update({
        where: { id: first!.id },
        data: { content: textFile('replaced') },
      })

      await expect(updating).rejects.toThrow()
      expect(await texts()).toEqual(BEFORE)
      await expectCertain()
      await prisma.receipt.create({ data: { number: 'plainly' } })
      expect(await database.query(`SELECT number FROM ${quoted('Receipt')}`)).toEqual([{ number: 'plainly' }])
    })
  }

  if (isOn('postgres')) {
    it('for a serialization failure removes the new files and keeps the old ones', async () => {
      await twoDocuments()
      const serializable = { isolationLevel: Prisma.TransactionIsolationLevel.Serializable }

      const one = prisma.$transaction(async (tx) => {
        await changeAll(tx)
        await tx.receipt.count()
        await prisma.$transaction(async (other) => {
          await other.document.count()
          await other.receipt.create({ data: { number: '1' } })
        }, serializable)
        await tx.document.updateMany({ data: { title: 'once more' } })
      }, serializable)

      await expect(one).rejects.toThrow()
      expect(await texts()).toEqual(BEFORE)
      await expectCertain()
    })
  }
})

describe('a connection that is lost', () => {
  if (isOn('sqlite')) return

  it('in a transaction rolls it back: the new files go, as no COMMIT was sent', async () => {
    await twoDocuments()
    const server = await serverDatabase()

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await server.endConnection(await connectionOf(tx))
      await tx.document.create({ data: { content: textFile('too late') } })
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    await expectCertain()
  })

  it('right before the COMMIT loses no file, and none is left without a report', async () => {
    await twoDocuments()
    const server = await serverDatabase()

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await server.endConnection(await connectionOf(tx))
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
  })

  it('while the COMMIT runs loses no file, and none is left without a report', async () => {
    if (!isOn('postgres')) return
    await twoDocuments()
    const server = await serverDatabase()
    await database.alter(
      `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;
       CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON "Receipt"
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`,
      'DROP FUNCTION slow CASCADE',
    )
    let connection = 0

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.receipt.create({ data: { number: 'slow' } })
      connection = await connectionOf(tx)
    })
    running.catch(() => undefined)
    const inCommit = `SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' AND datname = current_database()`
    while ((await server.query(inCommit)).length === 0) await setTimeout(5)
    await server.endConnection(connection)

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })

  it('while a single write runs keeps its file, as it may have been written', async () => {
    await twoDocuments()
    const server = await serverDatabase()
    const held = await HeldTransaction.begin(prisma)
    await held.client.$executeRawUnsafe(
      isOn('postgres') ? 'LOCK TABLE "Document" IN EXCLUSIVE MODE' : 'SELECT * FROM `Document` FOR UPDATE',
    )
    const before = await waitingConnections()

    const creating = prisma.document.create({ data: { content: textFile('in doubt') } })
    const ended = creating.then(
      () => undefined,
      (error: unknown) => error,
    )
    let waiting: number[] = []
    while (waiting.length === 0) {
      waiting = (await waitingConnections()).filter((id) => !before.includes(id))
      await setTimeout(5)
    }
    await server.endConnection(waiting[0]!)
    await held.rollback()

    expect(await ended).toBeInstanceOf(Error)
    expect(await texts()).toEqual(BEFORE)
    expect(database.unsettled.size).toBe(1)
  })

  /** The connections that wait for a lock. */
  async function waitingConnections(): Promise<number[]> {
    const server = await serverDatabase()
    const statement = isOn('postgres')
      ? `SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      : `SELECT id FROM information_schema.processlist WHERE db = database() AND info LIKE 'INSERT INTO%Document%'`
    return (await server.query(statement)).map(({ id }) => Number(id))
  }
})

describe('a client that is disconnected while a transaction is open', () => {
  it('rolls it back, and its files go', async () => {
    const own = await TestDatabase.open({ ownClient: true })
    await own.prisma.document.create({ data: { content: textFile('first') } })
    const { id } = await own.prisma.document.findFirstOrThrow()
    const gate = new Gate()

    const running = own.prisma.$transaction(async (tx) => {
      await tx.document.update({ where: { id }, data: { content: textFile('replaced') } })
      await tx.document.create({ data: { content: textFile('added') } })
      await gate.opened
      await tx.receipt.create({ data: { number: '1' } })
    })
    running.catch(() => undefined)
    await until(() => own.chaos.calls('write') === 3)
    await setTimeout(20)
    await own.base.$disconnect()
    gate.open()

    await expect(running).rejects.toThrow()
    const rows = await own.prisma.document.findMany()
    expect(await textsOf(rows.map(({ content }) => content))).toEqual(['first'])
    await own.endTestInDoubt()
  })
})

describe('a transaction that MariaDB has rolled back as the victim of a deadlock', () => {
  if (!isOn('mariadb')) return

  /** Lets two transactions wait for each other; both catch the error of whoever is the victim. */
  async function deadlock(victim: (client: TestTransaction) => Promise<unknown>): Promise<unknown> {
    const [a, b] = await prisma.document.findMany({ orderBy: { id: 'asc' } })
    const lock = (client: TestTransaction, id: number) =>
      client.$queryRawUnsafe(`SELECT * FROM \`Document\` WHERE id = ${id} FOR UPDATE`)
    const other = await HeldTransaction.begin(prisma)
    // More changes make a transaction heavier, and so the other one the victim.
    for (let index = 0; index < 20; index++)
      await other.client.receipt.create({ data: { number: String(index) } })
    await lock(other.client, b!.id)
    return await prisma.$transaction(
      async (tx) => {
        await tx.document.create({ data: { content: textFile('lost') } })
        await lock(tx, a!.id)
        const waiting = lock(other.client, a!.id).then(() => undefined)
        await lock(tx, b!.id).catch(() => undefined)
        await waiting
        await other.commit()
        return await victim(tx)
      },
      { timeout: 60_000 },
    )
  }

  it('cannot be committed, where the error was caught', async () => {
    await twoDocuments()

    const committing = deadlock(() => Promise.resolve())

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
  })

  it('takes no more files, as every statement would commit itself', async () => {
    await twoDocuments()

    const committing = deadlock((tx) => tx.document.create({ data: { content: textFile('outside') } }))

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
  })

  it('by a write of files is known to be gone', async () => {
    await twoDocuments()
    const [a, b] = await prisma.document.findMany({ orderBy: { id: 'asc' } })
    const replace = (client: TestTransaction, id: number, text: string) =>
      client.document.update({ where: { id }, data: { content: textFile(text) } })
    const met = [new Gate(), new Gate()]
    const run = (own: number, first: number, second: number) =>
      prisma.$transaction(
        async (tx) => {
          await replace(tx, first, `${own}`)
          met[own]!.open()
          await met[1 - own]!.opened
          await replace(tx, second, `${own}`).catch(() => undefined)
        },
        { timeout: 60_000 },
      )

    const ended = await Promise.allSettled([run(0, a!.id, b!.id), run(1, b!.id, a!.id)])

    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const winner = String(ended.findIndex(({ status }) => status === 'fulfilled'))
    expect(await texts()).toEqual([winner, winner])
    await database.expectFilesMatchRowsOrReports()
  })
})

describe('a statement that commits on the side, in a transaction of MariaDB', () => {
  if (!isOn('mariadb')) return

  it('keeps the files of what is rolled back in vain, and reports them', async () => {
    await twoDocuments()

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$executeRawUnsafe('CREATE TABLE aside (id INTEGER)')
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await texts()).toEqual(AFTER)
    expect(database.unsettled.size).toBeGreaterThan(0)
    await database.query('DROP TABLE aside')
  })
})

describe('a transaction that SQLite has rolled back by itself', () => {
  if (!isOn('sqlite')) return

  const ROLL_BACK = `CREATE TRIGGER refuse BEFORE INSERT ON "Receipt" BEGIN SELECT RAISE(ROLLBACK, 'refused'); END`

  it('cannot be committed, where the error was caught', async () => {
    await twoDocuments()
    await database.alter(ROLL_BACK, 'DROP TRIGGER refuse')

    const committing = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.receipt.create({ data: { number: 'x' } }).catch(() => undefined)
    })

    await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
  })

  it('keeps the old files, where Prisma rolls back in vain', async () => {
    await twoDocuments()
    await database.alter(ROLL_BACK, 'DROP TRIGGER refuse')

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.receipt.create({ data: { number: 'x' } })
    })

    await expect(running).rejects.toThrow()
    expect(await texts()).toEqual(BEFORE)
  })
})

describe('statements of the program that control the transaction', () => {
  it.each(['COMMIT', 'ROLLBACK'])('such as %s leave everything in doubt', async (statement) => {
    await twoDocuments()

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$executeRawUnsafe(statement)
    })

    await expect(running).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(statement === 'COMMIT' ? AFTER : BEFORE)
    expect(database.unsettled.size).toBeGreaterThan(0)
    // The client works on.
    await prisma.$transaction((tx) => tx.receipt.create({ data: { number: '1' } }))
    expect(await database.query(`SELECT number FROM ${quoted('Receipt')}`)).toEqual([{ number: '1' }])
  })

  it('such as ROLLBACK and BEGIN, so that another transaction is committed, leave everything in doubt', async () => {
    await twoDocuments()

    const running = prisma.$transaction(async (tx) => {
      await changeAll(tx)
      await tx.$executeRawUnsafe('ROLLBACK')
      await tx.$executeRawUnsafe('BEGIN')
      await tx.receipt.create({ data: { number: '1' } })
    })

    await expect(running).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    expect(await texts()).toEqual(BEFORE)
    expect(database.unsettled.size).toBeGreaterThan(0)
  })

  it('such as ROLLBACK TO SAVEPOINT lose no file', async () => {
    await twoDocuments()

    const running = prisma.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('SAVEPOINT mine')
      await changeAll(tx)
      await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT mine')
    })

    await running.catch(() => undefined)
    expect(await texts()).toEqual(BEFORE)
  })
})

describe('the events of the depot', () => {
  it('say what a transaction has uploaded, discarded and deleted, when it is committed', async () => {
    const { id, content: old } = await prisma.document.create({ data: { content: textFile('old') } })
    const events = database.recordEvents()

    const { content } = await prisma.$transaction(async (tx) => {
      const updated = await tx.document.update({ where: { id }, data: { content: textFile('new') } })
      expect(events.map(({ name }) => name)).not.toContain('deleted')
      return updated
    })

    expect(events.filter(({ name }) => name === 'uploaded')).toEqual([
      { name: 'uploaded', paths: [content?.path] },
    ])
    expect(events.filter(({ name }) => name !== 'uploaded')).toEqual([
      { name: 'discarded', paths: [old?.path] },
      { name: 'deleted', paths: [old?.path] },
    ])
  })

  it('say that the uploads of one that was rolled back are deleted', async () => {
    const events = database.recordEvents()

    await rolledBack(prisma, (tx) => tx.document.create({ data: { content: textFile('new') } }))

    const [uploaded] = events
    expect(uploaded?.name).toBe('uploaded')
    expect(events.at(-1)).toEqual({ name: 'deleted', paths: uploaded?.paths })
    expect(events.map(({ name }) => name)).not.toContain('unsettled')
  })

  it('say which files are in doubt', async () => {
    await twoDocuments()
    const events = database.recordEvents()

    await prisma
      .$transaction(async (tx) => {
        await changeAll(tx)
        await tx.$executeRawUnsafe('COMMIT')
      })
      .catch(() => undefined)

    const unsettled = events.filter(({ name }) => name === 'unsettled').flatMap(({ paths }) => paths)
    // Two new files, and two old ones.
    expect(new Set(unsettled).size).toBe(4)
  })
})

describe('a value that was uploaded before', () => {
  it('belongs to the row that takes it after a write that has failed', async () => {
    const file = await database.depot.upload(textFile('taken'))
    await prisma.$transaction(async (tx) => {
      await expect(
        tx.document.update({ where: { id: 4711 }, data: { content: file } }),
      ).rejects.toMatchObject({
        code: 'P2025',
      })
      await tx.letter.create({ data: { scan: file } })
    })

    await discardUnowned(file, () => database.depot.deleteFiles(file.files))

    const [letter] = await prisma.letter.findMany()
    expect(await textsOf([letter?.scan])).toEqual(['taken'])
    await expectCertain()
  })
})
