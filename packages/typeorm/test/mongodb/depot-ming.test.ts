import 'reflect-metadata'
import { fromPath, UploadedFile, type FileContent, type FileFilter } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectId } from 'mongodb'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Column, Entity, Index, ObjectIdColumn } from 'typeorm'
import { textOf } from '../support/contents.ts'
import { onMongodb } from './support/mongo-database.ts'

/*
 * The counterparts of Python DEPOT's test_fields_ming.py, under their names there. What has to do with images is in the
 * package of images.
 *
 * Ming collects changes in a session. A flush is a save here; and what is undone there by clearing the session before a
 * flush, is here a save that fails, or a change that is never saved.
 */

const describing: FileFilter = {
  onSave: ({ file, metadata }) => {
    metadata.described = `${file.filename} of ${file.size} bytes`
  },
}

@Entity('docu')
class Docu {
  @ObjectIdColumn()
  id!: ObjectId

  @Column()
  @Index({ unique: true })
  name!: string

  @UploadedFileColumn()
  content!: UploadedFile | null

  @UploadedFileColumn({ storage: 'another_alias' })
  targeted?: UploadedFile | null

  @UploadedFileColumn({ filters: [describing] })
  described?: UploadedFile | null
}

const on = onMongodb([Docu])
const docus = () => on.database.dataSource.getMongoRepository(Docu)
const text = 'this is the file content'
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-ming-'))
  path = join(folder, 'fake_file')
  await writeFile(path, text)
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

beforeEach(() => {
  on.database.depot.alias('another_alias', 'attachments')
})

async function created(name: string, content: FileContent | null = fromPath(path)): Promise<Docu> {
  await docus().save(Object.assign(new Docu(), { name, content }))
  return await found(name)
}

function found(name: string): Promise<Docu> {
  return docus().findOneByOrFail({ name })
}

describe('TestMingAttachments', () => {
  it('accessing_class_property: the column knows what it is declared with', () => {
    const column = docus().metadata.findColumnWithPropertyName('targeted')

    expect(column?.transformer).toMatchObject({ options: { storage: 'another_alias', type: UploadedFile } })
  })

  it('create_fromfile: the file is there when the document is loaded again, under its name', async () => {
    const { content } = await created('Foo')

    expect(await textOf(content)).toBe(text)
    expect(content?.filename).toBe('fake_file')
  })

  it('create_fromfile_flush_single_document: saving one document leaves what is pending in another', async () => {
    const [foo, bar] = ['Foo', 'Bar'].map((name) =>
      docus().create({ name, content: fromPath(path) as never }),
    )

    await docus().save(foo!)

    expect(await textOf((await found('Foo')).content)).toBe(text)
    expect(await docus().countDocuments()).toBe(1)
    expect(await on.database.pathsOfFiles()).toEqual([foo!.content!.path])
    expect(bar!.content).not.toBeInstanceOf(UploadedFile)
  })

  it('edit_existing: the new file is there, and the old one is gone', async () => {
    const docu = await created('Foo2')
    const old = docu.content!

    Object.assign(docu, { content: Buffer.from('HELLO') })
    await docus().save(docu)

    expect(await textOf((await found('Foo2')).content)).toBe('HELLO')
    await expect(old.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('edit_existing_rollback: the old file is kept, and the new one is gone', async () => {
    await created('taken', null)
    const docu = await created('Foo3')
    const old = docu.content!

    Object.assign(docu, { name: 'taken', content: Buffer.from('HELLO') })
    await expect(docus().save(docu)).rejects.toMatchObject({ code: 11000 })

    expect(await textOf((await found('Foo3')).content)).toBe(text)
    expect(await on.database.pathsOfFiles()).toEqual([old.path])
  })

  it('create_fromfield: name, type and URL are those of the part of the form', async () => {
    const { content } = await created('Foo', {
      originalname: 'test.txt',
      mimetype: 'text/x-log',
      buffer: Buffer.from(text),
    } as FileContent)

    expect(await textOf(content)).toBe(text)
    expect(content).toMatchObject({ filename: 'test.txt', declaredType: 'text/x-log' })
    expect(content?.url).toBe(`/depot/${content?.path ?? ''}`)
  })

  it('create_empty: nothing stays nothing', async () => {
    expect((await created('Foo', null)).content).toBeNull()
    expect(on.database.chaos.calls('write')).toBe(0)
  })

  it('delete_existing: the file is gone', async () => {
    const docu = await created('Foo2')
    const old = docu.content!

    await docus().remove(docu)

    await expect(old.open()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('delete_existing_rollback: the file of a document that is not removed after all is kept', async () => {
    const docu = await created('Foo3')

    await expect(docus().remove([docu, {} as Docu])).rejects.toThrow()

    expect(await textOf((await found('Foo3')).content)).toBe(text)
  })

  it('create_with_alias: the document names the storage itself', async () => {
    await docus().save(Object.assign(new Docu(), { name: 'Foo', targeted: fromPath(path) }))

    const { targeted } = await found('Foo')
    expect(await textOf(targeted)).toBe(text)
    expect(targeted?.storage).toBe('attachments')
  })
})

describe('filters, also for a value that is an uploaded file already', () => {
  it('what a filter adds is there after loading', async () => {
    const described = UploadedFile.from(Buffer.from(text), { filename: 'a.txt' })
    await docus().save(Object.assign(new Docu(), { name: 'Foo', described }))

    expect((await found('Foo')).described?.metadata).toEqual({ described: 'a.txt of 24 bytes' })
  })
})
