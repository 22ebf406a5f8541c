import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Brackets, In, Like, type Repository } from 'typeorm'
import { Album, Cover, Photo } from './entities/album.ts'
import { Document } from './entities/document.ts'
import { Letter } from './entities/letter.ts'
import { Receipt } from './entities/receipt.ts'
import { Truck, Vehicle } from './entities/vehicle.ts'
import { brokenFile, textFile, textOf } from './support/contents.ts'
import { errorsAbortTransactions, isOn, says, sql } from './support/database-kind.ts'
import { keepRows } from './support/triggers.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document, Receipt, Vehicle, Truck, Album, Photo, Cover, Letter])
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

const failure = new Error('rolled back on purpose')

/** Three documents, `a` to `c`, each with a file that says its title. */
async function threeDocuments(): Promise<Document[]> {
  return await documents.save(
    ['a', 'b', 'c'].map((title) =>
      documents.create({ title, content: textFile(title), attachments: [textFile(title)] }),
    ),
  )
}

async function titles(): Promise<string[]> {
  return (await documents.find({ order: { title: 'ASC' } })).map(({ title }) => title)
}

describe('delete by criteria', () => {
  it.each<[string, (rows: Document[]) => Promise<unknown>]>([
    ['an id', ([a]) => documents.delete(a!.id)],
    ['several ids', ([a]) => documents.delete([a!.id])],
    ['an object', () => documents.delete({ title: 'a' })],
    ['an operator', () => documents.delete({ title: In(['a']) })],
    ['a pattern', () => documents.delete({ title: Like('a%') })],
    ['alternatives', () => documents.delete([{ title: 'a' }, { title: 'nobody' }])],
    ['the manager', ([a]) => database.dataSource.manager.delete(Document, a!.id)],
    ['text with parameters', () => deletion().where('title = :title', { title: 'a' }).execute()],
    [
      'brackets',
      () =>
        deletion()
          .where(new Brackets((where) => where.where('title = :t', { t: 'a' })))
          .execute(),
    ],
    [
      'a subquery',
      () =>
        deletion().where(`id IN (SELECT id FROM document WHERE title = :title)`, { title: 'a' }).execute(),
    ],
    [
      'a clone of a query builder',
      () => deletion().where('title = :title', { title: 'a' }).clone().execute(),
    ],
    [
      'a query builder with an alias',
      () => documents.createQueryBuilder('doc').delete().where('title = :title', { title: 'a' }).execute(),
    ],
  ])('of %s deletes the files of those rows', async (_, remove) => {
    const rows = await threeDocuments()

    await remove(rows)

    expect(await titles()).toEqual(['b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  /** A DELETE of documents. */
  function deletion() {
    return database.dataSource.createQueryBuilder().delete().from(Document)
  }

  it('of all rows deletes all files', async () => {
    await threeDocuments()

    await documents.deleteAll()

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of no row deletes nothing', async () => {
    await threeDocuments()

    await documents.delete({ title: 'nobody' })

    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('that is rolled back keeps the files, also to a savepoint', async () => {
    await threeDocuments()

    await database.dataSource.transaction(async (manager) => {
      await manager.delete(Document, { title: 'a' })
      const inner = manager.transaction(async (savepoint) => {
        await savepoint.delete(Document, { title: 'b' })
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
    })

    expect(await titles()).toEqual(['b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('that the database refuses keeps the files, also where the transaction is committed', async () => {
    const [a] = await threeDocuments()
    await database.dataSource.query(
      'CREATE TABLE pin (document INTEGER NOT NULL, FOREIGN KEY (document) REFERENCES document (id))',
    )
    await database.dataSource.query(sql('INSERT INTO pin VALUES (?)'), [a!.id])

    const committing = database.dataSource.transaction(async (manager) => {
      await expect(manager.delete(Document, { title: In(['a', 'b']) })).rejects.toThrow(says.foreignKey)
    })

    if (errorsAbortTransactions)
      await expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    else await committing
    await expect(documents.delete({ title: 'a' })).rejects.toThrow(says.foreignKey)
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  // MariaDB's triggers can only refuse.
  if (!isOn('mariadb')) {
    it('keeps the files of rows that a trigger keeps', async () => {
      await threeDocuments()
      await keepRows(database.dataSource, { table: 'document', operation: 'DELETE', when: "OLD.title = 'a'" })

      await documents.delete({ title: In(['a', 'b']) })

      expect(await titles()).toEqual(['a', 'c'])
      expect(await database.pathsOfFiles()).toHaveLength(4)
    })
  }

  it('of a relation deletes the files', async () => {
    const { manager } = database.dataSource
    const album = await manager.save(Album, {
      photos: [{ image: textFile('one') }, { image: textFile('two') }],
    })
    await manager.save(Album, { photos: [{ image: textFile('other') }] })

    await manager.delete(Photo, { album: { id: album.id } })

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each([
    ['the base', Vehicle, 0],
    ['a subclass', Truck, 1],
  ])('of a single table deletes the files of %s only', async (_, entity, left) => {
    const { manager } = database.dataSource
    await manager.save(Vehicle, { photo: textFile('vehicle') })
    await manager.save(Truck, {
      photo: textFile('truck'),
      load: textFile('load'),
      papers: { scan: textFile('scan') },
    })

    await manager.createQueryBuilder().delete().from(entity).execute()

    expect(await database.pathsOfFiles()).toHaveLength(left)
  })

  it('reads no file columns of an entity that has none', async () => {
    const receipts = database.dataSource.getRepository(Receipt)
    await receipts.save({ number: '1' })

    await receipts.delete({ number: '1' })

    expect(await receipts.count()).toBe(0)
  })
})

describe('a row that is deleted softly', () => {
  it('keeps its file, by criteria and as an entity, until it is really removed', async () => {
    const letters = database.dataSource.getRepository(Letter)
    const letter = await letters.save(letters.create({ scan: textFile('scan') }))

    await letters.softDelete(letter.id)
    await letters.restore(letter.id)
    await letters.softRemove(letter)

    expect(await letters.count()).toBe(0)
    expect(await database.pathsOfFiles()).toHaveLength(1)
    await letters.delete(letter.id)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('writes by criteria at the same time', () => {
  it('follow each other', async () => {
    const rows = await threeDocuments()
    database.chaos.delay('write', 5)

    await Promise.all([
      documents.update(rows[0]!.id, { content: textFile('new a') }),
      documents.delete(rows[1]!.id),
      documents.save({ title: 'd', content: textFile('d') }),
      documents.update(rows[0]!.id, { content: textFile('newest a') }),
    ])

    expect(await titles()).toEqual(['a', 'c', 'd'])
    // Where each has a connection of its own, nobody says which of two comes first.
    const last = isOn('sqlite') ? ['newest a'] : ['new a', 'newest a']
    expect(last).toContain(await textOf((await documents.findOneByOrFail({ title: 'a' })).content))
  })
})
