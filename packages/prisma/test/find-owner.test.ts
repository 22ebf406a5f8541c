import { UploadedFile, type FileContent, type ProcessedFile, type StoreFile } from '@filedepot/core'
import { filedepot, findOwner } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { quoted } from '../../../test/databases/database-kind.ts'
import { textFile } from '../../../test/support/contents.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { TestDatabase } from './support/test-database.ts'

/** Has a second file. */
class WithReceipt extends UploadedFile {
  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    const file = await store(content)
    await store(Buffer.from('receipt'), { filename: 'receipt.txt' })
    return { file }
  }
}

const ODD = 'odd_%"\\ü'

let database: TestDatabase
let prisma: ReturnType<typeof extended>
let one: Awaited<ReturnType<typeof made>>

function extended() {
  const document = { content: WithReceipt, attachments: { type: [WithReceipt], storage: ODD } } as const
  return database.base.$extends(filedepot({ depot: database.depot, models: { ...FILE_MODELS, document } }))
}

beforeEach(async () => {
  database = await TestDatabase.open()
  database.depot.configure(ODD, database.depot.get('attachments').backend)
  prisma = extended()
  one = await made('one')
  await made('two')
})

afterEach(async () => {
  await prisma.document.deleteMany({})
})

function made(title: string) {
  const content = WithReceipt.from(Buffer.from('a'), { filename: `"quoted" \\ % _ ü ${title}.txt` })
  const attachments = ['1', '2'].map((text) => WithReceipt.from(Buffer.from(text)))
  return prisma.document.create({ data: { title, content, attachments } })
}

describe('the row that has a file', () => {
  it('is found by the file, by one of a list, and by what was derived from either', async () => {
    for (const path of one.content!.files) {
      expect(await findOwner(prisma, 'document', 'content', path)).toMatchObject({ id: one.id })
    }
    for (const { files } of one.attachments!) {
      expect(files).toHaveLength(2)
      for (const path of files) {
        expect(await findOwner(prisma, 'document', 'attachments', path)).toMatchObject({ id: one.id })
      }
    }
  })

  it('is not found in another field, in another storage, or if there is none', async () => {
    const { path, id } = one.content!

    expect(await findOwner(prisma, 'document', 'attachments', path)).toBeNull()
    expect(await findOwner(prisma, 'document', 'content', `attachments/${id}`)).toBeNull()
    expect(
      await findOwner(prisma, 'document', 'content', 'default/01890a5d-ac96-774b-bcce-b302099a8057'),
    ).toBeNull()
  })

  it('is not looked for by a condition that is undefined, which Prisma would leave out', async () => {
    const where = { title: undefined as unknown as string }

    await expect(
      findOwner(prisma, 'document', 'content', one.content!.path, { where }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('where.title') as unknown,
    })
  })

  it('is one of those that are asked for, with what else is asked for', async () => {
    const { path } = one.content!
    const find = (title: string) =>
      findOwner(prisma, 'document', 'content', path, { where: { title }, select: { content: true } })

    expect(await find('two')).toBeNull()
    const found = await find('one')
    const content: UploadedFile | null | undefined = found?.content
    expect(content?.path).toBe(path)
    expect(Object.keys(found!)).toEqual(['content'])
  })

  it('is found by columns that have other names than their fields', async () => {
    const docu = await prisma.docu.create({ data: { name: 'a', content: textFile('a') } })
    const { path } = docu.content!

    expect(await findOwner(prisma, 'docu', 'content', path)).not.toBeNull()
    await prisma.docu.deleteMany({})
  })

  it('is found within its transaction', async () => {
    await prisma.$transaction(async (tx) => {
      const { id, content } = await tx.document.create({
        data: { content: WithReceipt.from(Buffer.from('c')) },
      })
      expect(await findOwner(tx, 'document', 'content', content!.path)).toMatchObject({ id })
    })
  })

  it('is none that only names the file, in its metadata or its name', async () => {
    const { path, id } = one.content!
    const other = await made('other')
    const metadata = { path, files: [path], of: { files: [path] } }
    const content = other.content!.with({ filename: `${id}"`, metadata })
    const attachments = other.attachments!.map((file) => file.with({ metadata }))
    await prisma.document.update({ where: { id: other.id }, data: { content, attachments } })

    expect(await findOwner(prisma, 'document', 'content', path)).toMatchObject({ id: one.id })
    expect(await findOwner(prisma, 'document', 'attachments', path)).toBeNull()
  })

  it('is found beside rows that hold something else', async () => {
    for (const json of ['5', '"text"', '{"files":5}', '[1,null,{"files":{}}]']) {
      const { id } = await prisma.document.create({ data: {} })
      const set = ['content', 'attachments'].map((name) => `${quoted(name)} = '${json}'`).join(', ')
      await database.query(`UPDATE ${quoted('Document')} SET ${set} WHERE id = ${id}`)
    }

    expect(await findOwner(prisma, 'document', 'content', one.content!.path)).toMatchObject({ id: one.id })
    const [file] = one.attachments!
    expect(await findOwner(prisma, 'document', 'attachments', file!.path)).toMatchObject({ id: one.id })
  })
})

it('findOwner is asked about a file field of an extended client, and a path', async () => {
  const { path } = one.content!

  for (const asking of [
    findOwner(prisma, 'document', 'title', path),
    findOwner(prisma, 'document', 'content', 'none'),
    findOwner(database.newClient(), 'document', 'content', path),
  ]) {
    await expect(asking).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})
