import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile } from '../../../test/support/contents.ts'
import type { BaseClient } from './support/generated-client.ts'
import { slowRollback, type RollbackHooks } from './support/slow-rollback.ts'
import { TestDatabase, type TestClient, type TestTransaction } from './support/test-database.ts'

// A callback runs several writes side by side, one task fails, and another one comes to its write when the transaction is
// about to end, ends, or has ended.

let database: TestDatabase
let base: BaseClient
let prisma: TestClient
let hooks: RollbackHooks
/** An album with a cover, and a photo in it. */
let albumId: number
let before: unknown

beforeEach(async () => {
  hooks = { delay: 20 }
  database = await TestDatabase.open()
  base = database.clientThrough((adapter) => slowRollback(adapter, hooks))
  prisma = database.extend(base)
  const photos = { create: [{ title: 'first', image: textFile('image') }] }
  const { id } = await prisma.album.create({ data: { cover: textFile('cover'), photos } })
  albumId = id
  before = await rows()
})

afterEach(async () => {
  await base.$disconnect()
  await database.endTest()
})

async function rows(): Promise<unknown> {
  const albums = await database.query('SELECT * FROM "Album"'.replaceAll('"', kind === 'mariadb' ? '`' : '"'))
  const photos = await database.query('SELECT * FROM "Photo"'.replaceAll('"', kind === 'mariadb' ? '`' : '"'))
  const documents = await database.query(
    'SELECT * FROM "Document"'.replaceAll('"', kind === 'mariadb' ? '`' : '"'),
  )
  return [albums, photos, documents]
}

type Write = (client: TestTransaction) => Promise<unknown>

const file = (): UploadedFile => textFile('late')

/** Every way of writing, on models with files and on those from which such a row can be reached. */
const WRITES: Record<string, Write> = {
  create: (client) => client.document.create({ data: { content: file() } }),
  createMany: (client) => client.document.createMany({ data: [{ content: file() }, { content: file() }] }),
  update: (client) => client.album.update({ where: { id: albumId }, data: { cover: file() } }),
  updateMany: (client) => client.album.updateMany({ where: { id: albumId }, data: { cover: file() } }),
  upsert: (client) =>
    client.album.upsert({ where: { id: albumId }, create: { cover: file() }, update: { cover: file() } }),
  'upsert of a new row': (client) =>
    client.album.upsert({ where: { id: 0 }, create: { cover: file() }, update: { cover: file() } }),
  delete: (client) => client.album.delete({ where: { id: albumId } }),
  deleteMany: (client) => client.photo.deleteMany({ where: { albumId } }),
  'a nested create': (client) =>
    client.album.update({ where: { id: albumId }, data: { photos: { create: { image: file() } } } }),
  'a nested delete': (client) =>
    client.album.update({ where: { id: albumId }, data: { photos: { deleteMany: {} } } }),
  'a nested transaction': (client) =>
    client.$transaction((inner) => inner.album.update({ where: { id: albumId }, data: { cover: file() } })),
  'a batch': (client) =>
    (client.$transaction as unknown as (batch: unknown[]) => Promise<unknown>)([
      client.document.create({ data: { content: file() } }),
      client.photo.deleteMany({ where: { albumId } }),
    ]),
}

const CODES = ['TRANSACTION_SETTLED', 'ABORTED', 'P2028']

/** The code of the error with which a write fails. */
function outcome(writing: Promise<unknown>): Promise<unknown> {
  return writing.then(
    () => 'written',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  )
}

const failure = new Error('a task has failed')

/** A transaction of two tasks, of which one fails; the other is what is given. */
async function transaction(task: (client: TestTransaction) => Promise<unknown>): Promise<void> {
  const running = prisma.$transaction(async (client) => {
    await client.document.create({ data: { content: textFile('in time') } })
    await Promise.all([Promise.reject(failure), task(client)])
  })
  await expect(running).rejects.toBe(failure)
}

describe.each(Object.entries(WRITES))('%s in a task beside one that fails', (_, write) => {
  it('is refused when it begins while ROLLBACK is on its way', async () => {
    let late: Promise<unknown> = Promise.resolve('not begun')

    await transaction(async (client) => {
      const begun = new Promise<void>((resolve) => (hooks.onRollback = resolve))
      late = begun.then(() => outcome(write(client)))
      await late
    })

    expect(CODES).toContain(await late)
    expect(await rows()).toEqual(before)
  })

  it('is refused when it begins after the end', async () => {
    let client: TestTransaction | undefined
    await transaction((opened) => {
      client = opened
      return Promise.resolve()
    })

    expect(['TRANSACTION_SETTLED', 'P2028']).toContain(await outcome(write(client!)))
    expect(await rows()).toEqual(before)
  })

  it('is undone when it has begun at the same moment', async () => {
    let late: Promise<unknown> = Promise.resolve('not begun')

    await transaction((client) => (late = outcome(write(client))))
    await late

    expect(await rows()).toEqual(before)
  })

  it('is undone or refused wherever it is when ROLLBACK is sent', async () => {
    for (let turns = 0; turns < 30; turns++) {
      let late: Promise<unknown> = Promise.resolve('not begun')
      hooks.delay = turns % 3
      const running = prisma.$transaction(async (client) => {
        const fail = async () => {
          for (let turn = 0; turn < turns; turn++) await setImmediate()
          throw failure
        }
        await Promise.all([fail(), (late = outcome(write(client)))])
      })
      await expect(running).rejects.toBe(failure)
      await late
      expect(await rows()).toEqual(before)
      await database.expectFilesMatchRows()
    }
  })

  it('is refused, and its uploads are stopped and removed, when they are on their way at the end', async () => {
    database.chaos.hang('write', { from: 2 })
    let late: Promise<unknown> = Promise.resolve('not begun')
    hooks.onRollback = () => {
      // What hangs goes on when the uploads are not stopped by then.
      void setTimeout(hooks.delay / 2).then(() => {
        database.chaos.restore()
      })
    }

    const running = prisma.$transaction(async (client) => {
      late = outcome(write(client))
      await setTimeout(10)
      throw failure
    })
    await expect(running).rejects.toBe(failure)
    await late

    expect(await rows()).toEqual(before)
  })
})

describe('a nested transaction that nobody waits for', () => {
  it('has the whole transaction fail, and leaves nothing', async () => {
    let late: Promise<unknown> = Promise.resolve('not begun')
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))

    const running = prisma.$transaction(async (client) => {
      const begun = new Promise<void>((resolve) => {
        late = outcome(
          client.$transaction(async (inner) => {
            await inner.document.create({ data: { content: file() } })
            resolve()
            await ended
          }),
        )
      })
      await begun
    })
    await expect(running).rejects.toThrow('while a nested transaction is still active')
    end()

    expect(await late).toBe('TRANSACTION_SETTLED')
    expect(await rows()).toEqual(before)
    expect(database.unsettled.size).toBe(0)
  })
})

describe('mixed writes side by side, one of which fails', () => {
  it('leave all rows and files as they were, whenever that is', async () => {
    const writes = Object.values(WRITES)
    for (let round = 0; round < 60; round++) {
      hooks.delay = Math.random() * 3
      const late: Promise<unknown>[] = []
      const running = prisma.$transaction(async (client) => {
        const tasks = Array.from({ length: 4 }, async () => {
          await setTimeout(Math.random() * 8)
          const write = writes[Math.floor(Math.random() * writes.length)]!
          await write(client)
        })
        late.push(...tasks.map(outcome))
        await Promise.all([
          ...tasks.map((task) => task.catch(() => undefined)),
          setTimeout(Math.random() * 12).then(() => Promise.reject(failure)),
        ])
      })
      await expect(running).rejects.toThrow()
      await Promise.all(late)
      expect(await rows()).toEqual(before)
      await database.expectFilesMatchRows()
    }
  })
})
