import { FileIntent, UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

describe('creating a row', () => {
  it('uploads its file and loads it back', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('hello', 'hello.txt') } })

    const { content } = await prisma.document.findUniqueOrThrow({ where: { id } })

    expect(content).toBeInstanceOf(UploadedFile)
    expect(content).toMatchObject({
      storage: 'default',
      filename: 'hello.txt',
      contentType: 'text/plain',
      size: 5,
    })
    expect(await textOf(content)).toBe('hello')
  })

  it('has the stored value in its result, and leaves the pending one as it was', async () => {
    const pending = textFile('hello')

    const { content } = await prisma.document.create({ data: { content: pending } })

    expect(content?.isPending).toBe(false)
    expect(pending.isPending).toBe(true)
    expect(await textOf(content)).toBe('hello')
  })

  it('has the JSON of the stored value in its column, and nothing else', async () => {
    const { content } = await prisma.document.create({ data: { content: textFile('hello') } })

    const { content: column } = await database.base.document.findFirstOrThrow()

    expect(column).toEqual(JSON.parse(JSON.stringify(content)))
    expect(Object.keys(column as object)).not.toContain('source')
  })

  it.each([
    ['bytes', Buffer.from('raw'), 'unnamed'],
    ['a Blob', new Blob(['raw']), 'unnamed'],
    ['a File', new File(['raw'], 'raw.txt'), 'raw.txt'],
    ['a web stream', new Blob(['raw']).stream(), 'unnamed'],
    ['an intent', new FileIntent(Buffer.from('raw'), { filename: 'intent.txt' }), 'intent.txt'],
    [
      'an upload of multer',
      { originalname: 'm.txt', mimetype: 'text/plain', buffer: Buffer.from('raw') },
      'm.txt',
    ],
  ])('takes %s in a pending file', async (_, content, filename) => {
    const document = await prisma.document.create({ data: { content: UploadedFile.from(content) } })

    expect(document.content).toMatchObject({ filename, size: 3 })
  })

  it('leaves a field of null or undefined empty', async () => {
    await prisma.document.create({ data: { content: Prisma.DbNull } })
    await prisma.document.create({ data: {} })

    const empty = { content: null, attachments: null }
    expect(await prisma.document.findMany()).toMatchObject([empty, empty])
  })

  it('stores under the real name of a storage that the value names by an alias', async () => {
    const content = UploadedFile.from(Buffer.from('old'), { storage: 'another_alias' })

    const document = await prisma.document.create({ data: { content } })

    expect(document.content?.storage).toBe('attachments')
  })

  it('keeps several files in one field, in order', async () => {
    const { id } = await prisma.document.create({
      data: { attachments: [textFile('one'), textFile('two'), textFile('three')] },
    })

    const { attachments } = await prisma.document.findUniqueOrThrow({ where: { id } })

    expect(await textsOf(attachments)).toEqual(['one', 'two', 'three'])
    expect(attachments?.map(({ storage }) => storage)).toEqual(['attachments', 'attachments', 'attachments'])
  })

  it('takes an empty list', async () => {
    const { attachments } = await prisma.document.create({ data: { attachments: [] } })

    expect(attachments).toEqual([])
  })

  it('takes a value that was uploaded beforehand, without uploading it again', async () => {
    const content = await database.depot.upload(textFile('early'))

    await prisma.document.create({ data: { content } })

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('finds rows by their file', async () => {
    const { content } = await prisma.document.create({ data: { content: textFile('wanted') } })
    await prisma.document.create({ data: {} })

    expect(await prisma.document.count({ where: { content: { equals: content! } } })).toBe(1)
    expect(await prisma.document.count({ where: { content: { equals: Prisma.DbNull } } })).toBe(1)
  })

  it('tells who listens to the depot', async () => {
    const events = database.recordEvents()

    const { id, content } = await prisma.document.create({ data: { content: textFile('told') } })
    await prisma.document.delete({ where: { id } })

    const paths = [content?.path]
    expect(events).toEqual([
      { name: 'uploaded', paths },
      { name: 'discarded', paths },
      { name: 'deleted', paths },
    ])
  })
})

describe('editing a row', () => {
  it('deletes the file that was replaced', async () => {
    const { id, content: old } = await prisma.document.create({ data: { content: textFile('old') } })

    const { content } = await prisma.document.update({ where: { id }, data: { content: textFile('new') } })

    expect(await database.exists(old!)).toBe(false)
    expect(await textOf(content)).toBe('new')
  })

  it.each([
    ['null', null],
    ['DbNull', Prisma.DbNull],
    ['JsonNull', Prisma.JsonNull],
  ])('deletes the file where the field is set to %s', async (_, nothing) => {
    const { id } = await prisma.document.create({
      data: { content: textFile('old'), attachments: [textFile('old'), textFile('too')] },
    })

    const data = { content: nothing, attachments: nothing } as { content: typeof Prisma.DbNull }
    const updated = await prisma.document.update({ where: { id }, data })

    expect(updated).toMatchObject({ content: null, attachments: null })
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the file where another field changes, or undefined is written', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('kept') } })

    await prisma.document.update({ where: { id }, data: { title: 'new title', content: undefined as never } })

    expect(await textOf((await prisma.document.findUniqueOrThrow({ where: { id } })).content)).toBe('kept')
    expect(database.chaos.calls('delete')).toBe(0)
  })

  it('keeps the file where its own value is written back', async () => {
    const { id, content, attachments } = await prisma.document.create({
      data: { content: textFile('same'), attachments: [textFile('too')] },
    })
    const written = database.chaos.calls('write')

    await prisma.document.update({
      where: { id },
      data: { content: content!, attachments: attachments! },
    })

    const row = await prisma.document.findUniqueOrThrow({ where: { id } })
    expect(row.content?.path).toBe(content?.path)
    expect(row.attachments?.map(({ path }) => path)).toEqual(attachments?.map(({ path }) => path))
    expect(database.chaos.calls('write')).toBe(written)
  })

  it('adds to, takes from and reorders several files', async () => {
    const { id, attachments } = await prisma.document.create({
      data: { attachments: [textFile('one'), textFile('two')] },
    })
    const [one, two] = attachments!

    const updated = await prisma.document.update({
      where: { id },
      data: { attachments: [two!, textFile('three')] },
    })

    expect(await textsOf(updated.attachments)).toEqual(['two', 'three'])
    expect(await database.exists(one!)).toBe(false)
  })

  it('copies a file that is given to a second row, so that each has its own', async () => {
    const first = await prisma.document.create({ data: { content: textFile('shared', 'shared.txt') } })

    const second = await prisma.document.create({ data: { content: first.content! } })
    await prisma.document.delete({ where: { id: first.id } })

    expect(second.content).toMatchObject({ filename: 'shared.txt' })
    expect(await textOf(second.content)).toBe('shared')
  })

  it('moves a file from one row to another', async () => {
    const from = await prisma.document.create({ data: { content: textFile('moved') } })
    const to = await prisma.document.create({ data: {} })

    await prisma.$transaction([
      prisma.document.update({ where: { id: to.id }, data: { content: from.content! } }),
      prisma.document.update({ where: { id: from.id }, data: { content: Prisma.DbNull } }),
    ])

    expect(await textOf((await prisma.document.findUniqueOrThrow({ where: { id: to.id } })).content)).toBe(
      'moved',
    )
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('changes several file fields at once', async () => {
    const { id } = await prisma.user.create({
      data: { name: 'Ada', avatar: textFile('old'), documents: [textFile('a')] },
    })

    const user = await prisma.user.update({
      where: { id },
      data: { avatar: textFile('new'), documents: [textFile('b'), textFile('c')] },
    })

    expect(await textsOf([user.avatar, ...user.documents!])).toEqual(['new', 'b', 'c'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})

describe('removing a row', () => {
  it('deletes its files', async () => {
    const { id } = await prisma.document.create({
      data: { content: textFile('gone'), attachments: [textFile('gone'), textFile('too')] },
    })

    const { content } = await prisma.document.delete({ where: { id } })

    expect(content?.filename).toBe('note.txt')
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('rejects for a row that does not exist, and deletes nothing', async () => {
    await prisma.document.create({ data: { content: textFile('kept') } })

    await expect(prisma.document.delete({ where: { id: -1 } })).rejects.toMatchObject({ code: 'P2025' })

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('Json that is no file', () => {
  it('is written and read as it is, also where it looks like one', async () => {
    const file = await database.depot.upload(textFile('somewhere'))
    const details = { size: 3, nested: [1, null, { a: 'b' }], like: { ...file.toJSON() } }

    const { id } = await prisma.document.create({ data: { content: textFile('a'), details } })
    await prisma.document.update({ where: { id }, data: { details: { changed: true } } })

    expect((await prisma.document.findUniqueOrThrow({ where: { id } })).details).toEqual({ changed: true })
    expect(await database.exists(file)).toBe(true)
    await database.depot.deleteFiles([file.path])
  })
})

describe('a row that Python’s DEPOT has written', () => {
  it('has its file, and loses it when it is removed', async () => {
    // A UUID of version 1, as DEPOT made them.
    const id = '2b2a9e0c-3c1f-11ee-8d7c-0242ac120002'
    const known = { filename: 'a.txt', contentType: 'text/plain', size: 5, sha256: undefined, metadata: {} }
    await database.depot.get().backend.write(id, Buffer.from('hello'), known, {})
    await database.base.document.create({
      data: {
        title: 'old',
        content: {
          depot_name: 'default',
          files: [`default/${id}`],
          file_id: id,
          path: `default/${id}`,
          filename: 'a.txt',
          content_type: 'text/plain',
          uploaded_at: '2019-03-04 05:06:07',
          _public_url: null,
        },
      },
    })

    const document = await prisma.document.findFirstOrThrow({ where: { title: 'old' } })

    const { content } = document
    expect(content).toMatchObject({ filename: 'a.txt', uploadedAt: new Date('2019-03-04T05:06:07Z') })
    expect(await textOf(content)).toBe('hello')
    await database.expectFilesMatchRows()
    await prisma.document.update({ where: { id: document.id }, data: { title: 'kept', content: content! } })
    expect(await textOf((await prisma.document.findFirstOrThrow({ where: { title: 'kept' } })).content)).toBe(
      'hello',
    )
    await prisma.document.delete({ where: { id: document.id } })
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
