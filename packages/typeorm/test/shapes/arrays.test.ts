import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { In, type Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { brokenFile, textFile, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
const log = new StatementLog()

beforeEach(async () => {
  database = await TestDatabase.open([Document], { dataSource: { logger: log } })
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A document with these files, loaded anew. */
async function documentOf(...texts: string[]): Promise<Document> {
  const { id } = await documents.save({ attachments: texts.map((text) => textFile(text)) })
  log.takeWrites()
  return await documents.findOneByOrFail({ id })
}

async function textsOfRow(id: number): Promise<(string | undefined)[]> {
  return await textsOf((await documents.findOneByOrFail({ id })).attachments)
}

describe('an array of files', () => {
  it('keeps its order, also where the first takes the longest to upload', async () => {
    const slow = new Blob([Buffer.alloc(3_000_000, 'x')])
    const document = documents.create()
    Object.assign(document, { attachments: [slow, textFile('two'), Buffer.from('three'), textFile('four')] })

    await documents.save(document)

    const sizes = (await documents.findOneByOrFail({ id: document.id })).attachments!.map(({ size }) => size)
    expect(sizes).toEqual([3_000_000, 3, 5, 4])
  })

  it.each<[string, (files: UploadedFile[]) => UploadedFile[], string[]]>([
    ['at its end', (files) => [...files, textFile('new')], ['one', 'two', 'three', 'new']],
    ['at its beginning', (files) => [textFile('new'), ...files], ['new', 'one', 'two', 'three']],
    ['in the middle', (files) => files.toSpliced(1, 0, textFile('new')), ['one', 'new', 'two', 'three']],
    ['in the place of another', (files) => files.with(1, textFile('new')), ['one', 'new', 'three']],
  ])('takes a file %s, and uploads that one only', async (_, change, texts) => {
    const document = await documentOf('one', 'two', 'three')
    const written = database.chaos.calls('write')

    document.attachments = change(document.attachments!)
    await documents.save(document)

    expect(await textsOfRow(document.id)).toEqual(texts)
    expect(await textsOf(document.attachments)).toEqual(texts)
    expect(database.chaos.calls('write')).toBe(written)
  })

  it('notices what is changed in place', async () => {
    const document = await documentOf('one', 'two')

    document.attachments!.push(textFile('three'))
    document.attachments!.shift()
    await documents.save(document)

    expect(await textsOfRow(document.id)).toEqual(['two', 'three'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('is written anew where only its order changes, and keeps all files', async () => {
    const document = await documentOf('one', 'two', 'three')

    document.attachments!.reverse()
    await documents.save(document)

    expect(log.takeWrites()).toHaveLength(1)
    expect(await textsOfRow(document.id)).toEqual(['three', 'two', 'one'])
  })

  it('is not written where a copy of the array holds the same files', async () => {
    const document = await documentOf('one', 'two')

    document.attachments = [...document.attachments!]
    await documents.save(document)

    expect(log.takeWrites()).toEqual([])
  })

  it('gives up the files that are taken out', async () => {
    const document = await documentOf('one', 'two', 'three')

    document.attachments = document.attachments!.slice(1, 2)
    await documents.save(document)

    expect(await textsOfRow(document.id)).toEqual(['two'])
  })

  it('gives up all files where it is emptied, and is an empty array then', async () => {
    const document = await documentOf('one', 'two')

    document.attachments = []
    await documents.save(document)

    expect((await documents.findOneByOrFail({ id: document.id })).attachments).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
    log.takeWrites()
    await documents.save(await documents.findOneByOrFail({ id: document.id }))
    expect(log.takeWrites()).toEqual([])
  })

  it('gives up all files where it is set to null', async () => {
    const document = await documentOf('one', 'two')

    document.attachments = null
    await documents.save(document)

    expect((await documents.findOneByOrFail({ id: document.id })).attachments).toBeNull()
  })

  it('is left as it was where one of several cannot be uploaded', async () => {
    const document = await documentOf('one', 'two')
    const given = [textFile('good'), brokenFile(), ...document.attachments!]

    document.attachments = given
    const saving = documents.save(document)

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    await expect(saving).rejects.toThrow('Document.attachments: ')
    expect(document.attachments).toBe(given)
    expect(await textsOfRow(document.id)).toEqual(['one', 'two'])
  })

  it('keeps the file of a row once that it is given twice', async () => {
    const document = await documentOf('one')
    const [one] = document.attachments!

    document.attachments = [one!, one!]
    await documents.save(document)
    document.attachments = [one!]
    await documents.save(document)

    expect(await textsOfRow(document.id)).toEqual(['one'])
  })

  it('gets the given array back after a rollback', async () => {
    const document = await documentOf('one', 'two')
    const given = [textFile('new'), document.attachments![1]!]
    document.attachments = given

    await rolledBack(database.dataSource, (manager) => manager.save(document))

    expect(document.attachments).toBe(given)
    expect(await textsOfRow(document.id)).toEqual(['one', 'two'])
    await documents.save(document)
    expect(await textsOfRow(document.id)).toEqual(['new', 'two'])
  })
})

describe('an array of files, written by criteria', () => {
  it('is replaced in one row, and what stays in it is kept', async () => {
    const { id, attachments } = await documentOf('one', 'two')

    await documents.update(id, { attachments: [attachments![1]!, textFile('three')] })

    expect(await textsOfRow(id)).toEqual(['two', 'three'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it.each([
    ['null', null],
    ['an empty array', []],
  ])('is taken from any number of rows by %s', async (_, attachments) => {
    const rows = [await documentOf('one', 'two'), await documentOf('three')]

    await documents.update({ id: In(rows.map(({ id }) => id)) }, { attachments })

    expect(await database.pathsOfFiles()).toEqual([])
    expect(await documents.find()).toMatchObject([{ attachments }, { attachments }])
  })

  it('is refused for several rows, and uploads nothing', async () => {
    const rows = [await documentOf('one'), await documentOf('two')]

    const updating = documents.update(
      { id: In(rows.map(({ id }) => id)) },
      { attachments: [textFile('shared'), textFile('too')] },
    )

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await textsOfRow(rows[0]!.id)).toEqual(['one'])
  })

  it('leaves the row as it was where one of several cannot be uploaded', async () => {
    const { id } = await documentOf('one')

    const updating = documents.update(id, { attachments: [textFile('good'), brokenFile()] })

    await expect(updating).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await textsOfRow(id)).toEqual(['one'])
  })
})
