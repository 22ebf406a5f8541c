import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { In, IsNull, Not, type Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf } from '../support/contents.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
const log = new StatementLog()

beforeEach(async () => {
  database = await TestDatabase.open([Document, Vehicle], { dataSource: { logger: log } })
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A document with files in both columns, loaded anew. */
async function savedDocument(): Promise<Document> {
  const { id } = await documents.save({
    content: UploadedFile.from(Buffer.from('first'), { filename: 'Straße "1".txt' }),
    attachments: [textFile('1'), textFile('2')],
  })
  log.takeWrites()
  return await documents.findOneByOrFail({ id })
}

describe('an entity that has not changed', () => {
  it('sends no UPDATE when it is saved, alone, several at once and again', async () => {
    await savedDocument()
    await savedDocument()
    const loaded = await documents.find()

    await documents.save(loaded[0]!)
    await documents.save(loaded)
    await documents.save(loaded)

    expect(log.takeWrites()).toEqual([])
    expect(log.take('BEGIN', 'START')).toEqual([])
  })

  it('sends none right after it was saved', async () => {
    const document = documents.create({ content: textFile('first'), attachments: [] })
    await documents.save(document)
    log.takeWrites()

    await documents.save(document)

    expect(log.takeWrites()).toEqual([])
  })

  it('has the same value each time that the same text is loaded, and a list of its own', async () => {
    const { id } = await savedDocument()

    const [one, two] = [await documents.findOneByOrFail({ id }), await documents.findOneByOrFail({ id })]
    one.attachments?.pop()

    expect(two.content).toBe(one.content)
    expect(two.attachments).toHaveLength(2)
    expect(await textOf(two.content)).toBe('first')
  })

  it('has another value where the text differs at its end only', async () => {
    const { id, content } = await savedDocument()

    await database.dataSource.query(
      `UPDATE document SET content = REPLACE(content, '"size":${content!.size}', '"size":77')`,
    )

    expect((await documents.findOneByOrFail({ id })).content!.size).toBe(77)
  })

  it('sends none where its file was opened, read and asked for its URL', async () => {
    const document = await savedDocument()

    await document.content!.bytes()
    expect(document.content!.url).toContain(document.content!.path)
    await documents.save(document)

    expect(log.takeWrites()).toEqual([])
  })

  it('sends none where its property got another value of the same file', async () => {
    const document = await savedDocument()

    document.content = UploadedFile.fromJSON(JSON.parse(JSON.stringify(document.content)))
    await documents.save(document)

    expect(log.takeWrites()).toEqual([])
    expect(await textOf((await documents.findOneByOrFail({ id: document.id })).content)).toBe('first')
  })

  it('sends none within an embedded object', async () => {
    const vehicles = database.dataSource.getRepository(Vehicle)
    await vehicles.save({ photo: textFile('photo'), papers: { scan: textFile('scan') } })
    log.takeWrites()

    await vehicles.save(await vehicles.find())

    expect(log.takeWrites()).toEqual([])
  })

  it('sends one statement, with one column, where a title changes', async () => {
    const document = await savedDocument()

    await documents.save(Object.assign(document, { title: 'renamed' }))

    const [update, ...more] = log.takeWrites()
    expect(more).toEqual([])
    expect(update).toContain('title')
    expect(update).not.toContain('content')
  })

  it('sends one statement where one of two file columns changes', async () => {
    const document = await savedDocument()

    await documents.save(Object.assign(document, { attachments: [textFile('3')] }))

    const [update, ...more] = log.takeWrites()
    expect(more).toEqual([])
    expect(update).toContain('attachments')
    expect(update).not.toContain('content')
  })

  it('can take a stored value no change from anybody: it is frozen', async () => {
    const { content } = await savedDocument()

    expect(() => Object.assign(content!, { filename: 'other.txt' })).toThrow(TypeError)
    expect(() => (content!.files as string[]).push('default/other')).toThrow(TypeError)
  })
})

describe('rows are found by their files', () => {
  it('with IsNull(), Not(IsNull()), a stored value and In()', async () => {
    const { id, content, attachments } = await savedDocument()
    await documents.save([{ title: 'none' }, { title: 'other', content: textFile('other') }])

    expect(await documents.findBy({ content: IsNull() })).toMatchObject([{ title: 'none' }])
    expect(await documents.countBy({ content: Not(IsNull()) })).toBe(2)
    expect(await documents.findBy({ content: content! })).toMatchObject([{ id }])
    expect(await documents.findBy({ content: In([content!]) })).toMatchObject([{ id }])
    expect(await documents.countBy({ attachments: IsNull() })).toBe(2)
    expect(attachments).toHaveLength(2)
  })

  it('with a pending value fails with PENDING_FILE, and uploads nothing', async () => {
    await savedDocument()
    const written = database.chaos.calls('write')

    const finding = documents.findBy({ content: textFile('first') })

    await expect(finding).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(database.chaos.calls('write')).toBe(written)
  })

  it('with a stored value are updated and deleted', async () => {
    const { id, content } = await savedDocument()

    await documents.update({ content: content! }, { content: textFile('second') })
    const second = (await documents.findOneByOrFail({ id })).content!
    expect(await textOf(second)).toBe('second')
    await documents.delete({ content: second })

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('create(), merge() and preload()', () => {
  it('keep pending and stored values as they are', async () => {
    const { id, content } = await savedDocument()
    const pending = textFile('new')

    const created = documents.create({ content: pending })
    expect(created.content).toBe(pending)
    expect(documents.create({ content }).content).toBe(content)
    expect(documents.merge(created, { content }).content).toBe(content)
    expect((await documents.preload({ id, content: pending }))!.content).toBe(pending)
    expect((await documents.preload({ id, title: 'a' }))!.content!.path).toBe(content!.path)
  })

  it('give entities that are saved like others', async () => {
    const { id } = await savedDocument()

    await documents.save((await documents.preload({ id, content: textFile('second') }))!)
    const loaded = await documents.findOneByOrFail({ id })
    await documents.save(documents.merge(loaded, { content: textFile('third') }))

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('third')
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})
