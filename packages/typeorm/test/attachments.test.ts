import 'reflect-metadata'
import { FileIntent, UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { textFile, textOf } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('creating a row', () => {
  it('uploads its file and loads it back', async () => {
    const { id } = await documents.save({ content: textFile('hello', 'hello.txt') })

    const { content } = await documents.findOneByOrFail({ id })

    expect(content).toBeInstanceOf(UploadedFile)
    expect(content).toMatchObject({
      storage: 'default',
      filename: 'hello.txt',
      contentType: 'text/plain',
      size: 5,
    })
    expect(await textOf(content)).toBe('hello')
  })

  it('puts the stored value into the entity that was saved', async () => {
    const document = documents.create({ content: textFile('hello') })

    await documents.save(document)

    expect(document.content?.isPending).toBe(false)
    expect(await textOf(document.content)).toBe('hello')
  })

  it.each([
    ['bytes', Buffer.from('raw'), 'unnamed'],
    ['a Blob', new Blob(['raw']), 'unnamed'],
    ['a File', new File(['raw'], 'raw.txt'), 'raw.txt'],
    ['an intent', new FileIntent(Buffer.from('raw'), { filename: 'intent.txt' }), 'intent.txt'],
    [
      'an upload of multer',
      { originalname: 'm.txt', mimetype: 'text/plain', buffer: Buffer.from('raw') },
      'm.txt',
    ],
  ])('takes %s in the property itself', async (_, content, filename) => {
    const document = documents.create()
    Object.assign(document, { content })

    await documents.save(document)

    expect(document.content).toMatchObject({ filename, size: 3 })
  })

  it('leaves a property of null or undefined alone', async () => {
    await documents.save([{ content: null }, {}])

    const empty = { content: null, attachments: null }
    expect(await documents.find()).toMatchObject([empty, empty])
  })

  it('stores under the real name of a storage that the value names by an alias', async () => {
    database.depot.alias('archive', 'attachments')

    const { content } = await documents.save({
      content: UploadedFile.from(Buffer.from('old'), { storage: 'archive' }),
    })

    expect(content.storage).toBe('attachments')
  })

  it('keeps several files in one column, in order', async () => {
    const { id } = await documents.save({
      attachments: [textFile('one'), textFile('two'), textFile('three')],
    })

    const { attachments } = await documents.findOneByOrFail({ id })

    expect(await Promise.all((attachments ?? []).map(textOf))).toEqual(['one', 'two', 'three'])
    expect(attachments?.map(({ storage }) => storage)).toEqual(['attachments', 'attachments', 'attachments'])
  })

  it('takes a value that was uploaded beforehand, without uploading it again', async () => {
    const content = await database.depot.upload(textFile('early'))

    await documents.save({ content })

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('finds rows by their file', async () => {
    const { content } = await documents.save({ content: textFile('wanted') })
    await documents.save({ content: null })

    expect(await documents.countBy({ content })).toBe(1)
  })
})

describe('editing a row', () => {
  it('deletes the file that was replaced', async () => {
    const document = await documents.save(documents.create({ content: textFile('old') }))
    const old = document.content!

    document.content = textFile('new')
    await documents.save(document)

    expect(await database.exists(old)).toBe(false)
    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('new')
  })

  it('deletes the file where the property is set to null', async () => {
    const document = await documents.save(documents.create({ content: textFile('old') }))

    document.content = null
    await documents.save(document)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the file where another column changes', async () => {
    const document = await documents.save(documents.create({ content: textFile('kept') }))

    document.title = 'new title'
    await documents.save(document)

    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('kept')
  })

  it('sends no statement where nothing changed', async () => {
    const { id } = await documents.save({ content: textFile('same'), attachments: [textFile('too')] })
    const document = await documents.findOneByOrFail({ id })
    const { content } = document

    await documents.save(document)

    expect(document.content).toBe(content)
    expect(database.chaos.calls('write')).toBe(1)
  })

  it('replaces by a plain object with the id', async () => {
    const { id } = await documents.save({ content: textFile('old') })

    await documents.save({ id, content: textFile('new') })

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('new')
  })

  it('adds to, takes from and reorders several files', async () => {
    const document = await documents.save(
      documents.create({ attachments: [textFile('one'), textFile('two')] }),
    )
    const [one, two] = document.attachments!

    document.attachments = [two!, textFile('three')]
    await documents.save(document)

    expect(await Promise.all(document.attachments.map(textOf))).toEqual(['two', 'three'])
    expect(await database.exists(one!)).toBe(false)
  })

  it('copies a file that is given to a second row, so that each has its own', async () => {
    const first = await documents.save(documents.create({ content: textFile('shared', 'shared.txt') }))

    const second = await documents.save(documents.create({ content: first.content }))
    await documents.remove(first)

    expect(second.content).toMatchObject({ filename: 'shared.txt' })
    expect(await textOf(second.content)).toBe('shared')
  })

  it('moves a file from one row to another', async () => {
    const from = await documents.save(documents.create({ content: textFile('moved') }))
    const to = await documents.save(documents.create())

    to.content = from.content
    from.content = null
    await documents.save([from, to])

    expect(await textOf((await documents.findOneByOrFail({ id: to.id })).content)).toBe('moved')
  })

  it('does not put an old file back from an entity that was loaded before it was replaced', async () => {
    const { id } = await documents.save({ content: textFile('first') })
    const stale = await documents.findOneByOrFail({ id })
    const fresh = await documents.findOneByOrFail({ id })
    fresh.content = textFile('second')
    await documents.save(fresh)

    stale.title = 'only the title'
    await documents.save(stale)

    const { title, content } = await documents.findOneByOrFail({ id })
    expect(title).toBe('only the title')
    expect(await textOf(content)).toBe('second')
    expect(await textOf(stale.content)).toBe('second')
  })
})

describe('removing a row', () => {
  it('deletes its files', async () => {
    const document = await documents.save(
      documents.create({ content: textFile('gone'), attachments: [textFile('gone'), textFile('too')] }),
    )

    await documents.remove(document)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('deletes the file that the row has, not the one that a stale entity remembers', async () => {
    const { id } = await documents.save({ content: textFile('first') })
    const stale = await documents.findOneByOrFail({ id })
    await documents.save({ id, content: textFile('second') })

    await documents.remove(stale)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('deletes the files of a row that is named by its id only', async () => {
    const { id } = await documents.save({ content: textFile('gone') })

    await documents.remove({ id } as Document)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('does nothing for a row that does not exist', async () => {
    await documents.save({ content: textFile('kept') })

    await documents.remove({ id: 99 } as Document)

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('a row that Python’s DEPOT has written', () => {
  it('has its file, and loses it when it is removed', async () => {
    // A UUID of version 1, as DEPOT made them.
    const id = '2b2a9e0c-3c1f-11ee-8d7c-0242ac120002'
    const known = { filename: 'a.txt', contentType: 'text/plain', size: 5, sha256: undefined, metadata: {} }
    await database.depot.get().backend.write(id, Buffer.from('hello'), known, {})
    const column = JSON.stringify({
      depot_name: 'default',
      files: [`default/${id}`],
      file_id: id,
      path: `default/${id}`,
      filename: 'a.txt',
      content_type: 'text/plain',
      uploaded_at: '2019-03-04 05:06:07',
      _public_url: null,
    })
    await database.dataSource.query(`INSERT INTO document (title, content) VALUES ('old', '${column}')`)

    const document = await documents.findOneByOrFail({ title: 'old' })

    const { content } = document
    expect(content).toMatchObject({ filename: 'a.txt', uploadedAt: new Date('2019-03-04T05:06:07Z') })
    expect(await textOf(content)).toBe('hello')
    await database.expectFilesMatchRows()
    document.title = 'kept'
    await documents.save(document)
    expect(await textOf((await documents.findOneByOrFail({ title: 'kept' })).content)).toBe('hello')
    await documents.remove(document)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
