import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { EntityManager, Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { Receipt } from './entities/receipt.ts'
import { Vehicle } from './entities/vehicle.ts'
import { Gate, until } from './support/timing.ts'
import { brokenFile, textFile, textOf } from './support/contents.ts'
import { errorsAbortTransactions, isOn, says, sql } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document, Receipt, Vehicle])
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

const failure = new Error('rolled back on purpose')

/** Runs in a transaction that is rolled back at its end. */
function rolledBack(action: (manager: EntityManager) => Promise<unknown>): Promise<void> {
  const running = database.dataSource.transaction(async (manager) => {
    await action(manager)
    throw failure
  })
  return expect(running).rejects.toBe(failure)
}

describe('a transaction that is rolled back', () => {
  it('removes the file of a new row', async () => {
    await rolledBack((manager) => manager.save(Document, { content: textFile('new') }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the old file of a row whose file was replaced', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await rolledBack((manager) => manager.save(Document, { id, content: textFile('new') }))

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('old')
  })

  it('keeps the file of a row that was removed', async () => {
    const { id } = await documents.save({ content: textFile('kept') })

    await rolledBack(async (manager) => manager.remove(await manager.findOneByOrFail(Document, { id })))

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('kept')
  })

  it('keeps the file that was set to null', async () => {
    const { id } = await documents.save({ content: textFile('kept') })

    await rolledBack((manager) => manager.save(Document, { id, content: null }))

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('kept')
  })

  it('removes every file of a row that was replaced several times', async () => {
    const document = await documents.save(documents.create({ content: textFile('first') }))

    await rolledBack(async (manager) => {
      for (const text of ['second', 'third', 'fourth']) {
        document.content = textFile(text)
        await manager.save(document)
      }
    })

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('removes several files of a new row', async () => {
    await rolledBack((manager) =>
      manager.save(Document, { content: textFile('one'), attachments: [textFile('two'), textFile('three')] }),
    )

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives the entity its pending value back, so that saving it again uploads again', async () => {
    const document = documents.create({ content: textFile('try again') })
    const pending = document.content
    await rolledBack((manager) => manager.save(document))
    expect(document.content).toBe(pending)

    await documents.save(document)

    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('try again')
  })

  it('gives back what was uploaded beforehand, for the next try', async () => {
    const content = await database.depot.upload(textFile('early'))
    await rolledBack((manager) => manager.save(Document, { content }))
    expect(await database.exists(content)).toBe(true)

    await documents.save({ content })

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('refuses to save a stream again that it has consumed', async () => {
    const document = documents.create()
    Object.assign(document, { content: new Blob(['once']).stream() })
    await rolledBack((manager) => manager.save(document))

    await expect(documents.save(document)).rejects.toMatchObject({ code: 'CONTENT_CONSUMED' })

    expect(await documents.count()).toBe(0)
  })

  it('refuses a stored value whose file it has removed', async () => {
    let gone: UploadedFile | null = null
    await rolledBack(async (manager) => {
      gone = (await manager.save(Document, { content: textFile('gone') })).content
    })

    await expect(documents.save({ content: gone })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    const unheard = documents.save({ content: gone }, { listeners: false })
    await expect(unheard).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })

    expect(await documents.count()).toBe(0)
  })
})

describe('savepoints', () => {
  it('undo only their own files where they are rolled back and the transaction commits', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await database.dataSource.transaction(async (outer) => {
      await outer.save(Document, { content: textFile('outer') })
      await expect(
        outer.transaction(async (inner) => {
          await inner.save(Document, { content: textFile('inner') })
          await inner.save(Document, { id, content: textFile('replaced') })
          throw failure
        }),
      ).rejects.toBe(failure)
    })

    const texts = await Promise.all((await documents.find()).map(({ content }) => textOf(content)))
    expect(texts).toEqual(['old', 'outer'])
  })

  it('are undone with the transaction where they were released before', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await rolledBack((outer) =>
      outer.transaction(async (inner) => {
        await inner.save(Document, { id, content: textFile('replaced') })
        await inner.save(Document, { content: textFile('inner') })
      }),
    )

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('old')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('delete what was replaced in them only when the transaction commits', async () => {
    const document = await documents.save(documents.create({ content: textFile('old') }))
    const old = document.content!

    await database.dataSource.transaction(async (outer) => {
      await outer.transaction(async (inner) => {
        document.content = textFile('new')
        await inner.save(document)
      })
      expect(await database.exists(old)).toBe(true)
    })

    expect(await database.exists(old)).toBe(false)
  })

  it('nest to any depth', async () => {
    await database.dataSource.transaction(async (first) => {
      await first.save(Document, { content: textFile('1') })
      await first.transaction(async (second) => {
        await second.save(Document, { content: textFile('2') })
        await expect(
          second.transaction(async (third) => {
            await third.transaction((fourth) => fourth.save(Document, { content: textFile('4') }))
            throw failure
          }),
        ).rejects.toBe(failure)
      })
    })

    expect(await Promise.all((await documents.find()).map(({ content }) => textOf(content)))).toEqual([
      '1',
      '2',
    ])
  })

  it('are done with when they were rolled back, and not looked at again', async () => {
    const discarded: unknown[] = []
    database.depot.on('discarded', (event) => discarded.push(event))

    await database.dataSource.transaction(async (outer) => {
      await outer.save(Document, { content: textFile('outer') })
      const inner = outer.transaction((manager) =>
        manager.save([
          manager.create(Document, { content: textFile('good') }),
          manager.create(Document, { content: brokenFile() }),
        ]),
      )
      await expect(inner).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    })

    expect(discarded).toEqual([])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('that are rolled back forget nothing of a failed save before them whose upload ends in them', async () => {
    database.chaos.hang('write', { on: 1 })

    await database.dataSource.transaction(async (outer) => {
      const saving = outer.save(Document, [{ content: textFile('late') }, { content: brokenFile() }])
      await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
      const inner = outer.transaction(async () => {
        database.chaos.restore()
        await setTimeout(20)
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
    })

    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('that are rolled back forget nothing of a list before them of which one file failed', async () => {
    database.chaos.hang('write', { on: 1 })
    const late = UploadedFile.from(Buffer.from('late'), { filename: 'late.txt', storage: 'default' })

    await database.dataSource.transaction(async (outer) => {
      const saving = outer.save(Document, { attachments: [late, brokenFile()] })
      await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
      const inner = outer.transaction(async () => {
        database.chaos.restore()
        await setTimeout(20)
        throw failure
      })
      await expect(inner).rejects.toBe(failure)
    })

    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('count also where the transaction touches its first file inside one', async () => {
    await database.dataSource.transaction(async (outer) => {
      await outer.save(Receipt, { number: 'no file yet' })
      await expect(
        outer.transaction(async (inner) => {
          await inner.save(Document, { content: textFile('inner') })
          throw failure
        }),
      ).rejects.toBe(failure)
      await outer.save(Document, { content: textFile('outer') })
    })

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a manual query runner', () => {
  it('commits and rolls back files', async () => {
    const queryRunner = database.dataSource.createQueryRunner()

    await queryRunner.startTransaction()
    await queryRunner.manager.save(Document, { content: textFile('rolled back') })
    await queryRunner.rollbackTransaction()
    await queryRunner.startTransaction()
    await queryRunner.manager.save(Document, { content: textFile('committed') })
    await queryRunner.commitTransaction()
    await queryRunner.release()

    expect(await Promise.all((await documents.find()).map(({ content }) => textOf(content)))).toEqual([
      'committed',
    ])
  })
})

describe('a commit that fails', () => {
  // MariaDB has no deferred constraints.
  if (isOn('mariadb')) return

  it('removes the new files and keeps the old ones', async () => {
    const { id } = await documents.save({ content: textFile('old') })
    await database.dataSource.query(
      'CREATE TABLE deferred (receipt INTEGER REFERENCES receipt (id) DEFERRABLE INITIALLY DEFERRED)',
    )

    const committing = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('new') })
      await manager.save(Document, { id, content: textFile('replaced') })
      await manager.query('INSERT INTO deferred VALUES (99)')
    })

    await expect(committing).rejects.toThrow(says.foreignKey)
    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('old')
    expect(await documents.count()).toBe(1)
  })
})

describe('a statement that fails', () => {
  it('removes the file that was uploaded for it', async () => {
    await database.dataSource.query('CREATE UNIQUE INDEX one_title ON document (title)')
    await documents.save({ title: 'taken', content: textFile('first') })

    await expect(documents.save({ title: 'taken', content: textFile('second') })).rejects.toThrow(says.unique)

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a statement that fails in a transaction that is committed all the same', () => {
  if (errorsAbortTransactions) return

  beforeEach(async () => {
    await database.dataSource.query('CREATE UNIQUE INDEX one_title ON document (title)')
    await documents.save([
      { title: 'taken', content: textFile('taken') },
      { title: 'mine', content: textFile('mine') },
    ])
  })

  it('leaves the file of a row that it did not insert', async () => {
    await database.dataSource.transaction(async (manager) => {
      await expect(manager.save(Document, { title: 'taken', content: textFile('new') })).rejects.toThrow(
        says.unique,
      )
    })

    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('keeps the old file of a row that it did not update, and gives the entity its pending file back', async () => {
    const mine = await documents.findOneByOrFail({ title: 'mine' })
    const pending = textFile('new')

    await database.dataSource.transaction(async (manager) => {
      Object.assign(mine, { title: 'taken', content: pending })
      await expect(manager.save(mine)).rejects.toThrow(says.unique)
    })

    expect(mine.content).toBe(pending)
    expect(await textOf((await documents.findOneByOrFail({ title: 'mine' })).content)).toBe('mine')
  })

  it('keeps the files of what the same save had written before', async () => {
    await database.dataSource.transaction(async (manager) => {
      const first = manager.create(Vehicle, { photo: textFile('written') })
      const second = manager.create(Document, { title: 'taken', content: textFile('refused') })
      await expect(manager.save([first, second])).rejects.toThrow(says.unique)
    })

    const vehicles = await database.dataSource.manager.find(Vehicle)
    expect(await Promise.all(vehicles.map(({ photo }) => textOf(photo)))).toEqual(['written'])
  })

  it('keeps the files of a row that it did not remove', async () => {
    await database.dataSource.query(
      'CREATE TABLE pin (document INTEGER NOT NULL, FOREIGN KEY (document) REFERENCES document (id) ON DELETE RESTRICT)',
    )
    const mine = await documents.findOneByOrFail({ title: 'mine' })
    await database.dataSource.query(sql('INSERT INTO pin VALUES (?)'), [mine.id])

    await database.dataSource.transaction(async (manager) => {
      await expect(manager.remove(mine)).rejects.toThrow(says.foreignKey)
    })

    expect(await textOf((await documents.findOneByOrFail({ title: 'mine' })).content)).toBe('mine')
  })

  it('gives back what was uploaded beforehand', async () => {
    const content = await database.depot.upload(textFile('early'))

    await database.dataSource.transaction(async (manager) => {
      await expect(manager.save(Document, { title: 'taken', content })).rejects.toThrow(says.unique)
    })
    await documents.save({ title: 'free', content })

    expect(database.chaos.calls('write')).toBe(3)
  })
})

describe('an upload that fails among several', () => {
  it('writes no row and leaves no file, also of the uploads that went well', async () => {
    const cause = new Error('the client is gone')

    const saving = documents.save([
      { content: textFile('one') },
      { content: brokenFile(cause), attachments: [textFile('two')] },
      { content: textFile('three') },
    ])

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED', cause })
    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('stops the uploads that are still in flight', async () => {
    database.chaos.hang('write', { on: 1 })

    const saving = documents.save([{ content: textFile('hangs') }, { content: brokenFile() }])

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await documents.count()).toBe(0)
  })

  it('leaves the rest of a transaction alone where its error is caught', async () => {
    await database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('before') })
      await manager.save(Document, { content: brokenFile() }).catch(() => undefined)
      await manager.save(Document, { content: textFile('after') })
    })

    expect(await Promise.all((await documents.find()).map(({ content }) => textOf(content)))).toEqual([
      'before',
      'after',
    ])
  })
})

describe('several files of one column', () => {
  it('stay out of the storage where one of them fails and the transaction is committed all the same', async () => {
    await database.dataSource.transaction(async (manager) => {
      const saving = manager.save(Document, {
        attachments: [textFile('good'), brokenFile(), textFile('good too')],
      })
      await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    })

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('a save that nobody waited for', () => {
  beforeEach(async () => {
    await database.close()
    database = await TestDatabase.open([Document, Receipt, Vehicle], { maxWait: 50 })
    documents = database.dataSource.getRepository(Document)
  })

  it('is waited for by the end of the transaction', async () => {
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    const saving = queryRunner.manager.save(Document, { content: textFile('late') })

    await queryRunner.commitTransaction()

    await saving
    expect(await documents.count()).toBe(1)
  })

  it('is stopped in its upload by the end of the transaction', async () => {
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    database.chaos.hang('write')
    const saving = queryRunner.manager.save(Document, { content: textFile('late') })

    await until(() => database.chaos.calls('write') === 1)
    await queryRunner.commitTransaction()

    await expect(saving).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await documents.count()).toBe(0)
  })

  it('cannot write a row whose file has been removed with its transaction', async () => {
    const gate = new Gate()
    database.dataSource.subscribers.unshift({
      listenTo: () => Document,
      beforeInsert: ({ entity }: { entity: Partial<Document> }) => (entity.content ? undefined : gate.opened),
    })
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.startTransaction()
    const saving = queryRunner.manager.save(Document, [{ content: textFile('late') }, {}])
    while ((await database.pathsOfFiles()).length === 0) await setImmediate()

    await queryRunner.rollbackTransaction()
    gate.open()

    // Where the storage has the file and has not yet said so, its upload is given up.
    await expect(saving).rejects.toMatchObject({ code: expect.stringMatching(/^(PENDING_FILE|ABORTED)$/) })
    expect(await documents.count()).toBe(0)
  })
})

describe('saves side by side in one transaction', () => {
  const saveAll = (manager: EntityManager, contents: readonly UploadedFile[]) =>
    Promise.all(contents.map((content) => manager.save(Document, { content })))

  it('follow each other, and are committed with it', async () => {
    await database.dataSource.transaction((manager) =>
      saveAll(manager, [textFile('a'), textFile('b'), textFile('c')]),
    )

    const texts = await Promise.all((await documents.find()).map(({ content }) => textOf(content)))
    expect(texts.sort()).toEqual(['a', 'b', 'c'])
  })

  it('of which one fails are rolled back, also those that are on their way', async () => {
    database.chaos.delay('write', 5)
    const contents = [textFile('a'), brokenFile(), textFile('b'), textFile('c')]

    const saving = database.dataSource.transaction((manager) => saveAll(manager, contents))

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    await setTimeout(50)
    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('that a subscriber makes within another do not wait for it', async () => {
    const receipts = database.dataSource.getRepository(Receipt)
    database.dataSource.subscribers.unshift({
      listenTo: () => Document,
      afterInsert: ({ manager }) => manager.save(Receipt, { number: 'made by the subscriber' }),
    })

    await database.dataSource.transaction((manager) => saveAll(manager, [textFile('a'), textFile('b')]))

    expect(await receipts.count()).toBe(2)
  })
})

describe('a storage that fails after the commit', () => {
  it('is not the business of the caller', async () => {
    const document = await documents.save(documents.create({ content: textFile('old') }))
    const old = document.content!
    const error = new Error('storage is down')
    database.chaos.fail('delete', { error })

    document.content = textFile('new')
    await documents.save(document)

    expect([...database.undeleted]).toEqual([old.path])
    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('new')
    database.chaos.restore()
    await database.depot.deleteFiles(database.undeleted)
  })

  it('is not waited for longer than maxWait', async () => {
    await database.close()
    database = await TestDatabase.open([Document, Receipt, Vehicle], { maxWait: 20 })
    documents = database.dataSource.getRepository(Document)
    const document = await documents.save(documents.create({ content: textFile('old') }))
    const old = document.content!
    database.chaos.hang('delete')

    await documents.remove(document)

    expect(await documents.count()).toBe(0)
    database.chaos.restore()
    await database.depot.deleteFiles([old.path])
  })
})

describe('a storage whose deletions hang', () => {
  beforeEach(async () => {
    await database.close()
    database = await TestDatabase.open([Document, Receipt, Vehicle], { maxWait: 300 })
    documents = database.dataSource.getRepository(Document)
  })

  it('makes nobody wait but those whose files it deletes, and them no longer than maxWait', async () => {
    const saved = await documents.save(
      Array.from({ length: 8 }, (_, i) => documents.create({ content: textFile(`file ${i}`) })),
    )
    const paths = saved.map(({ content }) => content!.path)
    database.chaos.hang('delete')
    const order: string[] = []

    const removing = saved.map((one) => documents.remove(one).then(() => order.push('removed')))
    const receipt = database.dataSource.getRepository(Receipt).save({ number: 'without a file' })
    await receipt.then(() => order.push('saved'))
    const kept = await documents.save({ content: textFile('with a file') })
    await Promise.all(removing)

    expect(order).toEqual(['saved', ...saved.map(() => 'removed')])
    expect(await textOf((await documents.findOneByOrFail({ id: kept.id })).content)).toBe('with a file')
    expect(await documents.count()).toBe(1)
    database.chaos.restore()
    await database.depot.deleteFiles(paths)
  })

  it('does not hold up a savepoint that is rolled back, nor what comes after it', async () => {
    database.chaos.hang('delete')
    let gone = ''

    await database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { content: textFile('kept') })
      await manager
        .transaction(async (inner) => {
          gone = (await inner.save(Document, { content: textFile('gone') })).content.path
          throw new Error('no')
        })
        .catch(() => undefined)
    })

    const [only] = await documents.find()
    expect(await textOf(only?.content)).toBe('kept')
    database.chaos.restore()
    await database.depot.deleteFiles([gone])
  })
})

describe('a row without files', () => {
  it('is saved and rolled back as if nothing was attached', async () => {
    const receipts = database.dataSource.getRepository(Receipt)
    await receipts.save({ number: 'kept' })

    await rolledBack((manager) => manager.save(Receipt, { number: 'gone' }))

    expect(await receipts.find()).toMatchObject([{ number: 'kept' }])
  })
})
