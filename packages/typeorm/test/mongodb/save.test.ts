import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { EventSubscriber, type EntitySubscriberInterface, type UpdateEvent } from 'typeorm'
import { brokenFile, textFile, textOf, textsOf } from '../support/contents.ts'
import { Cover, Page, Scan } from './entities/page.ts'
import { Leaf } from './entities/leaf.ts'
import { before } from './support/interfere.ts'
import { onMongodb } from './support/mongo-database.ts'

const hooks: {
  afterLoad?: (page: Page) => void
  beforeUpdate?: (event: UpdateEvent<Page>) => Promise<unknown> | undefined
} = {}

@EventSubscriber()
class ApplicationSubscriber implements EntitySubscriberInterface<Page> {
  listenTo() {
    return Page
  }
  afterLoad(page: Page): void {
    hooks.afterLoad?.(page)
  }
  beforeUpdate(event: UpdateEvent<Page>): Promise<unknown> | undefined {
    return hooks.beforeUpdate?.(event)
  }
}

const on = onMongodb([Page, Leaf], { subscribers: [ApplicationSubscriber] })
const pages = () => on.database.dataSource.getMongoRepository(Page)
const duplicate = { code: 11000 }

beforeEach(() => {
  delete hooks.afterLoad
  delete hooks.beforeUpdate
})

/** A page that is saved, and loaded anew. */
async function saved(values: Partial<Page> = {}): Promise<Page> {
  const page = await pages().save(pages().create({ name: 'one', file: textFile('first'), ...values }))
  return await found(page.name)
}

function found(name: string): Promise<Page> {
  return pages().findOneByOrFail({ name })
}

function covered(title: string, picture: UploadedFile | null): Cover {
  return Object.assign(new Cover(), { title, picture })
}

describe('save of a new entity on MongoDB', () => {
  it('uploads its file, and puts it into the document as a document', async () => {
    const page = pages().create({ name: 'one', file: textFile('hello') })

    await pages().save(page)

    const [document] = await on.database.documents(Page)
    expect(document).toMatchObject({ name: 'one', file: page.file!.toJSON() })
    expect(page.id).toEqual(document?._id)
    expect(await textOf(page.file)).toBe('hello')
  })

  it('takes a file that was uploaded before, and copies that of another document', async () => {
    const uploaded = await on.database.depot.upload(textFile('ahead'))

    const one = await saved({ file: uploaded })
    const two = await saved({ name: 'two', file: one.file })

    expect(one.file?.path).toBe(uploaded.path)
    expect(two.file?.path).not.toBe(uploaded.path)
    expect(await textOf(two.file)).toBe('ahead')
  })

  it('that is refused leaves no file, and the pending value, so that it can be tried again', async () => {
    await saved()
    const file = textFile('second')
    const scan = Scan.from(Buffer.from('scan'))
    const page = pages().create({ name: 'one', file, scan })

    await expect(pages().save(page)).rejects.toMatchObject(duplicate)
    expect([page.file, page.scan]).toEqual([file, scan])
    await on.database.expectFilesMatchDocuments()

    page.name = 'two'
    await pages().save(page)
    expect(await textOf((await found('two')).file)).toBe('second')
  })

  it('gives back a file that was uploaded before, where the document is refused', async () => {
    await saved()
    const file = await on.database.depot.upload(textFile('ahead'))

    await expect(pages().save(pages().create({ name: 'one', file }))).rejects.toMatchObject(duplicate)

    await pages().save(pages().create({ name: 'two', file }))
    expect((await found('two')).file?.path).toBe(file.path)
  })

  it('writes nothing at all where one of the files cannot be uploaded', async () => {
    const names = ['one', 'two', 'three']
    const all = names.map((name) =>
      pages().create({
        name,
        file: name === 'two' ? brokenFile() : textFile(name),
        notes: [textFile('note')],
      }),
    )
    on.database.chaos.delay('write', 5)

    await expect(pages().save(all)).rejects.toMatchObject({ code: 'CONTENT_FAILED' })

    expect(await pages().countDocuments()).toBe(0)
    expect(await on.database.pathsOfFiles()).toEqual([])
    expect(all[0]!.file!.isPending).toBe(true)
  })

  it('leaves no file of a list of which one cannot be uploaded', async () => {
    const notes = [textFile('a'), brokenFile(), textFile('c')]
    const page = pages().create({ name: 'one', notes })

    await expect(pages().save(page)).rejects.toMatchObject({ code: 'CONTENT_FAILED' })

    expect(await on.database.pathsOfFiles()).toEqual([])
    expect(page.notes).toEqual(notes)
  })

  it('of several entities keeps the files of those that were written before one was refused', async () => {
    await saved()
    const all = ['zero', 'one', 'two'].map((name) => pages().create({ name, file: textFile(name) }))

    await expect(pages().save(all)).rejects.toMatchObject(duplicate)

    const names = (await pages().find()).map(({ name }) => name)
    expect(names).toContain('zero')
    expect(all.map(({ file }) => file!.isPending)).toEqual([false, true, !names.includes('two')])
    await on.database.expectFilesMatchDocuments()
  })

  it('names the column that got what is no file', async () => {
    const page = pages().create({ name: 'one', file: 'text' as never })

    await expect(pages().save(page)).rejects.toMatchObject({
      code: 'INVALID_CONTENT',
      message: expect.stringContaining('Page.file'),
    })
    await expect(
      pages().save(pages().create({ name: 'one', scan: textFile('no scan') })),
    ).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
    })
    expect(await pages().countDocuments()).toBe(0)
  })

  it('without listeners uploads, too: the statement itself is met', async () => {
    const page = pages().create({ name: 'one', file: textFile('hello') })

    await pages().save(page, { listeners: false })

    expect(page.file?.isPending).toBe(false)
    expect(await textOf((await found('one')).file)).toBe('hello')
  })
})

describe('loading on MongoDB', () => {
  it.each<[string, () => Promise<(Page | null)[]>]>([
    ['find', () => pages().find()],
    ['find by a field', () => pages().find({ where: { name: 'one' } })],
    ['findBy', () => pages().findBy({ name: 'one' })],
    ['findAndCount', async () => (await pages().findAndCount())[0]],
    ['findOne', async () => [await pages().findOne({ where: { name: 'one' } })]],
    ['findOneBy', async () => [await pages().findOneBy({ name: 'one' })]],
    ['createEntityCursor().toArray', () => pages().createEntityCursor({ name: 'one' }).toArray()],
    ['createEntityCursor().next', async () => [await pages().createEntityCursor({ name: 'one' }).next()]],
    [
      'aggregateEntity',
      () =>
        pages()
          .aggregateEntity([{ $match: { name: 'one' } }])
          .toArray(),
    ],
    ['find of a manager', () => on.database.dataSource.mongoManager.find(Page)],
  ])('by %s gives uploaded files of the declared types', async (_, load) => {
    await saved({
      scan: Scan.from(Buffer.from('scan')),
      notes: [textFile('a'), textFile('b')],
      cover: covered('c', textFile('picture')),
    })

    const [page] = await load()

    expect(page).toBeInstanceOf(Page)
    expect(page?.scan).toBeInstanceOf(Scan)
    expect(await textsOf([page?.file, page?.scan, ...page!.notes!, page?.cover?.picture])).toEqual([
      'first',
      'scan',
      'a',
      'b',
      'picture',
    ])
  })

  it('by a file, or by what is in it', async () => {
    const { file } = await saved()
    await saved({ name: 'two' })

    expect(await pages().findBy({ file })).toMatchObject([{ name: 'one' }])
    expect(await pages().findBy({ 'file.id': file!.id })).toMatchObject([{ name: 'one' }])
    await expect(pages().findBy({ file: textFile('pending') })).rejects.toMatchObject({
      code: 'PENDING_FILE',
    })
  })

  it('shows uploaded files also to the subscribers of the application', async () => {
    const seen: unknown[] = []
    await saved()
    hooks.afterLoad = ({ file }) => seen.push(file)

    await found('one')

    expect(seen.length).toBeGreaterThan(0)
    expect(seen.every((file) => file instanceof UploadedFile)).toBe(true)
  })

  it('leaves documents of cursors without entities as they are', async () => {
    const { file } = await saved()

    expect(await pages().createCursor<{ file: unknown }>().toArray()).toMatchObject([
      { file: file!.toJSON() },
    ])
  })

  it('fails with INVALID_VALUE where a value that is no file is used, and not before', async () => {
    await rawCollection().insertOne({ name: 'one', file: { some: 'thing' } })

    const page = await pages().findOneByOrFail({ name: 'one' })

    expect(() => page.file?.path).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    await pages().deleteMany({})
    expect(await pages().countDocuments()).toBe(0)
  })
})

describe('documents that hold text, as DEPOT in Python may have written it', () => {
  it('are loaded, left alone, and replaced', async () => {
    const file = await on.database.depot.upload(textFile('old'))
    const json = {
      depot_name: file.storage,
      file_id: file.id,
      path: file.path,
      files: [file.path],
      filename: 'old.txt',
      content_type: 'text/plain',
      uploaded_at: '2020-01-02 03:04:05',
    }
    await rawCollection().insertOne({ name: 'one', file: JSON.stringify(json) })

    const page = await found('one')
    expect(await textOf(page.file)).toBe('old')
    await pages().save(Object.assign(page, { views: 1 }))
    await pages().save(Object.assign(page, { views: 2 }), { listeners: false })
    expect(await textOf((await found('one')).file)).toBe('old')

    await pages().save(Object.assign(page, { file: textFile('new') }))
    expect(await textOf((await found('one')).file)).toBe('new')
    expect(await on.database.exists(file)).toBe(false)
  })
})

/** Without anything of TypeORM. */
function rawCollection(): RawCollection {
  const { queryRunner } = on.database.dataSource.driver as unknown as { queryRunner: RawRunner }
  return queryRunner.getCollection('page')
}

interface RawRunner {
  getCollection(name: string): RawCollection
}

interface RawCollection {
  insertOne(document: object): Promise<unknown>
  deleteMany(filter: object): Promise<unknown>
}

describe('save of a changed entity on MongoDB', () => {
  it('uploads the new file and deletes the old one', async () => {
    const page = await saved()
    const old = page.file!

    page.file = textFile('second')
    await pages().save(page)

    expect(await textOf((await found('one')).file)).toBe('second')
    expect(await on.database.exists(old)).toBe(false)
  })

  it('with null deletes', async () => {
    const page = await saved({ notes: [textFile('a')] })

    await pages().save(Object.assign(page, { file: null, notes: null }))

    expect(await found('one')).toMatchObject({ file: null, notes: null })
    expect(await on.database.pathsOfFiles()).toEqual([])
  })

  it('takes files to a list, and away from it, and keeps the others', async () => {
    const page = await saved({ notes: ['a', 'b', 'c'].map((text) => textFile(text)) })
    const [a, , c] = page.notes!

    page.notes = [c!, textFile('d'), a!]
    await pages().save(page)

    const { notes } = await found('one')
    expect(await textsOf(notes)).toEqual(['c', 'd', 'a'])
    expect(notes?.map(({ path }) => path)).toEqual([c!.path, page.notes[1]!.path, a!.path])
  })

  it('of something else leaves the file alone, also one in an embedded document', async () => {
    const page = await saved({ cover: covered('before', textFile('picture')) })
    const files = await on.database.pathsOfFiles()

    page.views = 3
    page.cover!.title = 'after'
    await pages().save(page)

    expect(await found('one')).toMatchObject({ views: 3, cover: { title: 'after' } })
    expect(await on.database.pathsOfFiles()).toEqual(files)
    expect(await textOf((await found('one')).cover?.picture)).toBe('picture')
  })

  it('replaces a file in an embedded document, and takes one away', async () => {
    const page = await saved({ cover: covered('c', textFile('picture')) })

    page.cover!.picture = textFile('another')
    await pages().save(page)
    expect(await textOf((await found('one')).cover?.picture)).toBe('another')

    page.cover!.picture = null
    await pages().save(page)
    expect((await found('one')).cover).toMatchObject({ title: 'c', picture: null })
  })

  it('gives an embedded document where there was none', async () => {
    const page = await saved({ cover: null })

    page.cover = covered('c', null)
    await pages().save(page)
    page.cover.picture = textFile('picture')
    await pages().save(page)

    const { cover } = await found('one')
    expect(cover?.title).toBe('c')
    expect(await textOf(cover?.picture)).toBe('picture')
  })

  it('with null in the place of an embedded document keeps what the document has', async () => {
    const page = await saved({ cover: covered('c', textFile('picture')) })

    // TypeORM itself fails.
    await expect(pages().save(Object.assign(page, { cover: null }))).rejects.toThrow(TypeError)

    expect(await textOf((await found('one')).cover?.picture)).toBe('picture')
  })

  it('that is refused keeps the old file, and the pending value in the property', async () => {
    await saved({ name: 'taken' })
    const page = await saved()
    const [old, file] = [page.file!, textFile('second')]

    await expect(pages().save(Object.assign(page, { name: 'taken', file }))).rejects.toMatchObject(duplicate)

    expect(page.file).toBe(file)
    expect(await textOf((await found('one')).file)).toBe('first')
    expect(await on.database.exists(old)).toBe(true)
    await on.database.expectFilesMatchDocuments()

    await pages().save(Object.assign(page, { name: 'one' }))
    expect(await textOf((await found('one')).file)).toBe('second')
    expect(await on.database.exists(old)).toBe(false)
  })

  it('of an entity that was loaded before others replaced its file does not put the old one back', async () => {
    const page = await saved()
    const other = await found('one')
    await pages().save(Object.assign(other, { file: textFile('theirs') }))

    await pages().save(Object.assign(page, { views: 1 }))

    expect(await found('one')).toMatchObject({ views: 1 })
    expect(await textOf(page.file)).toBe('theirs')
    expect(await textOf((await found('one')).file)).toBe('theirs')
  })

  it('leaves the file alone that others replace while the save is on its way', async () => {
    const page = await saved({ notes: [textFile('a')] })
    hooks.beforeUpdate = async () => {
      delete hooks.beforeUpdate
      const other = await found('one')
      await pages().save(Object.assign(other, { file: textFile('theirs'), notes: [] }))
    }

    await pages().save(Object.assign(page, { views: 1 }))

    const now = await found('one')
    expect(now).toMatchObject({ views: 1, notes: [] })
    expect(await textOf(now.file)).toBe('theirs')
  })

  it('deletes what it really replaced, where two replace one file at the same time', async () => {
    await saved()
    const [one, two] = [await found('one'), await found('one')]

    await Promise.all([
      pages().save(Object.assign(one, { file: textFile('mine') })),
      pages().save(Object.assign(two, { file: textFile('theirs') })),
    ])

    expect(await on.database.pathsOfFiles()).toHaveLength(1)
  })

  it('refuses to keep a file in a list that others have taken away meanwhile', async () => {
    const page = await saved({ notes: [textFile('a')] })
    hooks.beforeUpdate = async () => {
      delete hooks.beforeUpdate
      const other = await found('one')
      await pages().save(Object.assign(other, { notes: [textFile('theirs')] }))
    }
    page.notes!.push(textFile('b'))

    await expect(pages().save(page)).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' })

    expect(await textsOf((await found('one')).notes)).toEqual(['theirs'])
    expect(page.notes![1]!.isPending).toBe(true)
  })

  it('deletes the file that others have put into an embedded document that is written', async () => {
    const page = await saved({ cover: covered('before', null) })
    before(on.database.dataSource, 'findOneAndUpdate', () =>
      pages().updateOne({ name: 'one' }, { $set: { 'cover.picture': textFile('theirs') } }),
    )
    page.cover!.title = 'after'

    await pages().save(page)

    expect((await found('one')).cover).toMatchObject({ title: 'after', picture: null })
    expect(await on.database.pathsOfFiles()).toEqual([page.file!.path])
  })

  it('through another entity of the same collection', async () => {
    await saved({ notes: [textFile('a')] })
    const leaves = on.database.dataSource.getMongoRepository(Leaf)
    const leaf = await leaves.findOneByOrFail({ name: 'one' })

    await leaves.save(Object.assign(leaf, { file: textFile('second') }))

    const { file, notes } = await found('one')
    expect(await textsOf([file, ...notes!])).toEqual(['second', 'a'])
    await on.database.expectFilesMatchDocuments()
    await leaves.remove(leaf)
    expect(await on.database.pathsOfFiles()).toEqual([])
  })

  it('leaves nothing where the document has gone meanwhile', async () => {
    const page = await saved()
    hooks.beforeUpdate = async () => {
      delete hooks.beforeUpdate
      await pages().deleteMany({})
    }

    await pages().save(Object.assign(page, { file: textFile('second') }))

    expect(await on.database.pathsOfFiles()).toEqual([])
    expect(page.file!.isPending).toBe(true)
  })

  it('is not mixed up with an update that a subscriber sends of the same document', async () => {
    const page = await saved()
    hooks.beforeUpdate = async ({ manager, databaseEntity }) => {
      delete hooks.beforeUpdate
      await pages().countDocuments()
      await manager.update(Page, databaseEntity.id, { views: 7 })
    }

    page.file = textFile('second')
    page.notes = [textFile('a')]
    await pages().save(page)

    expect(await textOf((await found('one')).file)).toBe('second')
  })

  it('keeps a column out of memory that was not loaded, and so its file', async () => {
    await saved({ notes: [textFile('a')] })
    const cursor = pages().createEntityCursor({ name: 'one' })
    const page = (await cursor.project<Page>({ name: 1 }).next())!

    await pages().save(Object.assign(page, { views: 1 }))
    expect([page.file, page.notes]).toEqual([undefined, undefined])
    await pages().save(Object.assign(page, { views: 2 }))

    expect(await textsOf([(await found('one')).file, ...(await found('one')).notes!])).toEqual(['first', 'a'])
  })

  it('without a change touches no file', async () => {
    const page = await saved({ notes: [textFile('a')], cover: covered('c', textFile('picture')) })
    const files = await on.database.pathsOfFiles()
    const writes = on.database.chaos.calls('write')

    // TypeORM sends an update, as the ids that it has loaded twice are not the same object.
    await pages().save(page)

    expect(on.database.chaos.calls('write')).toBe(writes)
    expect(await on.database.pathsOfFiles()).toEqual(files)
  })

  it('without listeners uploads and deletes as well', async () => {
    const page = await saved()

    await pages().save(Object.assign(page, { views: 1 }), { listeners: false })
    expect(await textOf((await found('one')).file)).toBe('first')

    await pages().save(Object.assign(page, { file: textFile('second') }), { listeners: false })
    expect(await textOf((await found('one')).file)).toBe('second')
  })

  it('as often as one likes in a row', async () => {
    const page = await saved()
    for (const text of ['a', 'b', 'c']) await pages().save(Object.assign(page, { file: textFile(text) }))

    expect(await on.database.pathsOfFiles()).toEqual([page.file!.path])
  })
})

describe('removing on MongoDB', () => {
  it('remove deletes every file of the documents, and no other', async () => {
    await saved({ notes: [textFile('a')], cover: covered('c', textFile('picture')) })
    await saved({ name: 'two' })
    await saved({ name: 'three' })

    await pages().remove([await found('one'), await found('two')])

    expect(await on.database.pathsOfFiles()).toEqual([(await found('three')).file!.path])
  })

  it('remove takes the file that others have put there meanwhile', async () => {
    const page = await saved()
    await pages().save(Object.assign(await found('one'), { file: textFile('theirs') }))

    await pages().remove(page)

    expect(await on.database.pathsOfFiles()).toEqual([])
  })

  it('softRemove and recover leave the files, also of an entity that knows an old one', async () => {
    const page = await saved()
    await pages().save(Object.assign(await found('one'), { file: textFile('theirs') }))

    await pages().softRemove(page)
    expect(await pages().findOneBy({ name: 'one' })).toBeNull()
    await on.database.expectFilesMatchDocuments()

    await pages().recover(page)
    expect(await textOf((await found('one')).file)).toBe('theirs')
  })
})

describe('transaction() on MongoDB', () => {
  it('is none in TypeORM: what was saved in it stays when it fails, and its file with it', async () => {
    const failure = new Error('of the program')
    const failed = on.database.dataSource.transaction(async (manager) => {
      await manager.save(manager.create(Page, { name: 'one', file: textFile('first') }))
      throw failure
    })

    await expect(failed).rejects.toBe(failure)
    expect(await textOf((await found('one')).file)).toBe('first')
  })
})

describe('a data source on MongoDB that is destroyed and initialised again', () => {
  it('is followed as before, by one subscriber', async () => {
    const page = await saved()
    await on.database.dataSource.destroy()
    await on.database.dataSource.initialize()

    await pages().save(Object.assign(page, { file: textFile('second') }))

    expect(await textOf((await found('one')).file)).toBe('second')
  })
})
