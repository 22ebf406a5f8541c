import 'reflect-metadata'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

/*
 * Writes whose answers do not come. After each test every file is one of a document, or was reported; what a document
 * names is there.
 */

const on = onMongodb([Page], { fails: true })
const pages = () => on.database.dataSource.getMongoRepository(Page)
let one: Page

beforeEach(async () => {
  await pages().save(pages().create({ name: 'one', file: textFile('1') }))
  one = await found('one')
})

function found(name: string): Promise<Page> {
  return pages().findOneByOrFail({ name })
}

/** The answers of this command get lost: the driver sends it again once, so twice. */
function lose(command: string, times = 2): void {
  on.server.fail({ failCommands: [command], loseReply: true }, { times })
}

/** The command does not get through, nor does its repetition. */
function cut(command: string, times = 2): void {
  on.server.fail({ failCommands: [command], closeConnection: true }, { times })
}

describe('an answer that is lost once', () => {
  it.each<[string, string, () => Promise<unknown>]>([
    [
      'save of a new entity',
      'insert',
      () => pages().save(pages().create({ name: 'two', file: textFile('2') })),
    ],
    [
      'save of a changed one',
      'findAndModify',
      () => pages().save(Object.assign(one, { file: textFile('2') })),
    ],
    ['remove', 'findAndModify', () => pages().remove(one)],
    ['deleteMany', 'findAndModify', () => pages().deleteMany({})],
    ['update', 'findAndModify', () => pages().update({ name: 'one' }, { file: null })],
  ])('changes nothing for %s: the driver asks again', async (_, command, write) => {
    lose(command, 1)

    await write()

    expect([...on.database.unsettled]).toEqual([])
    await on.database.expectFilesMatchDocuments()
  })
})

describe('a write that has run, and whose answer is lost', () => {
  it('keeps the file of a new document: it is looked for', async () => {
    const page = pages().create({ name: 'two', file: textFile('2') })
    lose('insert')

    await expect(pages().save(page)).rejects.toThrow()

    expect(await textOf((await found('two')).file)).toBe('2')
    expect(page.file!.isPending).toBe(false)
    expect([...on.database.unsettled]).toEqual([])
    await on.database.expectFilesMatchDocuments()
  })

  it('keeps the new file of a changed document, and deletes the old one', async () => {
    lose('findAndModify')

    await expect(pages().save(Object.assign(one, { file: textFile('2') }))).rejects.toThrow()

    expect(await textOf((await found('one')).file)).toBe('2')
    await on.database.expectFilesMatchDocuments()
  })

  it('keeps the files of documents that were written without an entity', async () => {
    const docs = ['two', 'three'].map((name) => ({ name, file: textFile(name) }))
    lose('insert')

    await expect(pages().insertMany(docs)).rejects.toThrow()

    expect(await textsOf((await pages().find()).map(({ file }) => file))).toEqual(['1', 'two', 'three'])
    await on.database.expectFilesMatchDocuments()
  })

  it.each<[string, () => Promise<unknown>]>([
    ['remove', () => pages().remove(one)],
    ['deleteOne', () => pages().deleteOne({ name: 'one' })],
    ['findOneAndDelete', () => pages().findOneAndDelete({ name: 'one' })],
    ['update with null', () => pages().update({ name: 'one' }, { file: null })],
    ['replaceOne', () => pages().replaceOne({ name: 'one' }, { name: 'one' })],
  ])('deletes the file that %s took away', async (_, write) => {
    lose('findAndModify')

    await expect(write()).rejects.toThrow()

    expect(await on.database.pathsOfFiles()).toEqual([])
    expect([...on.database.unsettled]).toEqual([])
  })
})

describe('a write that did not get through', () => {
  it('may come late: the file of a new document is kept, and reported', async () => {
    const page = pages().create({ name: 'two', file: textFile('2') })
    cut('insert')

    await expect(pages().save(page)).rejects.toThrow()

    const { path } = page.file!
    expect([...on.database.unsettled]).toEqual([path])
    expect(await on.database.pathsOfFiles()).toEqual([one.file!.path, path].sort())
  })

  it('keeps and reports both files of a changed document', async () => {
    const old = one.file!
    cut('findAndModify')

    await expect(pages().save(Object.assign(one, { file: textFile('2') }))).rejects.toThrow()

    expect([...on.database.unsettled].sort()).toEqual([old.path, one.file!.path].sort())
    expect(await textOf((await found('one')).file)).toBe('1')
  })

  it.each<[string, () => Promise<unknown>]>([
    ['remove', () => pages().remove(one)],
    ['deleteMany', () => pages().deleteMany({})],
    ['findOneAndDelete', () => pages().findOneAndDelete({})],
    ['update with null', () => pages().update({ name: 'one' }, { file: null })],
  ])('keeps and reports the file that %s was to take away', async (_, write) => {
    const { path } = one.file!
    cut('findAndModify')

    await expect(write()).rejects.toThrow()

    expect([...on.database.unsettled]).toEqual([path])
    expect(await textOf((await found('one')).file)).toBe('1')
  })

  it('reports what nobody can look up either', async () => {
    const page = pages().create({ name: 'two', file: textFile('2') })
    lose('insert')
    cut('find')

    await expect(pages().save(page)).rejects.toThrow()

    expect([...on.database.unsettled]).toEqual([page.file!.path])
    expect(await textOf((await found('two')).file)).toBe('2')
  })
})

describe('an answer of the server', () => {
  it.each([13, 112, 121])(
    'that refuses for sure (%i) leaves no file, and nothing to report',
    async (errorCode) => {
      const file = textFile('2')
      on.server.fail({ failCommands: ['insert', 'findAndModify'], errorCode })

      const page = pages().create({ name: 'two', file })
      await expect(pages().save(page)).rejects.toMatchObject({ code: errorCode })
      await expect(pages().save(Object.assign(one, { file }))).rejects.toMatchObject({ code: errorCode })
      await expect(pages().delete({ name: 'one' })).rejects.toMatchObject({ code: errorCode })

      expect([...on.database.unsettled]).toEqual([])
      expect([page.file, one.file]).toEqual([file, file])
      expect(await textsOf((await pages().find()).map((each) => each.file))).toEqual(['1'])
      await on.database.expectFilesMatchDocuments()
    },
  )

  it.each([50, 11600])('that was interrupted (%i) leaves everything, and reports it', async (errorCode) => {
    on.server.fail({ failCommands: ['insert', 'findAndModify'], errorCode }, { times: 4 })
    const page = pages().create({ name: 'two', file: textFile('2') })

    await expect(pages().save(page)).rejects.toMatchObject({ code: errorCode })

    expect([...on.database.unsettled]).toEqual([page.file!.path])
  })
})

describe('a client that does not wait for answers', () => {
  it('reports what it writes, and deletes nothing', async () => {
    const options = { writeConcern: { w: 0 } } as never

    await pages().insertOne({ name: 'two', file: textFile('2') }, options)
    await pages().deleteOne({ name: 'one' }, options)

    expect([...on.database.unsettled]).toHaveLength(2)
    expect(await on.database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('a storage that fails', () => {
  it('keeps a save from writing anything', async () => {
    on.database.chaos.fail('write')

    await expect(pages().save(Object.assign(one, { views: 5, file: textFile('2') }))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
    })

    expect(await found('one')).not.toHaveProperty('views', 5)
    expect(await textOf((await found('one')).file)).toBe('1')
  })

  it('when it deletes fails no one, and is told', async () => {
    const failed: string[] = []
    on.database.depot.on('deleteFailed', ({ path }) => failed.push(path))
    const { path } = one.file!
    on.database.chaos.fail('delete', { times: 1 })

    await pages().remove(one)

    expect(failed).toEqual([path])
    expect(await pages().countDocuments()).toBe(0)
    await on.database.depot.deleteFiles([path])
  })
})
