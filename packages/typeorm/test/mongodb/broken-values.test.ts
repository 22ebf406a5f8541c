import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { describe, expect, it } from '@jest/globals'
import type { MongoClient, ObjectId } from 'mongodb'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { Cover, Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)

/** What others do to the database, past us. */
async function overwrite(id: ObjectId, values: object): Promise<void> {
  const { queryRunner } = on.database.dataSource.driver as unknown as {
    queryRunner: { databaseConnection: MongoClient }
  }
  const { database } = on.database.dataSource.driver
  const collection = queryRunner.databaseConnection.db(database).collection('page')
  await collection.updateOne({ _id: id }, { $set: values })
}

async function brokenPage(values: object = { file: { value: 'x' } }): Promise<ObjectId> {
  await pages().save(pages().create({ name: 'good', file: textFile('good') }))
  const { id } = await pages().save(pages().create({ name: 'broken', cover: { title: 'c', picture: null } }))
  await overwrite(id, values)
  return id
}

async function documentOf(name: string): Promise<Record<string, unknown> | undefined> {
  return (await on.database.documents(Page)).find((document) => document.name === name)
}

function messageOf(use: () => unknown): string {
  try {
    use()
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_VALUE' })
    return (error as Error).message
  }
  throw new Error('expected INVALID_VALUE')
}

describe('a document with a broken value', () => {
  it.each<[string, unknown]>([
    ['an object', { value: 'x' }],
    ['text', '[object Object]'],
    ['a number', 7],
    ['bytes', Buffer.from('x')],
    ['a list', [1]],
  ])('of %s is loaded with all others, and says which it is where the value is used', async (_, file) => {
    const id = await brokenPage({ file })

    const [good, broken] = await pages().find({ order: { name: 'DESC' } })

    expect(await textOf(good?.file)).toBe('good')
    expect(messageOf(() => broken?.file?.url)).toContain(`page.file of the row id = ${String(id)}: `)
    await pages().delete(id)
  })

  it('keeps it when another field is saved', async () => {
    const id = await brokenPage()
    const page = await pages().findOneByOrFail({ name: 'broken' })

    await pages().save(Object.assign(page, { views: 2, cover: Object.assign(new Cover(), { title: 'd' }) }))
    await pages().updateOne({ name: 'broken' }, { $set: { views: 3 } })

    expect(await documentOf('broken')).toMatchObject({
      views: 3,
      file: { value: 'x' },
      cover: { title: 'd' },
    })
    await pages().delete(id)
  })

  it.each<[string, (id: ObjectId) => Promise<unknown>]>([
    [
      'save',
      async () => {
        const page = await pages().findOneByOrFail({ name: 'broken' })
        await pages().save(Object.assign(page, { file: textFile('new') }))
      },
    ],
    ['updateOne', (id) => pages().updateOne({ _id: id }, { $set: { file: textFile('new') } as never })],
    ['replaceOne', (id) => pages().replaceOne({ _id: id }, { name: 'broken', file: textFile('new') })],
  ])('gets a new file by %s', async (_, write) => {
    await write(await brokenPage())

    expect(await textOf((await pages().findOneByOrFail({ name: 'broken' })).file)).toBe('new')
  })

  it.each<[string, (id: ObjectId) => Promise<unknown>, number]>([
    ['remove', async () => pages().remove(await pages().find()), 0],
    ['delete', (id) => pages().delete(id), 1],
    ['deleteMany', () => pages().deleteMany({}), 0],
    ['findOneAndDelete', (id) => pages().findOneAndDelete({ _id: id }), 1],
  ])('is deleted by %s', async (_, remove, left) => {
    await remove(await brokenPage())

    expect(await pages().count()).toBe(left)
  })

  it('gives its value to no other document', async () => {
    const id = await brokenPage()
    const { file } = await pages().findOneByOrFail({ name: 'broken' })

    for (const write of [
      pages().save(pages().create({ name: 'x', file })),
      pages().insertOne({ name: 'x', file }),
      pages().updateOne({ name: 'good' }, { $set: { file } as never }),
    ]) {
      await expect(write).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    }
    expect(await pages().count()).toBe(2)
    await pages().delete(id)
  })

  it('has the good ones of a list', async () => {
    const { id } = await pages().save(
      pages().create({ name: 'list', notes: [textFile('one'), textFile('two')] }),
    )
    const stored = (await documentOf('list'))?.notes as unknown[]
    await overwrite(id, { notes: [stored[0], { value: 7 }, stored[1]] })

    const page = await pages().findOneByOrFail({ name: 'list' })
    const [first, broken, last] = page.notes as [UploadedFile, UploadedFile, UploadedFile]

    expect(await textsOf([first, last])).toEqual(['one', 'two'])
    expect(messageOf(() => broken.path)).toContain(`page.notes of the row id = ${String(id)}: `)
    await pages().save(Object.assign(page, { views: 2 }))
    expect(((await documentOf('list'))?.notes as unknown[])[1]).toEqual({ value: 7 })
    await pages().save(Object.assign(page, { notes: [last] }))
    expect(await textsOf((await pages().findOneByOrFail({ name: 'list' })).notes)).toEqual(['two'])
  })
})
