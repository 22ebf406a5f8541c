import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { textFile, textOf, textsOf } from './support/contents.ts'
import { kind, quoted, sql } from '../../../test/databases/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

const TEXT = '[object Object]'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
})

afterEach(() => database.close())

type Column = 'content' | 'attachments'

/** What others do to the database, past us. */
async function overwrite(id: number, column: Column, text: string): Promise<void> {
  const statement = `UPDATE ${quoted('document')} SET ${quoted(column)} = ? WHERE id = ?`
  await database.dataSource.query(sql(statement), [text, id])
}

async function textIn(id: number, column: Column): Promise<unknown> {
  const statement = `SELECT ${quoted(column)} AS text FROM ${quoted('document')} WHERE id = ?`
  const [row] = await database.dataSource.query<{ text: unknown }[]>(sql(statement), [id])
  return row?.text
}

/** A row whose `content` is broken, and whose file is gone; beside a good one. */
async function brokenRow(): Promise<{ id: number; good: Document }> {
  const good = await documents.save({ title: 'good', content: textFile('good') })
  const { id } = await documents.save({ title: 'broken' })
  await overwrite(id, 'content', TEXT)
  return { id, good }
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

describe('a row with a broken value', () => {
  it('is loaded with all others, and says which it is where the value is used', async () => {
    const { id } = await brokenRow()
    await overwrite((await documents.save({})).id, 'content', TEXT)

    const [good, broken, other] = await documents.find({ order: { id: 'ASC' } })

    expect(await textOf(good?.content)).toBe('good')
    expect(broken?.title).toBe('broken')
    expect(messageOf(() => broken?.content?.url)).toContain(`document.content of the row id = ${id}: `)
    expect(messageOf(() => other?.content?.path)).toContain(`of the row id = ${id + 1}: `)
    await expect(broken?.content?.open()).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  })

  it('keeps its text when another column is saved', async () => {
    const { id } = await brokenRow()
    const row = await documents.findOneByOrFail({ id })

    await documents.save({ id, content: row.content, title: 'new' })
    await documents.save(Object.assign(row, { title: 'newer' }))
    await documents.update(id, { title: 'newest' })

    expect(await documents.findOneByOrFail({ id })).toMatchObject({ title: 'newest' })
    expect(await textIn(id, 'content')).toBe(TEXT)
  })

  it.each<[string, (id: number) => Promise<unknown>]>([
    ['save', (id) => documents.save({ id, content: textFile('new') })],
    [
      'save of the loaded entity',
      async (id) => {
        const row = await documents.findOneByOrFail({ id })
        await documents.save(Object.assign(row, { content: textFile('new') }))
      },
    ],
    ['update', (id) => documents.update(id, { content: textFile('new') })],
    // On PostgreSQL, TypeORM leaves generated keys out of the statement.
    ...(kind === 'postgres'
      ? []
      : [
          ['upsert', (id: number) => documents.upsert({ id, content: textFile('new') }, ['id'])] as [
            string,
            (id: number) => Promise<unknown>,
          ],
        ]),
  ])('gets a new file by %s', async (_, write) => {
    const { id } = await brokenRow()

    await write(id)

    expect(await textOf((await documents.findOneByOrFail({ id })).content)).toBe('new')
    await database.expectFilesMatchRows()
  })

  it.each<[string, (id: number) => Promise<unknown>]>([
    ['save', (id) => documents.save({ id, content: null })],
    ['update', (id) => documents.update(id, { content: null })],
  ])('is emptied by %s', async (_, write) => {
    const { id } = await brokenRow()

    await write(id)

    expect((await documents.findOneByOrFail({ id })).content).toBeNull()
    await database.expectFilesMatchRows()
  })

  it.each<[string, (id: number) => Promise<unknown>, number]>([
    ['remove', async (id) => documents.remove(await documents.findOneByOrFail({ id })), 1],
    ['delete', (id) => documents.delete(id), 1],
    ['remove of all rows', async () => documents.remove(await documents.find()), 0],
    ['a query builder, with the good ones', () => documents.createQueryBuilder().delete().execute(), 0],
    ['clear', () => documents.clear(), 0],
  ])('is deleted by %s', async (_, remove, left) => {
    const { id } = await brokenRow()

    await remove(id)

    expect(await documents.count()).toBe(left)
    await database.expectFilesMatchRows()
  })

  it('gives its value to no other row', async () => {
    const { id, good } = await brokenRow()
    const { content } = await documents.findOneByOrFail({ id })

    for (const write of [
      documents.save({ title: 'second', content }),
      documents.save({ id: good.id, content }),
      documents.insert({ title: 'second', content }),
      documents.update(good.id, { content }),
      documents.save({ title: 'second', content }, { listeners: false }),
      documents.save({ title: 'second', attachments: [content!] }),
    ]) {
      await expect(write).rejects.toMatchObject({
        code: 'INVALID_VALUE',
        message: expect.stringContaining(`document.content of the row id = ${id}: `) as unknown,
      })
    }
    expect(await documents.count()).toBe(2)
    expect(await textOf((await documents.findOneByOrFail({ id: good.id })).content)).toBe('good')
  })

  it('is found by its value', async () => {
    const { id } = await brokenRow()
    const { content } = await documents.findOneByOrFail({ id })

    expect(await documents.findBy({ content: content as never })).toMatchObject([{ id }])
  })
})

describe('a list', () => {
  it('with a broken element has the others', async () => {
    const { id } = await documents.save({ attachments: [textFile('one'), textFile('two')] })
    const [one, two] = JSON.parse(String(await textIn(id, 'attachments'))) as [unknown, unknown]
    const text = JSON.stringify([one, { value: 7 }, two])
    await overwrite(id, 'attachments', text)

    const row = await documents.findOneByOrFail({ id })
    const [first, broken, last] = row.attachments as [UploadedFile, UploadedFile, UploadedFile]

    expect(await textsOf([first, last])).toEqual(['one', 'two'])
    expect(messageOf(() => broken.path)).toContain(`document.attachments of the row id = ${id}: `)

    await documents.save(Object.assign(row, { title: 'new' }))
    expect(await textIn(id, 'attachments')).toBe(text)

    await expect(documents.save(Object.assign(row, { attachments: [first, broken] }))).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
    await documents.save(Object.assign(row, { attachments: [last] }))
    expect(await textsOf((await documents.findOneByOrFail({ id })).attachments)).toEqual(['two'])
    await database.expectFilesMatchRows()
  })

  it('that is no JSON is one broken value', async () => {
    const { id } = await documents.save({ title: 'broken' })
    await overwrite(id, 'attachments', TEXT)

    const row = await documents.findOneByOrFail({ id })
    expect(row.attachments).toHaveLength(1)
    expect(messageOf(() => row.attachments?.[0]?.path)).toContain(
      `document.attachments of the row id = ${id}: `,
    )

    await documents.save(Object.assign(row, { title: 'new' }))
    expect(await textIn(id, 'attachments')).toBe(TEXT)
    await documents.save(Object.assign(row, { attachments: [textFile('new')] }))
    expect(await textsOf((await documents.findOneByOrFail({ id })).attachments)).toEqual(['new'])
    await documents.remove(row)
    await database.expectFilesMatchRows()
  })
})
