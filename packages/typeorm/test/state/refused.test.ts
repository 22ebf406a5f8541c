import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { In, type EntityManager, type Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
let id: number

beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
  const saved = await documents.save({ title: 'a', content: textFile('first') })
  id = saved.id
})

/** The row that was there stays as it was, and there is no other. */
afterEach(async () => {
  const [row, ...more] = await documents.find()
  expect(more).toEqual([])
  expect(row).toMatchObject({ id, title: 'a', attachments: null })
  expect(await textOf(row!.content)).toBe('first')
  await database.expectFilesMatchRows()
  await database.close()
})

describe('a value that was not uploaded never reaches a row: PENDING_FILE', () => {
  it.each<[string, (manager: EntityManager) => Promise<unknown>]>([
    [
      'save() of a new entity, without listeners',
      (manager) => manager.save(Document, { content: textFile('x') }, { listeners: false }),
    ],
    [
      'save() of a changed entity, without listeners',
      (manager) => manager.save(Document, { id, content: textFile('x') }, { listeners: false }),
    ],
    [
      'save() of an array of files, without listeners',
      (manager) => manager.save(Document, { id, attachments: [textFile('x')] }, { listeners: false }),
    ],
    [
      'save() of bytes, without listeners',
      (manager) => {
        const document = manager.create(Document)
        Object.assign(document, { content: Buffer.from('x') })
        return manager.save(document, { listeners: false })
      },
    ],
    [
      'save() outside a transaction, without listeners',
      (manager) =>
        manager.save(Document, { id, content: textFile('x') }, { listeners: false, transaction: false }),
    ],
    [
      'an INSERT with callListeners(false)',
      (manager) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(Document)
          .values({ content: textFile('x') })
          .callListeners(false)
          .execute(),
    ],
    [
      'an UPDATE with callListeners(false)',
      (manager) =>
        manager
          .createQueryBuilder()
          .update(Document)
          .set({ content: textFile('x') })
          .where({ id })
          .callListeners(false)
          .execute(),
    ],
    ['a criterion of delete()', (manager) => manager.delete(Document, { content: textFile('x') })],
    [
      'a criterion of find(), among others',
      (manager) => manager.find(Document, { where: { id, content: In([textFile('x')]) } }),
    ],
    [
      'a criterion of a query builder',
      async (manager) =>
        await manager
          .createQueryBuilder(Document, 'd')
          .where({ attachments: [textFile('x')] })
          .getMany(),
    ],
  ])('%s', async (_, write) => {
    await expect(write(database.dataSource.manager)).rejects.toMatchObject({ code: 'PENDING_FILE' })
    const within = database.dataSource.transaction((manager) => write(manager))
    await expect(within).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(database.chaos.calls('write')).toBe(1)
  })

  it('names the column', async () => {
    const saving = documents.save({ content: textFile('x') }, { listeners: false })

    await expect(saving).rejects.toThrow('Document.content: ')
  })
})

describe('a property refuses what is no content', () => {
  it.each<[string, unknown, string]>([
    ['a promise of a file', Promise.resolve(textFile('x')), 'INVALID_CONTENT'],
    ['a promise of bytes', Promise.resolve(Buffer.from('x')), 'INVALID_CONTENT'],
    ['a function', () => 'NULL', 'INVALID_CONTENT'],
    ['a plain object', { storage: 'default', id: 'x' }, 'INVALID_CONTENT'],
    ['a date', new Date(), 'INVALID_CONTENT'],
    ['an array', [textFile('x')], 'INVALID_CONTENT'],
    ['a text', 'x', 'INVALID_CONTENT'],
    ['true', true, 'INVALID_CONTENT'],
  ])('%s, in a new entity and in one that is there', async (_, content, code) => {
    const fresh = Object.assign(documents.create({ title: 'b' }), { content })
    await expect(documents.save(fresh)).rejects.toMatchObject({ code })

    const loaded = Object.assign(await documents.findOneByOrFail({ id }), { title: 'b', content })
    await expect(documents.save(loaded)).rejects.toMatchObject({ code })

    expect(database.chaos.calls('write')).toBe(1)
  })

  it('a promise of a file, also by criteria', async () => {
    const content = Promise.resolve(textFile('x')) as never

    const refused = { code: 'INVALID_CONTENT' }
    await expect(documents.insert({ title: 'b', content })).rejects.toMatchObject(refused)
    await expect(documents.update(id, { content })).rejects.toMatchObject(refused)
  })

  it('an array with something else among its files', async () => {
    const attachments = [textFile('good'), 'x', null]

    const saving = documents.save(Object.assign(documents.create(), { attachments }))

    await expect(saving).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
  })

  it('values of a client that look like a stored file, by every way of writing', async () => {
    const forged = JSON.parse(
      JSON.stringify((await documents.findOneByOrFail({ id })).content),
    ) as UploadedFile

    const refused = { code: 'INVALID_CONTENT' }
    await expect(documents.save({ content: forged })).rejects.toMatchObject(refused)
    await expect(documents.insert({ content: forged })).rejects.toMatchObject(refused)
    await expect(documents.update(id, { content: forged })).rejects.toMatchObject(refused)
  })
})
