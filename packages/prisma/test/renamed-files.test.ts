import { allowExtensions, UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient
let id: number
let content: UploadedFile
let attachments: UploadedFile[]
let files: string[]

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
  const data = { content: textFile('hello', 'old.txt'), attachments: [textFile('1'), textFile('2')] }
  const made = await prisma.document.create({ data })
  id = made.id
  const row = await inRow()
  content = row.content!
  attachments = row.attachments!
  files = await database.pathsOfFiles()
})

afterEach(() => database.endTest())

function inRow() {
  return prisma.document.findUniqueOrThrow({ where: { id } })
}

const WAYS: [string, (value: UploadedFile) => Promise<unknown>][] = [
  ['update', (value) => prisma.document.update({ where: { id }, data: { content: value } })],
  ['updateMany', (value) => prisma.document.updateMany({ where: { id }, data: { content: value } })],
  ['upsert', (value) => prisma.document.upsert({ where: { id }, create: {}, update: { content: value } })],
  [
    'a batch',
    (value) => prisma.$transaction([prisma.document.update({ where: { id }, data: { content: value } })]),
  ],
  [
    'an interactive transaction',
    (value) => prisma.$transaction((tx) => tx.document.update({ where: { id }, data: { content: value } })),
  ],
]

describe.each(WAYS)('a file under another name, by %s', (_, write) => {
  it('stays the file that it is', async () => {
    await write(content.with({ filename: 'new.txt', metadata: { alt: 'a "text" in ünicode' } }))

    const row = await inRow()
    expect(row.content).toMatchObject({
      path: content.path,
      filename: 'new.txt',
      metadata: { alt: 'a "text" in ünicode' },
    })
    expect(await textOf(row.content)).toBe('hello')
    expect(await database.pathsOfFiles()).toEqual(files)
  })
})

describe('a rename', () => {
  it('is undone by a rollback, and can be written again', async () => {
    const data = { content: content.with({ filename: 'new.txt' }) }

    await rolledBack(prisma, (tx) => tx.document.update({ where: { id }, data }))
    expect((await inRow()).content?.filename).toBe('old.txt')
    expect(await database.pathsOfFiles()).toEqual(files)

    await prisma.document.update({ where: { id }, data })
    expect((await inRow()).content?.filename).toBe('new.txt')
  })

  it('of one in a list leaves the others as they are', async () => {
    const changed = attachments.map((file, index) => (index === 1 ? file.with({ filename: 'b.txt' }) : file))
    await prisma.document.update({ where: { id }, data: { attachments: changed } })

    const row = await inRow()
    expect(row.attachments?.map(({ filename }) => filename)).toEqual(['note.txt', 'b.txt'])
    expect(await textsOf(row.attachments)).toEqual(['1', '2'])
    expect(await database.pathsOfFiles()).toEqual(files)
  })

  it('of a file that was uploaded before its row is the name in the row', async () => {
    const uploaded = await database.depot.upload(textFile('new', 'a.txt'))

    const row = await prisma.document.create({ data: { content: uploaded.with({ filename: 'b.txt' }) } })

    expect(row.content).toMatchObject({ path: uploaded.path, filename: 'b.txt' })
  })

  it('is refused if the field allows no such name', async () => {
    const rules = { type: UploadedFile, validators: [allowExtensions('.txt')] }
    const models = { document: { content: rules, attachments: [UploadedFile] } } as const
    const strict = database.base.$extends(filedepot({ depot: database.depot, models }))
    const update = (filename: string) =>
      strict.document.update({ where: { id }, data: { content: content.with({ filename }) } })

    await expect(update('b.exe')).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      message: expect.stringContaining('Document.content: ') as unknown,
    })
    expect((await inRow()).content?.filename).toBe('old.txt')
    expect((await update('b.txt')).content?.filename).toBe('b.txt')
  })
})
