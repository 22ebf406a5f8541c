import { FileIntent, fromPath, UploadedFile, type FileContent } from '@filedepot/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { Contract } from './support/file-models.ts'
import { Prisma } from './support/generated-client.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestTransaction } from './support/test-database.ts'

/*
 * The counterparts of Python DEPOT's test_fields_sqlalchemy.py, under their names there. What has to do with images is in
 * the package of images, and single-table inheritance is nothing that Prisma has.
 *
 * DEPOT runs each "with and without a flush": a flush writes the session to the database before it is committed or
 * rolled back. Here, that is a write within a transaction that ends later; without one, a write on its own. What is not
 * written is nowhere, so there is nothing to roll back.
 */

let folder: string
let path: string
let database: TestDatabase
const text = 'this is the file content'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-sqlalchemy-'))
  path = join(folder, 'fake_file')
  await writeFile(path, text)
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

beforeEach(async () => {
  database = await TestDatabase.open()
})

afterEach(() => database.endTest())

type Write = (client: TestTransaction) => Promise<unknown>

async function committedLater(write: Write): Promise<void> {
  await database.prisma.$transaction(async (transaction) => {
    await write(transaction)
    await transaction.docu.findMany()
  })
}

async function plainly(write: Write): Promise<void> {
  await write(database.prisma)
}

async function undone(write: Write): Promise<void> {
  await rolledBack(database.prisma, write)
}

async function created(name: string, content: FileContent = fromPath(path)) {
  return await database.prisma.docu.create({ data: { name, content: UploadedFile.from(content) } })
}

async function found(name: string) {
  return await database.prisma.docu.findUniqueOrThrow({ where: { name } })
}

/** A directory with two documents. */
async function createdDirectory() {
  return await database.prisma.directory.create({
    data: { files: { create: ['a', 'b'].map((name) => ({ name, content: textFile(name) })) } },
    include: { files: { orderBy: { name: 'asc' } } },
  })
}

async function textsOfDocus(): Promise<(string | undefined)[]> {
  const docus = await database.prisma.docu.findMany({ orderBy: { name: 'asc' } })
  return await textsOf(docus.map(({ content }) => content))
}

describe.each([
  ['with a flush', committedLater],
  ['without a flush', plainly],
])('TestSQLAAttachments, %s', (_, committed) => {
  it('create_fromfile: the file is there when the row is loaded again, under its name', async () => {
    await committed((client) =>
      client.docu.create({ data: { name: 'Foo', content: UploadedFile.from(fromPath(path)) } }),
    )

    const { content } = await found('Foo')
    expect(await textOf(content)).toBe(text)
    expect(content?.filename).toBe('fake_file')
  })

  it('edit_existing: the new file is there, and the old one is gone after the commit', async () => {
    const { uid, content: old } = await created('Foo2')

    await committed((client) =>
      client.docu.update({ where: { uid }, data: { content: UploadedFile.from(Buffer.from('HELLO')) } }),
    )

    expect(await textOf((await found('Foo2')).content)).toBe('HELLO')
    await expect(old!.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('create_fromfield: name, type and URL are those of the part of the form', async () => {
    const part = { originalname: 'test.txt', mimetype: 'text/x-log', buffer: Buffer.from(text) }

    await committed((client) =>
      client.docu.create({ data: { name: 'Foo', content: UploadedFile.from(part) } }),
    )

    const { content } = await found('Foo')
    expect(await textOf(content)).toBe(text)
    expect(content).toMatchObject({ filename: 'test.txt', declaredType: 'text/x-log' })
    expect(content?.url).toBe(`/depot/${content?.path ?? ''}`)
  })

  it('create_empty: nothing stays nothing', async () => {
    await committed((client) => client.docu.create({ data: { name: 'Foo', content: Prisma.DbNull } }))

    expect((await found('Foo')).content).toBeNull()
    expect(database.chaos.calls('write')).toBe(0)
  })

  it('delete_existing: the file is gone after the commit', async () => {
    const { uid, content: old } = await created('Foo2')

    await committed((client) => client.docu.delete({ where: { uid } }))

    await expect(old!.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('delete_existing_from_query: the same where the row is deleted by criteria', async () => {
    const { content: old } = await created('Foo2')
    await created('kept')

    await committed((client) => client.docu.deleteMany({ where: { name: 'Foo2' } }))

    await expect(old!.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await textsOfDocus()).toEqual([text])
  })

  it('create_with_alias: the row names the storage, and not its alias', async () => {
    await committed((client) =>
      client.docu.create({ data: { name: 'Foo', targeted: UploadedFile.from(fromPath(path)) } }),
    )

    const { targeted } = await found('Foo')
    expect(targeted?.storage).toBe('attachments')
    database.depot.alias('another_alias', 'default')
    expect(await textOf(targeted)).toBe(text)
  })

  it('relationship: what is taken out of a collection loses its file', async () => {
    const { uid, files } = await createdDirectory()

    await committed((client) =>
      client.directory.update({ where: { uid }, data: { files: { delete: { uid: files[0]!.uid } } } }),
    )

    expect(await textsOfDocus()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('relationship_cascade_delete: the files of the children go with the parent', async () => {
    const { uid } = await createdDirectory()

    await committed((client) => client.directory.delete({ where: { uid } }))

    expect(await textsOfDocus()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('check_assigned_type: a file of another upload type is refused when it is saved', async () => {
    const saving = committed((client) =>
      client.docu.create({ data: { name: 'Foo', contract: textFile('plain') } }),
    )

    await expect(saving).rejects.toMatchObject({ code: 'WRONG_UPLOAD_TYPE' })
    expect(await textsOfDocus()).toEqual([])
  })

  it('check_assigned_type: a file of the type of the field comes back as one', async () => {
    const contract = Contract.from(Buffer.from(text))

    await committed((client) => client.docu.create({ data: { name: 'Foo', contract } }))

    expect((await found('Foo')).contract).toBeInstanceOf(Contract)
  })

  it('create_from_bytes: they are named "unnamed"', async () => {
    await committed((client) =>
      client.docu.create({ data: { name: 'Foo', content: UploadedFile.from(Buffer.from(text)) } }),
    )

    expect((await found('Foo')).content).toMatchObject({ filename: 'unnamed', size: text.length })
  })

  it('create_fileintent: name and type are those that were said', async () => {
    const intent = { filename: 'file.pdf', contentType: 'application/x-own' }
    const content = UploadedFile.from(new FileIntent(Buffer.from(text), intent))

    await committed((client) => client.docu.create({ data: { name: 'Foo', content } }))

    expect((await found('Foo')).content).toMatchObject(intent)
  })

  it('create_fromfield: a name beyond ASCII stays as it is', async () => {
    const content = UploadedFile.from(new File([text], 'àèìòù.gif'))

    await committed((client) => client.docu.create({ data: { name: 'Foo', content } }))

    expect((await found('Foo')).content?.filename).toBe('àèìòù.gif')
  })
})

describe('TestSQLAAttachments, rolled back', () => {
  it('edit_existing_rollback: the old file is kept, and the new one is gone', async () => {
    const { uid, content: old } = await created('Foo3')
    const uploaded: string[] = []
    database.depot.on('uploaded', (file) => uploaded.push(file.path))

    await undone((client) => client.docu.update({ where: { uid }, data: { content: textFile('HELLO') } }))

    expect(await textOf(old)).toBe(text)
    expect(await database.pathsOfFiles()).toEqual([old!.path])
    expect(uploaded).toHaveLength(1)
  })

  it('delete_existing_rollback: the file is kept', async () => {
    const { uid, content: old } = await created('Foo3')

    await undone((client) => client.docu.delete({ where: { uid } }))

    expect(await textOf(old)).toBe(text)
    expect(await textsOfDocus()).toEqual([text])
  })

  it('relationship_rollback: what was taken out of a collection keeps it', async () => {
    const { uid, files } = await createdDirectory()

    await undone((client) =>
      client.directory.update({ where: { uid }, data: { files: { delete: { uid: files[0]!.uid } } } }),
    )

    expect(await textsOfDocus()).toEqual(['a', 'b'])
  })

  it('relationship_cascade_delete_rollback: they stay', async () => {
    const { uid } = await createdDirectory()

    await undone((client) => client.directory.delete({ where: { uid } }))

    expect(await textsOfDocus()).toEqual(['a', 'b'])
  })

  it('rollback: the file of a new row goes', async () => {
    await undone((client) => client.docu.create({ data: { name: 'Foo3', content: textFile(text) } }))

    expect(await textsOfDocus()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
