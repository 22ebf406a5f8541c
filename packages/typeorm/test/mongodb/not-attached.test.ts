import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DataSource, type MongoRepository } from 'typeorm'
import { textFile } from '../support/contents.ts'
import { Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])

/** To the same database, and nobody has called `attachDepot`. */
let bare: DataSource
let pages: MongoRepository<Page>

beforeEach(async () => {
  bare = await new DataSource(on.database.dataSource.options).initialize()
  pages = bare.getMongoRepository(Page)
  await pages.insertOne({ name: 'one', views: 1 })
})

afterEach(async () => {
  await bare.destroy()
})

describe('a data source without a depot refuses a pending file with PENDING_FILE', () => {
  it.each<[string, (file: UploadedFile) => Promise<unknown>]>([
    ['save', (file) => pages.save(pages.create({ name: 'x', file }))],
    [
      'save of a document',
      async (file) => pages.save(Object.assign(await pages.findOneByOrFail({ name: 'one' }), { file })),
    ],
    ['save without listeners', (file) => pages.save(pages.create({ name: 'x', file }), { listeners: false })],
    ['save in a list', (file) => pages.save(pages.create({ name: 'x', notes: [file] }))],
    [
      'save in an embedded document',
      (file) => pages.save(pages.create({ name: 'x', cover: { title: 'c', picture: file } })),
    ],
    ['insert', (file) => pages.insert({ name: 'x', file })],
    ['insertOne', (file) => pages.insertOne({ name: 'x', file })],
    ['insertMany', (file) => pages.insertMany([{ name: 'x', file }] as never)],
    ['update', (file) => pages.update({ name: 'one' }, { file })],
    ['updateOne', (file) => pages.updateOne({ name: 'one' }, { $set: { file } as never })],
    ['updateMany', (file) => pages.updateMany({}, { $set: { file } as never })],
    ['$push', (file) => pages.updateOne({}, { $push: { notes: file } as never })],
    ['replaceOne', (file) => pages.replaceOne({ name: 'one' }, { name: 'one', file })],
    ['findOneAndUpdate', (file) => pages.findOneAndUpdate({ name: 'one' }, { $set: { file } as never })],
    ['findOneAndReplace', (file) => pages.findOneAndReplace({ name: 'one' }, { name: 'one', file })],
    ['bulkWrite', (file) => pages.bulkWrite([{ insertOne: { document: { name: 'x', file } } }])],
    ['find', (file) => pages.findBy({ file })],
    ['count', (file) => pages.countBy({ file })],
    ['deleteMany', (file) => pages.deleteMany({ file })],
  ])('by %s', async (_way, write) => {
    await expect(write(textFile('x'))).rejects.toMatchObject({ code: 'PENDING_FILE' })

    expect(await on.database.documents(Page)).toMatchObject([{ name: 'one', views: 1 }])
  })
})

describe('bytes that a data source without a depot has written', () => {
  it('are a broken value for others', async () => {
    const { id } = await pages.save(pages.create({ name: 'x', file: Buffer.from('x') as never }))

    const page = await on.database.dataSource.getMongoRepository(Page).findOneByOrFail({ name: 'x' })

    expect(page.file).toBeInstanceOf(UploadedFile)
    expect(() => page.file?.path).toThrow(`page.file of the row id = ${String(id)}: `)
    await pages.deleteOne({ name: 'x' })
  })
})
