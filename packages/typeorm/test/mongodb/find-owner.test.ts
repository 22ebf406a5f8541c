import 'reflect-metadata'
import { findOwner } from '@filedepot/typeorm'
import { beforeEach, expect, it } from '@jest/globals'
import { textFile } from '../support/contents.ts'
import { Cover, Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)
let page: Page

beforeEach(async () => {
  const cover = Object.assign(new Cover(), { title: 'cover', picture: textFile('picture') })
  const made = { name: 'one', views: 1, file: textFile('1'), notes: [textFile('a'), textFile('b')], cover }
  page = await pages().save(pages().create(made))
  await pages().save(pages().create({ name: 'two', file: textFile('2'), notes: [textFile('c')] }))
})

it('the document that has a file is found, also by one of several and in an embedded document', async () => {
  for (const [property, path] of [
    ['file', page.file!.path],
    ['notes', page.notes![1]!.path],
    ['cover.picture', page.cover!.picture!.path],
  ] as ['file', string][]) {
    expect((await findOwner(pages(), property, path))?.name).toBe('one')
    expect((await findOwner(pages(), property, path, { where: { views: 1 } }))?.name).toBe('one')
    expect(await findOwner(pages(), property, path, { where: { views: 2 } })).toBeNull()
  }
  expect(await findOwner(pages(), 'notes', page.file!.path)).toBeNull()
})
