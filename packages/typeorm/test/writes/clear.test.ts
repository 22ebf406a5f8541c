import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { Folder, Shelf } from '../entities/folder.ts'
import { Receipt } from '../entities/receipt.ts'
import { Truck, Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf } from '../support/contents.ts'
import { isOn, typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeAll(async () => {
  database = await TestDatabase.open([Document, Folder, Receipt, Shelf, Truck, Vehicle])
  documents = database.dataSource.getRepository(Document)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

async function twoDocuments(): Promise<void> {
  await documents.save([
    { title: 'a', content: textFile('a'), attachments: [textFile('one'), textFile('two')] },
    { title: 'b', content: textFile('b') },
  ])
}

async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { title: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

describe('clear', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['the repository', () => documents.clear()],
    ['the manager', () => database.dataSource.manager.clear(Document)],
    [
      'a manual query runner',
      async () => {
        const queryRunner = database.dataSource.createQueryRunner()
        await queryRunner.manager.clear(Document)
        await queryRunner.release()
      },
    ],
    [
      'a query runner and the name of the table',
      async () => {
        const queryRunner = database.dataSource.createQueryRunner()
        await queryRunner.clearTable('document')
        await queryRunner.release()
      },
    ],
    ['a transaction', () => database.dataSource.transaction((manager) => manager.clear(Document))],
  ])('of %s deletes all files', async (_, clear) => {
    await twoDocuments()

    await clear()

    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('of an empty table does nothing', async () => {
    await documents.clear()

    expect(await documents.count()).toBe(0)
  })

  it('of an entity without files leaves those of others', async () => {
    await twoDocuments()
    await database.dataSource.manager.save(Receipt, { number: '1' })

    await database.dataSource.manager.clear(Receipt)

    expect(await database.dataSource.manager.count(Receipt)).toBe(0)
    expect(await texts()).toEqual(['a', 'b'])
  })

  it.each([
    ['the base', Vehicle],
    ['a subclass', Truck],
  ])('of %s of a single table empties it for all, and deletes their files', async (_, entity) => {
    const { manager } = database.dataSource
    await manager.save(Vehicle, { photo: textFile('photo'), papers: { scan: textFile('scan') } })
    await manager.save(Truck, { photo: textFile('truck'), load: textFile('load') })

    await manager.clear(entity)

    expect(await manager.count(Vehicle)).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('deletes what the same transaction has written before, and keeps what it writes after', async () => {
    await twoDocuments()

    await database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { title: 'c', content: textFile('before') })
      await manager.clear(Document)
      await manager.save(Document, { title: 'd', content: textFile('after') })
    })

    expect(await texts()).toEqual(['after'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('follows writes at the same time', async () => {
    await twoDocuments()
    database.chaos.delay('write', 5)

    await Promise.all([
      documents.save({ title: 'c', content: textFile('c') }),
      documents.clear(),
      documents.save({ title: 'd', content: textFile('d') }),
    ])

    expect(await database.pathsOfFiles()).toHaveLength(await documents.count())
  })
})

describe('clear in a transaction that is rolled back', () => {
  // MySQL and MariaDB commit a TRUNCATE, and whatever was before it, at once.
  if (isOn('mariadb')) {
    it('keeps the files, and reports those of which nobody knows any more', async () => {
      await twoDocuments()
      const paths = await database.pathsOfFiles()

      const clearing = database.dataSource.transaction(async (manager) => {
        await manager.clear(Document)
        throw failure
      })

      await expect(clearing).rejects.toBe(failure)
      expect(await documents.count()).toBe(0)
      expect(await database.pathsOfFiles()).toEqual(paths)
      expect([...database.unsettled].sort()).toEqual(paths)
      await database.depot.deleteFiles(paths)
    })

    it('keeps the file of a row that was written before, which it has committed', async () => {
      const clearing = database.dataSource.transaction(async (manager) => {
        await manager.save(Vehicle, { photo: textFile('committed on the side') })
        await manager.clear(Document)
        throw failure
      })

      await expect(clearing).rejects.toBe(failure)
      const [vehicle] = await database.dataSource.manager.find(Vehicle)
      expect(await textOf(vehicle?.photo)).toBe('committed on the side')
      expect([...database.unsettled]).toEqual([vehicle?.photo?.path])
    })
    return
  }

  it('keeps the rows and their files', async () => {
    await twoDocuments()

    const clearing = database.dataSource.transaction(async (manager) => {
      await manager.clear(Document)
      throw failure
    })

    await expect(clearing).rejects.toBe(failure)
    expect(await texts()).toEqual(['a', 'b'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('keeps them where it is a savepoint', async () => {
    await twoDocuments()

    await database.dataSource.transaction(async (manager) => {
      const inner = manager.transaction(async (savepoint) => {
        await savepoint.clear(Document)
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
    })

    expect(await texts()).toEqual(['a', 'b'])
  })
})

describe('clear of a table that others refer to', () => {
  beforeEach(async () => {
    const { manager } = database.dataSource
    const shelf = await manager.save(Shelf, { label: 'one' })
    const outer = await manager.save(Folder, { scan: textFile('outer'), shelf })
    await manager.save(Folder, { scan: textFile('inner'), around: outer })
    await manager.save(Folder, { scan: textFile('loose') })
  })

  async function foldersLeft(): Promise<(string | undefined)[]> {
    const rows = await database.dataSource.manager.find(Folder, { order: { id: 'ASC' } })
    return await Promise.all(rows.map(({ scan }) => textOf(scan)))
  }

  if (isOn('sqlite')) {
    it('deletes the files of the rows that go with its own, and no others', async () => {
      await database.dataSource.manager.clear(Shelf)

      expect(await foldersLeft()).toEqual(['loose'])
      expect(await database.pathsOfFiles()).toHaveLength(1)
    })
  } else {
    it('is refused by the database, and keeps all files', async () => {
      await expect(database.dataSource.manager.clear(Shelf)).rejects.toThrow(/truncate/i)

      expect(await foldersLeft()).toEqual(['outer', 'inner', 'loose'])
    })
  }

  // TypeORM 0.3 has no such option.
  if (isOn('postgres') && typeormVersion !== '0.3') {
    it('with cascade: true empties those too, and deletes all of their files', async () => {
      await twoDocuments()

      await database.dataSource.manager.clear(Shelf, { cascade: true })

      expect(await foldersLeft()).toEqual([])
      expect(await database.pathsOfFiles()).toHaveLength(4)
    })

    it('with cascade: true keeps all files where it is rolled back', async () => {
      const clearing = database.dataSource.transaction(async (manager) => {
        await manager.clear(Shelf, { cascade: true })
        throw failure
      })

      await expect(clearing).rejects.toBe(failure)
      expect(await foldersLeft()).toEqual(['outer', 'inner', 'loose'])
    })
  }
})
