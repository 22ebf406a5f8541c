import 'reflect-metadata'
import { FileIntent, fromPath, UploadedFile, type FileContent } from '@filedepot/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EntityManager } from 'typeorm'
import { Directory, Docu, ExtendedDocu } from './entities/docu.ts'
import { textFile, textOf, textsOf } from './support/contents.ts'
import { typeormVersion } from './support/database-kind.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase } from './support/test-database.ts'

/*
 * The counterparts of Python DEPOT's test_fields_sqlalchemy.py, under their names there. What has to do with images is in
 * the package of images.
 *
 * DEPOT runs each "with and without a flush": a flush writes the session to the database before it is committed or
 * rolled back. Here, that is a save within a transaction that ends later. Without one, a commit is a plain save, and a
 * rollback that of a transaction in which the entity was changed, but not saved.
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
  database = await TestDatabase.open([Docu, ExtendedDocu, Directory])
  database.depot.alias('another_alias', 'attachments')
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

type Write = (manager: EntityManager) => Promise<unknown>

async function committedLater(write: Write): Promise<void> {
  await database.dataSource.transaction(async (manager) => {
    await write(manager)
    await manager.find(Docu)
  })
}

async function plainly(write: Write): Promise<void> {
  await write(database.dataSource.manager)
}

async function rolledBackLater(change: () => void, write: Write): Promise<void> {
  await rolledBack(database.dataSource, async (manager) => {
    change()
    await write(manager)
  })
}

async function rolledBackUnsaved(change: () => void): Promise<void> {
  const calls = () => database.chaos.calls('write') + database.chaos.calls('delete')
  const before = calls()
  await rolledBack(database.dataSource, (manager) => {
    change()
    return manager.find(Docu)
  })
  expect(calls()).toBe(before)
}

/** A document with this content, created and committed. */
async function created(name: string, content: FileContent = fromPath(path)): Promise<Docu> {
  await plainly((manager) =>
    manager.save(manager.create(Docu, { name, content: UploadedFile.from(content) })),
  )
  return await found(name)
}

async function found(name: string): Promise<Docu> {
  return await database.dataSource.manager.findOneByOrFail(Docu, { name })
}

/** The files of a directory with two documents, and the directory. */
async function createdDirectory(): Promise<Directory> {
  const { manager } = database.dataSource
  const { uid } = await manager.save(Directory, {
    files: ['a', 'b'].map((name) => manager.create(Docu, { name, content: textFile(name) })),
  })
  return await manager.findOneOrFail(Directory, {
    where: { uid },
    relations: { files: true },
    order: { files: { name: 'ASC' } },
  })
}

async function textsOfDocus(): Promise<(string | undefined)[]> {
  const docus = await database.dataSource.manager.find(Docu, { order: { name: 'ASC' } })
  return await textsOf(docus.map(({ content }) => content))
}

describe.each([
  ['with a flush', committedLater, rolledBackLater],
  ['without a flush', plainly, rolledBackUnsaved],
])('TestSQLAAttachments, %s', (_, committed, undone) => {
  it('create_fromfile: the file is there when the row is loaded again, under its name', async () => {
    const docu = Object.assign(new Docu(), { name: 'Foo', content: fromPath(path) })

    await committed((manager) => manager.save(docu))

    const { content } = await found('Foo')
    expect(await textOf(content)).toBe(text)
    expect(content?.filename).toBe('fake_file')
  })

  it('create_polymorphic_from_file: the same for a subclass', async () => {
    const docu = Object.assign(new ExtendedDocu(), { name: 'Foo', content: fromPath(path), extra: 'more' })

    await committed((manager) => manager.save(docu))

    const loaded = await found('Foo')
    expect(loaded).toBeInstanceOf(ExtendedDocu)
    expect(await textOf(loaded.content)).toBe(text)
    expect(loaded.content?.filename).toBe('fake_file')
  })

  it('edit_existing: the new file is there, and the old one is gone after the commit', async () => {
    const docu = await created('Foo2')
    const old = docu.content!

    Object.assign(docu, { content: Buffer.from('HELLO') })
    await committed((manager) => manager.save(docu))

    expect(await textOf((await found('Foo2')).content)).toBe('HELLO')
    await expect(old.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('edit_existing_rollback: the old file is kept, and the new one is gone', async () => {
    const docu = await created('Foo3')
    const old = docu.content!
    const uploaded: string[] = []
    database.depot.on('uploaded', (file) => uploaded.push(file.path))

    await undone(
      () => Object.assign(docu, { content: Buffer.from('HELLO') }),
      (manager) => manager.save(docu),
    )

    expect(await textOf(old)).toBe(text)
    expect(await database.pathsOfFiles()).toEqual([old.path])
    for (const path of uploaded)
      await expect(database.depot.getFile(path)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('create_fromfield: name, type and URL are those of the part of the form', async () => {
    const part = { originalname: 'test.txt', mimetype: 'text/x-log', buffer: Buffer.from(text) }
    const docu = Object.assign(new Docu(), { name: 'Foo', content: part })

    await committed((manager) => manager.save(docu))

    const { content } = await found('Foo')
    expect(await textOf(content)).toBe(text)
    expect(content).toMatchObject({ filename: 'test.txt', declaredType: 'text/x-log' })
    expect(content?.url).toBe(`/depot/${content?.path ?? ''}`)
  })

  it('create_empty: nothing stays nothing', async () => {
    await committed((manager) => manager.save(manager.create(Docu, { name: 'Foo', content: null })))

    expect((await found('Foo')).content).toBeNull()
    expect(database.chaos.calls('write')).toBe(0)
  })

  it('delete_existing: the file is gone after the commit', async () => {
    const docu = await created('Foo2')
    const old = docu.content!

    await committed((manager) => manager.remove(docu))

    await expect(old.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('delete_existing_from_query: the same where the row is deleted by criteria', async () => {
    const { content: old } = await created('Foo2')
    await created('kept')

    await committed((manager) => manager.delete(Docu, { name: 'Foo2' }))

    await expect(old!.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await textsOfDocus()).toEqual([text])
  })

  it('delete_existing_rollback: the file is kept', async () => {
    const docu = await created('Foo3')
    const old = docu.content!

    await undone(
      () => undefined,
      (manager) => manager.remove(docu),
    )

    expect(await textOf(old)).toBe(text)
    expect(await textsOfDocus()).toEqual([text])
  })

  it('create_with_alias: the row names the storage, and not its alias', async () => {
    const docu = Object.assign(new Docu(), { name: 'Foo', targeted: fromPath(path) })

    await committed((manager) => manager.save(docu))

    const { targeted } = await found('Foo')
    expect(targeted?.storage).toBe('attachments')
    database.depot.alias('another_alias', 'default')
    expect(await textOf(targeted)).toBe(text)
  })

  it('relationship: what is taken out of a collection loses its file', async () => {
    const directory = await createdDirectory()

    directory.files = directory.files.slice(1)
    await committed((manager) => manager.save(directory))

    expect(await textsOfDocus()).toEqual(['b'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('relationship_rollback: what was taken out of a collection keeps it', async () => {
    const directory = await createdDirectory()

    await undone(
      () => {
        directory.files = directory.files.slice(1)
      },
      (manager) => manager.save(directory),
    )

    expect(await textsOfDocus()).toEqual(['a', 'b'])
  })

  // TypeORM 0.3 does not cascade removals to the many.
  if (typeormVersion !== '0.3') {
    it('relationship_cascade_delete: the files of the children go with the parent', async () => {
      const directory = await createdDirectory()

      await committed((manager) => manager.remove(directory))

      expect(await textsOfDocus()).toEqual([])
      expect(await database.pathsOfFiles()).toEqual([])
    })

    it('relationship_cascade_delete_rollback: they stay', async () => {
      const directory = await createdDirectory()

      await undone(
        () => undefined,
        (manager) => manager.remove(directory),
      )

      expect(await textsOfDocus()).toEqual(['a', 'b'])
    })
  }

  it('check_assigned_type: a file of another upload type is refused when it is saved', async () => {
    const docu = Object.assign(new Docu(), { name: 'Foo', contract: textFile('plain') })

    const saving = committed((manager) => manager.save(docu))

    await expect(saving).rejects.toMatchObject({ code: 'WRONG_UPLOAD_TYPE' })
    expect(await textsOfDocus()).toEqual([])
  })

  it('create_from_bytes: they are named "unnamed"', async () => {
    const docu = Object.assign(new Docu(), { name: 'Foo', content: Buffer.from(text) })

    await committed((manager) => manager.save(docu))

    expect((await found('Foo')).content).toMatchObject({ filename: 'unnamed', size: text.length })
  })

  it('create_fileintent: name and type are those that were said', async () => {
    const content = new FileIntent(Buffer.from(text), {
      filename: 'file.pdf',
      contentType: 'application/x-own',
    })
    const docu = Object.assign(new Docu(), { name: 'Foo', content })

    await committed((manager) => manager.save(docu))

    expect((await found('Foo')).content).toMatchObject({
      filename: 'file.pdf',
      contentType: 'application/x-own',
    })
  })

  it('create_fromfield: a name beyond ASCII stays as it is', async () => {
    const content = new File([text], 'àèìòù.gif')
    const docu = Object.assign(new Docu(), { name: 'Foo', content })

    await committed((manager) => manager.save(docu))

    expect((await found('Foo')).content?.filename).toBe('àèìòù.gif')
  })

  it('rollback: the file of a new row goes', async () => {
    const docu = new Docu()

    await undone(
      () => Object.assign(docu, { name: 'Foo3', content: fromPath(path) }),
      (manager) => manager.save(docu),
    )

    expect(await textsOfDocus()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
