import 'reflect-metadata'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { UploadedFile } from '@filedepot/core'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)
let page: Page
let files: string[]

beforeEach(async () => {
  const made = { name: 'one', file: textFile('hello', 'old.txt'), notes: [textFile('a'), textFile('b')] }
  await pages().save(pages().create(made))
  page = await inCollection()
  files = await on.database.pathsOfFiles()
})

function inCollection(): Promise<Page> {
  return pages().findOneByOrFail({ name: 'one' })
}

const WAYS: [string, (file: UploadedFile) => Promise<unknown>][] = [
  ['save', (file) => pages().save(Object.assign(page, { file }))],
  ['update', (file) => pages().update({ name: 'one' }, { file })],
  ['updateOne', (file) => pages().updateOne({ name: 'one' }, { $set: { file } })],
  ['updateMany', (file) => pages().updateMany({ name: 'one' }, { $set: { file, views: 2 } })],
  ['findOneAndUpdate', (file) => pages().findOneAndUpdate({ name: 'one' }, { $set: { file } })],
]

describe.each(WAYS)('a file under another name, by %s', (_, write) => {
  it('stays the file that it is', async () => {
    await write(page.file!.with({ filename: 'new.txt', metadata: { alt: 'a text' } }))

    const { file } = await inCollection()
    expect(file).toMatchObject({ path: page.file?.path, filename: 'new.txt', metadata: { alt: 'a text' } })
    expect(await textOf(file)).toBe('hello')
    expect(await on.database.pathsOfFiles()).toEqual(files)
  })
})

it('one of a list is renamed, and the others stay as they are', async () => {
  page.notes = page.notes!.map((note, index) => (index === 1 ? note.with({ filename: 'new.txt' }) : note))
  await pages().save(page)

  const { notes } = await inCollection()
  expect(notes?.map(({ filename }) => filename)).toEqual(['note.txt', 'new.txt'])
  expect(await textsOf(notes)).toEqual(['a', 'b'])
  expect(await on.database.pathsOfFiles()).toEqual(files)
})
