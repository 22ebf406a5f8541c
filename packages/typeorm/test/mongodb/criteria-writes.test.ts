import 'reflect-metadata'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectId } from 'mongodb'
import { brokenFile, textFile, textOf, textsOf } from '../support/contents.ts'
import { Cover, Page } from './entities/page.ts'
import { before } from './support/interfere.ts'
import { onMongodb } from './support/mongo-database.ts'

/*
 * What repositories and managers write past all events of TypeORM, each with what becomes of the files. That the files
 * in the storages are those of the documents is looked at after each test.
 */

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)
const duplicate = { code: 11000 }
let one: Page

/** Three pages: one with a file, one with two notes and a cover, one with nothing. */
beforeEach(async () => {
  one = await pages().save(pages().create({ name: 'one', views: 1, file: textFile('1') }))
  const cover = Object.assign(new Cover(), { title: 'cover', picture: textFile('picture') })
  await pages().save(
    pages().create({ name: 'two', views: 1, notes: [textFile('a'), textFile('b')], cover, file: null }),
  )
  await pages().save(pages().create({ name: 'three', views: 3, file: null }))
})

function found(name: string): Promise<Page> {
  return pages().findOneByOrFail({ name })
}

async function textOfFile(name: string): Promise<string | undefined> {
  return await textOf((await found(name)).file)
}

async function names(): Promise<string[]> {
  return (await pages().find()).map(({ name }) => name).sort()
}

describe('deleting by criteria', () => {
  it.each<[string, () => Promise<unknown>, string[]]>([
    ['delete by an id', () => pages().delete(one.id), ['three', 'two']],
    ['delete by ids', () => pages().delete([one.id, one.id] as never), ['three', 'two']],
    ['delete by a field', () => pages().delete({ name: 'one' }), ['three', 'two']],
    ['delete that finds nothing', () => pages().delete({ name: 'none' }), ['one', 'three', 'two']],
    ['deleteOne', () => pages().deleteOne({ views: { $lt: 3 } }), ['three', 'two']],
    ['deleteMany', () => pages().deleteMany({ views: 1 }), ['three']],
    ['deleteMany of all', () => pages().deleteMany({}), []],
    [
      'findOneAndDelete',
      () => pages().findOneAndDelete({ views: 1 }, { sort: { name: -1 } }),
      ['one', 'three'],
    ],
    ['clear', () => pages().clear(), []],
    [
      'delete of a manager',
      () => on.database.dataSource.manager.delete(Page, { name: 'one' }),
      ['three', 'two'],
    ],
  ])('%s deletes the files', async (_, write, left) => {
    await write()

    expect(await names()).toEqual(left)
  })

  it('says how many', async () => {
    expect(await pages().delete({ views: 1 })).toMatchObject({ affected: 2 })
    expect(await pages().deleteOne({ name: 'three' })).toEqual({ acknowledged: true, deletedCount: 1 })
    expect(await pages().deleteMany({})).toEqual({ acknowledged: true, deletedCount: 0 })
  })

  it('findOneAndDelete answers with the document, and with the fields that are asked for', async () => {
    expect(await pages().findOneAndDelete({ name: 'one' })).toMatchObject({ views: 1, name: 'one' })
    expect(await pages().findOneAndDelete({ name: 'one' })).toBeNull()
    const two = await pages().findOneAndDelete({ name: 'two' }, { projection: { name: 1 } })
    expect(two).toMatchObject({ name: 'two' })
    expect(two).not.toHaveProperty('views')
    expect(
      await pages().findOneAndDelete(
        { name: 'three' },
        { projection: { file: 0 }, includeResultMetadata: true },
      ),
    ).toMatchObject({ ok: 1, value: { name: 'three' } })
  })

  it('leaves a document that is no longer one of them', async () => {
    before(on.database.dataSource, 'findOneAndDelete', () => pages().updateMany({}, { $set: { views: 5 } }))

    expect(await pages().deleteMany({ views: 1 })).toMatchObject({ deletedCount: 0 })

    expect(await names()).toEqual(['one', 'three', 'two'])
  })

  it('deletes the files that others have just put there', async () => {
    before(on.database.dataSource, 'findOneAndDelete', () =>
      pages().updateOne({ name: 'one' }, { $set: { file: textFile('theirs') } }),
    )

    expect(await pages().deleteMany({})).toMatchObject({ deletedCount: 3 })
    expect(await on.database.pathsOfFiles()).toEqual([])
  })

  it('of many documents at the same time takes each with its files, once', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      name: `many-${index}`,
      file: textFile(`${index}`),
    }))
    await pages().insertMany(many)

    const results = await Promise.all([
      pages().deleteMany({ name: /^many/ }),
      pages().deleteMany({ name: /^many/ }),
      pages().save(Object.assign(await found('one'), { file: textFile('other') })),
    ])

    expect(results[0].deletedCount + results[1].deletedCount).toBe(40)
    expect(await names()).toEqual(['one', 'three', 'two'])
  })
})

describe('inserting without an entity', () => {
  it('insert uploads, and tells the ids', async () => {
    const values = [
      { name: 'four', file: textFile('4') },
      { name: 'five', notes: [textFile('x'), textFile('y')] },
    ]

    const { identifiers } = await pages().insert(values)

    expect(identifiers).toHaveLength(2)
    expect(await textOfFile('four')).toBe('4')
    expect(await textsOf((await found('five')).notes)).toEqual(['x', 'y'])
    expect(values[0]!.file!.isPending).toBe(false)
  })

  it('insertOne uploads, also a content that is no uploaded file yet', async () => {
    await pages().insertOne({
      name: 'four',
      file: Buffer.from('4'),
      cover: { title: 'c', picture: Buffer.from('p') },
    })

    expect(await textOfFile('four')).toBe('4')
    expect(await textOf((await found('four')).cover?.picture)).toBe('p')
  })

  it('that is refused leaves no file', async () => {
    await expect(pages().insertOne({ name: 'one', file: textFile('x') })).rejects.toMatchObject(duplicate)
    await expect(pages().insertOne({ name: 'four', file: brokenFile() })).rejects.toMatchObject({
      code: 'CONTENT_FAILED',
    })

    expect(await names()).toEqual(['one', 'three', 'two'])
  })

  it.each([
    [{}, ['four', 'one', 'three', 'two']],
    [{ ordered: false }, ['five', 'four', 'one', 'three', 'two']],
  ])('of which one is refused keeps the files of the others that were written: %j', async (options, left) => {
    const docs = ['four', 'one', 'five'].map((name) => ({ name, file: textFile(name) }))

    await expect(pages().insertMany(docs, options)).rejects.toMatchObject(duplicate)

    expect(await names()).toEqual(left)
    await on.database.expectFilesMatchDocuments()
    expect(docs.map(({ file }) => file.isPending)).toEqual([false, true, !left.includes('five')])
  })

  it('refuses to make several documents of one object', async () => {
    const doc = { name: 'four', file: textFile('4') }

    await expect(pages().insertMany([doc, doc])).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })
})

describe('updating by criteria', () => {
  it('with a file replaces that of one document', async () => {
    expect(await pages().update({ name: 'one' }, { file: textFile('new') })).toMatchObject({ affected: 1 })
    expect(await textOfFile('one')).toBe('new')

    expect(await pages().updateOne({ views: 1 }, { $set: { file: Buffer.from('newer') } })).toMatchObject({
      acknowledged: true,
      matchedCount: 1,
      upsertedCount: 0,
    })
    expect(await textOfFile('one')).toBe('newer')

    await pages().updateMany({ name: 'one' }, { $set: { file: textFile('newest'), views: 9 } })
    expect(await textOfFile('one')).toBe('newest')
    expect(await found('one')).toMatchObject({ views: 9 })
  })

  it('with a file for several documents is refused, before anything is uploaded', async () => {
    const writes = on.database.chaos.calls('write')

    await expect(pages().update({ views: 1 }, { file: textFile('x') })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('several documents'),
    })

    expect(on.database.chaos.calls('write')).toBe(writes)
    expect(await textOfFile('one')).toBe('1')
  })

  it('with a file for no document uploads nothing', async () => {
    const writes = on.database.chaos.calls('write')

    expect(await pages().update({ name: 'none' }, { file: textFile('x') })).toMatchObject({ affected: 0 })

    expect(on.database.chaos.calls('write')).toBe(writes)
  })

  it.each<[string, () => Promise<unknown>]>([
    [
      '$set to null',
      () => pages().updateMany({}, { $set: { file: null, notes: null, cover: null, views: 7 } }),
    ],
    [
      '$unset',
      () => pages().updateMany({}, { $unset: { file: '', notes: '', cover: '' }, $set: { views: 7 } }),
    ],
    ['update', () => pages().update({}, { file: null, notes: [], cover: { title: 'new' }, views: 7 })],
  ])('without files deletes those of all documents: %s', async (_, write) => {
    await write()

    expect(await pages().countDocuments({ views: 7 })).toBe(3)
    expect(await on.database.pathsOfFiles()).toEqual([])
  })

  it('of a file in an embedded document, by its path or in the whole of it', async () => {
    await pages().updateOne({ name: 'two' }, { $set: { 'cover.picture': textFile('second') } })
    expect((await found('two')).cover?.title).toBe('cover')
    expect(await textOf((await found('two')).cover?.picture)).toBe('second')

    await pages().updateOne(
      { name: 'two' },
      { $set: { cover: { title: 'new', picture: textFile('third') } } },
    )
    expect((await found('two')).cover?.title).toBe('new')
    expect(await textOf((await found('two')).cover?.picture)).toBe('third')
  })

  it('keeps files of a list that are set again, and copies those of others', async () => {
    const [a] = (await found('two')).notes!

    await pages().updateOne(
      { name: 'two' },
      { $set: { notes: [a, textFile('c'), (await found('one')).file] } },
    )

    const { notes } = await found('two')
    expect(await textsOf(notes)).toEqual(['a', 'c', '1'])
    expect(notes![0]!.path).toBe(a!.path)
  })

  it('refuses to keep a file of a list that others take away meanwhile', async () => {
    const [a] = (await found('two')).notes!
    const takeAway = () => pages().updateOne({ name: 'two' }, { $set: { notes: [] } })
    const conflict = { code: 'CONCURRENT_CHANGE' }

    before(on.database.dataSource, 'findOneAndUpdate', takeAway)
    const notes = [a, textFile('c')]
    await expect(pages().updateOne({ name: 'two' }, { $set: { notes } })).rejects.toMatchObject(conflict)
    expect((await found('two')).notes).toEqual([])
  })

  it('refuses to keep a file in a new document that others take away meanwhile', async () => {
    const { notes } = await found('two')
    before(on.database.dataSource, 'findOneAndReplace', () =>
      pages().updateOne({ name: 'two' }, { $set: { notes: null } }),
    )

    await expect(pages().replaceOne({ name: 'two' }, { name: 'two', notes })).rejects.toMatchObject({
      code: 'CONCURRENT_CHANGE',
    })
    expect((await found('two')).notes).toBeNull()
  })

  it('with the file that is there already changes nothing of it', async () => {
    const { file } = one

    await pages().updateOne({ name: 'one' }, { $set: { file } })
    expect(await pages().findOneAndUpdate({ name: 'one' }, { $set: { file } })).toMatchObject({ name: 'one' })
    await pages().updateOne({ name: 'one' }, { $set: { file, views: 5 } })

    expect(await found('one')).toMatchObject({ file: { path: file!.path }, views: 5 })
  })

  it('of something else goes on at once, by any operator', async () => {
    await pages().updateMany({ views: 1 }, { $inc: { views: 1 }, $set: { 'cover.title': 'x' } })
    await pages().updateOne({ name: 'one' }, [{ $set: { views: { $add: ['$views', 1] } } }] as never)
    await pages().findOneAndUpdate({ name: 'one' }, { $inc: { views: 1 } }, { returnDocument: 'after' })
    await pages().bulkWrite([
      { updateOne: { filter: { name: 'one' }, update: { $inc: { views: 1 } } } },
      { insertOne: { document: { name: 'four' } } },
    ])

    expect(await found('one')).toMatchObject({ views: 5 })
    expect(await textOfFile('one')).toBe('1')
  })

  it('that is refused keeps the old file, and no new one', async () => {
    await expect(
      pages().updateOne({ name: 'one' }, { $set: { name: 'two', file: textFile('x') } }),
    ).rejects.toMatchObject(duplicate)

    expect(await textOfFile('one')).toBe('1')
  })

  it('of several documents of which one is refused deletes the files of those that were written', async () => {
    await expect(pages().updateMany({}, { $set: { name: 'same', file: null } })).rejects.toMatchObject(
      duplicate,
    )

    expect(await pages().countDocuments({ name: 'same' })).toBe(1)
  })

  it('with upsert makes a document with its file, or replaces the file', async () => {
    const upsert = (text: string) =>
      pages().updateOne({ name: 'four' }, { $set: { file: textFile(text) } }, { upsert: true })

    expect(await upsert('4')).toMatchObject({
      matchedCount: 0,
      upsertedCount: 1,
      upsertedId: expect.anything(),
    })
    expect(await textOfFile('four')).toBe('4')
    expect(await upsert('new')).toMatchObject({ matchedCount: 1, upsertedCount: 0 })
    expect(await textOfFile('four')).toBe('new')
  })
})

describe('replacing a document', () => {
  it('replaceOne uploads its files, and deletes all that it had', async () => {
    expect(await pages().replaceOne({ name: 'two' }, { name: 'two', file: textFile('new') })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
      upsertedCount: 0,
    })

    expect(await textOfFile('two')).toBe('new')
    expect((await found('two')).notes).toBeUndefined()
  })

  it('replaceOne keeps files that are in it again', async () => {
    const { notes } = await found('two')

    await pages().replaceOne({ name: 'two' }, { name: 'two', notes: [notes![1], textFile('c')] })

    expect(await textsOf((await found('two')).notes)).toEqual(['b', 'c'])
    expect((await found('two')).notes![0]!.path).toBe(notes![1]!.path)
  })

  it('replaceOne that is refused, or finds nothing, leaves no file', async () => {
    const doc = { name: 'two', file: textFile('x') }

    await expect(pages().replaceOne({ name: 'one' }, doc)).rejects.toMatchObject(duplicate)
    expect(await pages().replaceOne({ name: 'none' }, doc)).toMatchObject({ matchedCount: 0 })

    expect(doc.file.isPending).toBe(true)
    expect(await textOfFile('one')).toBe('1')
  })

  it('replaceOne with upsert makes one', async () => {
    const result = await pages().replaceOne(
      { name: 'four' },
      { name: 'four', file: textFile('4') },
      { upsert: true },
    )

    expect(result).toMatchObject({ upsertedCount: 1 })
    expect(await textOfFile('four')).toBe('4')
  })

  it('findOneAndReplace and findOneAndUpdate answer with the document as it was', async () => {
    const { id } = one as { id: ObjectId }

    expect(
      await pages().findOneAndUpdate({ name: 'one' }, { $set: { file: textFile('new') } }),
    ).toMatchObject({ _id: id, file: { id: one.file!.id } })
    expect(await textOfFile('one')).toBe('new')
    expect(
      await pages().findOneAndReplace({ name: 'one' }, { name: 'one', file: textFile('newer') }),
    ).toMatchObject({
      _id: id,
      views: 1,
    })
    expect(await textOfFile('one')).toBe('newer')
    expect(await pages().findOneAndUpdate({ name: 'none' }, { $set: { file: null } })).toBeNull()
  })
})

describe('reading and administration', () => {
  it('count, distinct, aggregate, indexes and rename touch nothing', async () => {
    expect(await pages().countDocuments({ 'file.size': 1 })).toBe(1)
    expect(await pages().distinct('file.filename', {})).toEqual(['note.txt'])
    expect(
      await pages()
        .aggregate<{ name: string }>([{ $match: { views: 3 } }])
        .toArray(),
    ).toMatchObject([{ name: 'three' }])
    await pages().createCollectionIndex({ 'file.id': 1 })
    expect(await pages().collectionIndexExists('file.id_1')).toBe(true)
    await pages().dropCollectionIndexes()
    await on.database.expectFilesMatchDocuments()
  })
})
