import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn, uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { PrimaryColumn, ViewColumn, ViewEntity, type Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Shows the files of documents. */
@ViewEntity({
  expression: (dataSource) =>
    dataSource
      .createQueryBuilder()
      .select('d.title', 'title')
      .addSelect('d.content', 'content')
      .addSelect('d.attachments', 'attachments')
      .from(Document, 'd')
      .where(`d.title <> 'hidden'`),
})
class Shown {
  @ViewColumn()
  title!: string

  @UploadedFileColumn()
  content!: UploadedFile | null

  @ViewColumn({ transformer: uploadedFileColumn({ array: true }).transformer })
  attachments!: UploadedFile[] | null
}

/** The same, and its rows have a key. */
@ViewEntity({
  expression: (dataSource) =>
    dataSource.createQueryBuilder().select(['d.id', 'd.content']).from(Document, 'd'),
})
class Keyed {
  @PrimaryColumn({ name: 'd_id' })
  id!: number

  @UploadedFileColumn({ name: 'd_content' })
  content!: UploadedFile | null
}

let database: TestDatabase
let documents: Repository<Document>
let shown: Repository<Shown>
let keyed: Repository<Keyed>
let id: number

beforeEach(async () => {
  database = await TestDatabase.open([Document, Shown, Keyed])
  documents = database.dataSource.getRepository(Document)
  shown = database.dataSource.getRepository(Shown)
  keyed = database.dataSource.getRepository(Keyed)
  const saved = await documents.save({
    title: 'a',
    content: textFile('content'),
    attachments: [textFile('1'), textFile('2')],
  })
  id = saved.id
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('a view with file columns', () => {
  it('shows values that open through the depot of its data source, and not that of the process', async () => {
    const row = await shown.findOneByOrFail({ title: 'a' })

    expect(await textsOf([row.content, ...(row.attachments ?? [])])).toEqual(['content', '1', '2'])
    expect(row.content?.url).toBe(`/depot/${row.content?.path ?? ''}`)
  })

  it('shows them through query builders, too', async () => {
    const row = await shown.createQueryBuilder('shown').where(`shown.title = 'a'`).getOneOrFail()

    expect(await textOf(row.content)).toBe('content')
  })

  it('shows what the rows hold now', async () => {
    const document = await documents.findOneByOrFail({ title: 'a' })

    await documents.save(Object.assign(document, { content: textFile('new'), attachments: null }))

    const row = await shown.findOneByOrFail({ title: 'a' })
    expect(await textsOf([row.content, ...(row.attachments ?? [])])).toEqual(['new'])
  })

  it('takes no part in removals: the files go with the rows', async () => {
    await documents.remove(await documents.find())

    expect(await shown.find()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives a file to a row as a copy', async () => {
    const { content } = await shown.findOneByOrFail({ title: 'a' })

    await documents.save({ title: 'hidden', content })
    await documents.delete({ title: 'a' })

    expect(await textOf((await documents.findOneByOrFail({ title: 'hidden' })).content)).toBe('content')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each<[string, () => Promise<unknown>]>([
    ['insert', () => shown.insert({ title: 'b', content: textFile('b') })],
    ['update', () => shown.update({ title: 'a' }, { content: textFile('new') })],
    ['update', () => shown.update({ title: 'a' }, { content: null })],
    ['delete', () => shown.delete({ title: 'a' })],
    ['insert', () => keyed.save({ id: 99, content: textFile('b') })],
    ['update', () => keyed.save({ id, content: textFile('new') })],
    ['delete', () => keyed.remove(keyed.create({ id }))],
  ])('is never written: %s', async (verb, write) => {
    const written = database.chaos.calls('write')

    const writing = write()

    await expect(writing).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    await expect(writing).rejects.toThrow(`in this ${verb}: it is a view.`)
    expect(database.chaos.calls('write')).toBe(written)
    expect(await documents.count()).toBe(1)
  })
})
