import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { errorsAbortTransactions, isOn, quoted } from '../../../test/databases/database-kind.ts'
import { brokenFile, textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { Gate, until } from '../../../test/support/timing.ts'
import { Prisma } from './support/generated-client.ts'
import { failure, rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

/** What the files of all documents say, in their order. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await prisma.document.findMany({ orderBy: { id: 'asc' } })
  return await textsOf(rows.map(({ content }) => content))
}

async function created(text: string, title?: string): Promise<{ id: number }> {
  const { id } = await prisma.document.create({
    data: { content: textFile(text), ...(title !== undefined && { title }) },
  })
  return { id }
}

/** Prisma sends nothing before somebody waits for it. */
async function started<T>(operation: PromiseLike<T>): Promise<T> {
  return await operation
}

describe('a transaction that is rolled back', () => {
  it('removes the file of a new row', async () => {
    await rolledBack(prisma, (tx) => tx.document.create({ data: { content: textFile('new') } }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the old file of a row whose file was replaced', async () => {
    const where = await created('old')

    await rolledBack(prisma, (tx) => tx.document.update({ where, data: { content: textFile('new') } }))

    expect(await texts()).toEqual(['old'])
  })

  it('keeps the file of a row that was deleted', async () => {
    const where = await created('kept')

    await rolledBack(prisma, (tx) => tx.document.delete({ where }))

    expect(await texts()).toEqual(['kept'])
  })

  it('keeps the file that was set to null', async () => {
    const where = await created('kept')

    await rolledBack(prisma, (tx) => tx.document.update({ where, data: { content: Prisma.DbNull } }))

    expect(await texts()).toEqual(['kept'])
  })

  it('removes every file of a row that was replaced several times', async () => {
    const where = await created('first')

    await rolledBack(prisma, async (tx) => {
      for (const text of ['second', 'third', 'fourth']) {
        await tx.document.update({ where, data: { content: textFile(text) } })
      }
    })

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('removes several files of a new row', async () => {
    await rolledBack(prisma, (tx) =>
      tx.document.create({
        data: { content: textFile('one'), attachments: [textFile('two'), textFile('three')] },
      }),
    )

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('leaves the pending value as it was, so that writing it again uploads again', async () => {
    const pending = textFile('try again')
    const create = (client: Pick<TestClient, 'document'>) =>
      client.document.create({ data: { content: pending } })

    await rolledBack(prisma, create)
    await create(prisma)

    expect(await texts()).toEqual(['try again'])
    expect(database.chaos.calls('write')).toBe(2)
  })

  it('gives back what was uploaded beforehand, for the next try', async () => {
    const content = await database.depot.upload(textFile('early'))
    await rolledBack(prisma, (tx) => tx.document.create({ data: { content } }))
    expect(await database.exists(content)).toBe(true)

    await prisma.document.create({ data: { content } })

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('refuses to write a stream again that it has consumed', async () => {
    const content = UploadedFile.from(new Blob(['once']).stream())
    await rolledBack(prisma, (tx) => tx.document.create({ data: { content } }))

    const again = prisma.document.create({ data: { content } })

    await expect(again).rejects.toMatchObject({ code: 'CONTENT_CONSUMED' })
    expect(await prisma.document.count()).toBe(0)
  })

  it('refuses a stored value whose file it has removed', async () => {
    let gone: UploadedFile | null = null
    await rolledBack(prisma, async (tx) => {
      gone = (await tx.document.create({ data: { content: textFile('gone') } })).content
    })

    const data = { content: gone as unknown as UploadedFile }
    await expect(prisma.document.create({ data })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })

    expect(await prisma.document.count()).toBe(0)
  })
})

describe('a transaction that is committed', () => {
  it('shows its own files while it is open, and deletes nothing before its end', async () => {
    const where = await created('old')

    await prisma.$transaction(async (tx) => {
      await tx.document.update({ where, data: { content: textFile('new') } })
      expect(await textOf((await tx.document.findUniqueOrThrow({ where })).content)).toBe('new')
      expect(await database.pathsOfFiles()).toHaveLength(2)
    })

    expect(await texts()).toEqual(['new'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('resolves with what its callback returns', async () => {
    const title = await prisma.$transaction(
      async (tx) => (await tx.document.create({ data: { content: textFile('a') } })).title,
    )

    expect(title).toBe('untitled')
  })

  it('keeps one file of a row that was created, replaced and replaced again in it', async () => {
    await prisma.$transaction(async (tx) => {
      const { id } = await tx.document.create({ data: { content: textFile('first') } })
      await tx.document.update({ where: { id }, data: { content: textFile('second') } })
      await tx.document.update({ where: { id }, data: { content: textFile('third') } })
    })

    expect(await texts()).toEqual(['third'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps no file of a row that was created and deleted in it', async () => {
    await prisma.$transaction(async (tx) => {
      const { id } = await tx.document.create({ data: { content: textFile('first') } })
      await tx.document.delete({ where: { id } })
    })

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('moves a file from a row that goes to one that comes', async () => {
    const where = await created('moved')

    await prisma.$transaction(async (tx) => {
      const { content } = await tx.document.delete({ where })
      await tx.document.create({ data: { content: content!, title: 'new' } })
    })

    expect(await texts()).toEqual(['moved'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('writes what runs side by side in it', async () => {
    await prisma.$transaction(async (tx) => {
      await Promise.all(
        ['a', 'b', 'c'].map((text) => tx.document.create({ data: { content: textFile(text) } })),
      )
    })

    expect((await texts()).sort()).toEqual(['a', 'b', 'c'])
  })

  it('deletes the files in one call for each storage', async () => {
    for (const text of ['a', 'b', 'c']) await created(text)

    await prisma.$transaction(async (tx) => {
      await tx.document.updateMany({ where: { title: 'untitled' }, data: { content: Prisma.DbNull } })
      await tx.document.deleteMany()
    })

    expect(database.chaos.calls('delete')).toBe(1)
  })
})

describe('savepoints', () => {
  it('undo only their own files where they are rolled back and the transaction commits', async () => {
    const where = await created('old')

    await prisma.$transaction(async (outer) => {
      await outer.document.create({ data: { content: textFile('outer') } })
      await rolledBack(outer, async (inner) => {
        await inner.document.create({ data: { content: textFile('inner') } })
        await inner.document.update({ where, data: { content: textFile('replaced') } })
      })
    })

    expect(await texts()).toEqual(['old', 'outer'])
  })

  it('are undone with the transaction where they were released before', async () => {
    const where = await created('old')

    await rolledBack(prisma, (outer) =>
      outer.$transaction(async (inner) => {
        await inner.document.update({ where, data: { content: textFile('replaced') } })
        await inner.document.create({ data: { content: textFile('inner') } })
      }),
    )

    expect(await texts()).toEqual(['old'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('delete what was replaced in them only when the transaction commits', async () => {
    const { id, content: old } = await prisma.document.create({ data: { content: textFile('old') } })

    await prisma.$transaction(async (outer) => {
      await outer.$transaction((inner) =>
        inner.document.update({ where: { id }, data: { content: textFile('new') } }),
      )
      expect(await database.exists(old!)).toBe(true)
    })

    expect(await database.exists(old!)).toBe(false)
  })

  it('nest to any depth', async () => {
    await prisma.$transaction(async (first) => {
      await first.document.create({ data: { content: textFile('1') } })
      await first.$transaction(async (second) => {
        await second.document.create({ data: { content: textFile('2') } })
        await rolledBack(second, (third) =>
          third.$transaction((fourth) => fourth.document.create({ data: { content: textFile('4') } })),
        )
      })
    })

    expect(await texts()).toEqual(['1', '2'])
  })

  it('count also where the transaction touches its first file inside one', async () => {
    await prisma.$transaction(async (outer) => {
      await outer.receipt.create({ data: { number: 'no file yet' } })
      await rolledBack(outer, (inner) => inner.document.create({ data: { content: textFile('inner') } }))
      await outer.document.create({ data: { content: textFile('outer') } })
    })

    expect(await texts()).toEqual(['outer'])
  })

  it('that are rolled back give a row that was deleted in them its file back', async () => {
    const where = await created('kept')

    await prisma.$transaction(async (outer) => {
      await rolledBack(outer, (inner) => inner.document.delete({ where }))
      await outer.document.update({ where, data: { title: 'still here' } })
    })

    expect(await texts()).toEqual(['kept'])
  })

  it('may be opened one after the other', async () => {
    await prisma.$transaction(async (outer) => {
      for (const text of ['a', 'b', 'c']) {
        const nested = outer.$transaction(async (inner) => {
          await inner.document.create({ data: { content: textFile(text) } })
          if (text === 'b') throw failure
        })
        await nested.catch((error: unknown) => {
          expect(error).toBe(failure)
        })
      }
    })

    expect(await texts()).toEqual(['a', 'c'])
  })

  it('take in what is sent through the outer client meanwhile', async () => {
    await prisma.$transaction(async (outer) => {
      await rolledBack(outer, async (inner) => {
        await inner.document.create({ data: { content: textFile('inner') } })
        await outer.document.create({ data: { content: textFile('through the outer client') } })
      })
      await outer.document.create({ data: { content: textFile('after') } })
    })

    expect(await texts()).toEqual(['after'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('of which two are open at once are refused by Prisma, and nothing is left', async () => {
    const running = prisma.$transaction(async (outer) => {
      await Promise.all(
        ['a', 'b'].map((text) =>
          outer.$transaction((inner) => inner.document.create({ data: { content: textFile(text) } })),
        ),
      )
    })

    await expect(running).rejects.toThrow(/nested/i)
    expect(await prisma.document.count()).toBe(0)
  })
})

describe('a savepoint of ours that cannot be set', () => {
  it('after a nested transaction was rolled back holds up nobody', async () => {
    let marks = 0
    const base = database.newClient((statement) => statement === 'SAVEPOINT filedepot_1' && ++marks === 2)
    const client = database.extend(base)

    await client.$transaction(async (outer) => {
      await outer.document.create({ data: { content: textFile('a') } })
      const nested = outer.$transaction(async (inner) => {
        await inner.document.create({ data: { content: textFile('b') } })
        throw failure
      })
      await expect(nested).rejects.toBe(failure)
      await outer.document.create({ data: { content: textFile('c') } })
    })

    await base.$disconnect()
    expect(marks).toBeGreaterThan(1)
    expect(await texts()).toEqual(['a', 'c'])
  })
})

describe('a commit that fails', () => {
  // MariaDB has no deferred constraints.
  if (isOn('mariadb')) return

  it('removes the new files and keeps the old ones', async () => {
    const where = await created('old')
    await database.alter(
      `CREATE TABLE deferred (receipt INTEGER REFERENCES ${quoted('Receipt')} (id) DEFERRABLE INITIALLY DEFERRED)`,
      'DROP TABLE deferred',
    )

    const committing = prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('new') } })
      await tx.document.update({ where, data: { content: textFile('replaced') } })
      await tx.$executeRawUnsafe('INSERT INTO deferred VALUES (99)')
    })

    await expect(committing).rejects.toThrow()
    expect(await texts()).toEqual(['old'])
    expect(database.unsettled.size).toBe(0)
  })
})

describe('a statement that fails', () => {
  it('removes the file that was uploaded for it, on its own', async () => {
    await prisma.docu.create({ data: { name: 'taken', content: textFile('first') } })

    const creating = prisma.docu.create({ data: { name: 'taken', content: textFile('second') } })

    await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a statement that fails in a transaction that is committed all the same', () => {
  if (errorsAbortTransactions) return

  beforeEach(async () => {
    await prisma.docu.create({ data: { name: 'taken', content: textFile('taken') } })
    await prisma.docu.create({ data: { name: 'mine', content: textFile('mine') } })
  })

  async function textOfMine(): Promise<string | undefined> {
    return await textOf((await prisma.docu.findUniqueOrThrow({ where: { name: 'mine' } })).content)
  }

  it('leaves no file of a row that it did not insert', async () => {
    await prisma.$transaction(async (tx) => {
      const creating = tx.docu.create({ data: { name: 'taken', content: textFile('new') } })
      await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    })

    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('keeps the old file of a row that it did not update', async () => {
    await prisma.$transaction(async (tx) => {
      const data = { name: 'taken', content: textFile('new') }
      const updating = tx.docu.update({ where: { name: 'mine' }, data })
      await expect(updating).rejects.toMatchObject({ code: 'P2002' })
    })

    expect(await textOfMine()).toBe('mine')
  })

  it('keeps the files of a row that it did not delete', async () => {
    await database.alter(
      `CREATE TABLE pin (docu INTEGER NOT NULL, FOREIGN KEY (docu) REFERENCES docu (id) ON DELETE RESTRICT)`,
      'DROP TABLE pin',
    )
    const { uid } = await prisma.docu.findUniqueOrThrow({ where: { name: 'mine' } })
    await prisma.$executeRawUnsafe(`INSERT INTO pin VALUES (${uid})`)

    await prisma.$transaction(async (tx) => {
      const deleting = tx.docu.delete({ where: { name: 'mine' } })
      await expect(deleting).rejects.toMatchObject({ code: 'P2003' })
    })

    expect(await textOfMine()).toBe('mine')
  })

  it('gives back what was uploaded beforehand', async () => {
    const content = await database.depot.upload(textFile('early'))

    await prisma.$transaction(async (tx) => {
      const creating = tx.docu.create({ data: { name: 'taken', content } })
      await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    })
    await prisma.docu.create({ data: { name: 'free', content } })

    expect(database.chaos.calls('write')).toBe(3)
  })

  it('keeps what a nested write has written before it failed half-way', async () => {
    await prisma.$transaction(async (tx) => {
      const creating = tx.directory.create({
        data: {
          files: {
            create: [
              { name: 'new', content: textFile('written') },
              { name: 'taken', content: textFile('refused') },
            ],
          },
        },
      })
      await expect(creating).rejects.toMatchObject({ code: 'P2002' })
    })

    const texts = await textsOf((await prisma.docu.findMany()).map(({ content }) => content))
    // What stays of it is for the database to say; each row has its file, and each file its row.
    expect(texts).toEqual(expect.arrayContaining(['taken', 'mine']))
    expect(texts).not.toContain('refused')
  })
})

describe('an upload that fails among several', () => {
  it('writes no row and leaves no file, also of the uploads that went well', async () => {
    const cause = new Error('the client is gone')

    const creating = prisma.document.createMany({
      data: [
        { content: textFile('one') },
        { content: brokenFile(cause), attachments: [textFile('two')] },
        { content: textFile('three') },
      ],
    })

    await expect(creating).rejects.toMatchObject({ code: 'CONTENT_FAILED', cause })
    expect(await prisma.document.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('stops the uploads that are still in flight', async () => {
    database.chaos.hang('write', { on: 1 })

    const creating = prisma.document.createMany({
      data: [{ content: textFile('hangs') }, { content: brokenFile() }],
    })

    await expect(creating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await prisma.document.count()).toBe(0)
  })

  it('in a transaction leaves what came before it', async () => {
    await prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('before') } })
      const creating = tx.document.create({
        data: { content: brokenFile(), attachments: [textFile('beside')] },
      })
      await expect(creating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
      await tx.document.create({ data: { content: textFile('after') } })
    })

    expect(await texts()).toEqual(['before', 'after'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('uploads of a single write', () => {
  it('come before its transaction is opened, which they cannot make time out', async () => {
    const where = await created('old')
    database.chaos.hang('write')

    const updating = started(prisma.document.update({ where, data: { content: textFile('new') } }))
    await until(() => database.chaos.calls('write') === 2)
    // Others can write meanwhile, on SQLite too.
    await prisma.receipt.create({ data: { number: 'meanwhile' } })
    await prisma.$transaction((tx) => tx.document.update({ where, data: { title: 'meanwhile' } }))
    database.chaos.restore()
    await updating

    expect(await texts()).toEqual(['new'])
  })
})

describe('a write that nobody waits for', () => {
  it('within the callback is waited for before the commit', async () => {
    await prisma.$transaction(async (tx) => {
      void tx.document.create({ data: { content: textFile('unawaited') } }).then(() => undefined)
      await setImmediate()
    })

    expect(await texts()).toEqual(['unawaited'])
  })

  it('is rolled back with its transaction, also where its upload ends after it', async () => {
    database.chaos.hang('write', { on: 1 })
    const late: Promise<unknown>[] = []

    await rolledBack(prisma, async (tx) => {
      late.push(
        tx.document.create({ data: { content: textFile('late') } }).then(
          () => 'written',
          () => 'refused',
        ),
      )
      await until(() => database.chaos.calls('write') === 1)
    })
    database.chaos.restore()

    expect(await Promise.all(late)).toEqual(['refused'])
    expect(await prisma.document.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('after the callback has returned is refused, and leaves no file', async () => {
    const gate = new Gate()
    let late: Promise<unknown> = Promise.resolve()

    await prisma.$transaction(async (tx) => {
      await tx.document.create({ data: { content: textFile('in time') } })
      late = gate.opened.then(() => tx.document.create({ data: { content: textFile('late') } }))
      late.catch(() => undefined)
    })
    gate.open()

    await expect(late).rejects.toThrow()
    expect(await texts()).toEqual(['in time'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('deleting files after a commit', () => {
  it('that fails does not fail the write, and is reported', async () => {
    const where = await created('old')
    database.chaos.fail('delete')

    await prisma.document.update({ where, data: { content: textFile('new') } })

    expect(await texts()).toEqual(['new'])
    expect(database.undeleted.size).toBe(1)
    database.chaos.restore()
    await database.depot.deleteFiles([...database.undeleted])
  })

  it('that hangs holds nobody up for longer than maxWait', async () => {
    const patient = await TestDatabase.open({ maxWait: 50 })
    const { id } = await patient.prisma.document.create({ data: { content: textFile('old') } })
    patient.chaos.hang('delete')

    await patient.prisma.document.delete({ where: { id } })

    patient.chaos.restore()
    while ((await patient.pathsOfFiles()).length > 0) await setTimeout(1)
  })
})
