import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { attachDepot, uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DataSource, EntitySchema, In, type Repository } from 'typeorm'
import { sql, quoted } from '../../../test/databases/database-kind.ts'
import { Document } from './entities/document.ts'
import { textFile, textOf } from './support/contents.ts'
import { kind } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

interface Person {
  id: number
  photo: UploadedFile | null
}

const Person = new EntitySchema<Person>({
  name: 'person',
  columns: { id: { type: Number, primary: true }, photo: uploadedFileColumn() },
})

/** With a depot, for what reads the rows. */
let database: TestDatabase
/** To the same database, and nobody has called `attachDepot`. */
let bare: DataSource
let documents: Repository<Document>

beforeEach(async () => {
  database = await TestDatabase.open([Document, Person])
  bare = await beside(database.dataSource)
  documents = bare.getRepository(Document)
  await database.dataSource.getRepository(Document).save({ id: 1, title: 'one', content: textFile('one') })
})

afterEach(async () => {
  await bare.destroy()
  const [one] = await database.dataSource.getRepository(Document).find()
  expect(await textOf(one?.content)).toBe('one')
  await database.expectFilesMatchRows()
  await database.close()
})

/** On SQLite, the database is in memory, so that both have to share the connection. */
async function beside({ options, driver }: DataSource): Promise<DataSource> {
  const other = new DataSource({ ...options, synchronize: false, dropSchema: false })
  await other.initialize()
  if (kind !== 'sqlite') return other
  const [own, shared] = [other.driver, driver] as unknown as [Connected, Connected]
  own.databaseConnection.close()
  own.databaseConnection = Object.create(shared.databaseConnection, {
    close: { value: () => undefined },
  }) as Connected['databaseConnection']
  own.databaseConnection.prepare = shared.databaseConnection.prepare.bind(shared.databaseConnection)
  return other
}

interface Connected {
  databaseConnection: { close(): void; prepare(sql: string): unknown }
}

const contents: [string, () => unknown][] = [
  ['a pending file', () => textFile('x')],
  ['bytes', () => Buffer.from('x')],
  ['a Blob', () => new Blob(['x'])],
  [
    'a file of multer',
    () => ({
      fieldname: 'f',
      originalname: 'a.txt',
      mimetype: 'text/plain',
      size: 1,
      buffer: Buffer.from('x'),
    }),
  ],
  ['text', () => 'x'],
]

describe.each(contents)('a data source without a depot refuses %s with PENDING_FILE', (_, make) => {
  it.each<[string, (content: never) => Promise<unknown>]>([
    ['save', (content) => documents.save({ content })],
    ['save of a row', (content) => documents.save({ id: 1, content })],
    ['save without listeners', (content) => documents.save({ content }, { listeners: false })],
    ['insert', (content) => documents.insert({ content })],
    ['update', (content) => documents.update(1, { content })],
    ['upsert', (content) => documents.upsert({ id: 1, content }, ['id'])],
    ['insert in a list', (content) => documents.insert({ attachments: [content] })],
    ['update in a list', (content) => documents.update(1, { attachments: [content] })],
    [
      'an insert builder',
      (content) => bare.createQueryBuilder().insert().into(Document).values({ content }).execute(),
    ],
    [
      'an update builder',
      (content) => bare.createQueryBuilder().update(Document).set({ content }).where('id = 1').execute(),
    ],
  ])('by %s', async (_way, write) => {
    await expect(write(make() as never)).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await documents.count()).toBe(1)
  })

  // TypeORM takes no functions as criteria, nor the client of SQLite, and they say so by themselves.
  it.each<[string, (content: never) => Promise<unknown>]>([
    ['find', (content) => documents.findBy({ content })],
    ['find of several', (content) => documents.findBy({ content: In([content]) })],
    ['delete', (content) => documents.delete({ content })],
    ['update by it', (content) => documents.update({ content }, { title: 'x' })],
  ])('as the criterion of %s', async (_way, write) => {
    await expect(write(make() as never)).rejects.toThrow()
    expect(await documents.count()).toBe(1)
  })
})

describe('a data source without a depot', () => {
  it('names the property, and says what may be missing', async () => {
    await expect(documents.save({ content: textFile('x') })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Document\.content: .* upload was skipped.*attachDepot\(\)$/,
      ) as unknown,
    })
  })

  it('refuses a file of an EntitySchema', async () => {
    const saving = bare.getRepository(Person).save({ id: 1, photo: textFile('x') })

    await expect(saving).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await database.dataSource.getRepository(Person).find()).toEqual([])
  })

  it('reads and writes back what is stored', async () => {
    const one = await documents.findOneByOrFail({ id: 1 })

    await documents.save(Object.assign(one, { title: 'new' }))

    expect(await documents.findOneByOrFail({ id: 1 })).toMatchObject({
      title: 'new',
      content: { id: one.content?.id },
    })
    expect(await documents.findBy({ content: one.content as never })).toHaveLength(1)
  })

  it('reads a broken value, and names the property', async () => {
    await bare.query(sql(`INSERT INTO ${quoted('document')} (id, title, content) VALUES (2, 'x', ?)`), ['x'])

    const [one, two] = await documents.find({ order: { id: 'ASC' } })

    expect(one?.content).toBeInstanceOf(UploadedFile)
    expect(() => two?.content?.path).toThrow(/^Document\.content of a row without its key: /)
    await documents.delete(2)
  })

  it('can be attached then', async () => {
    attachDepot(bare, database.depot)

    const { id } = await documents.save({ content: textFile('x') })
    await documents.delete(id)
  })
})

describe('a pending file that goes to the client as it is', () => {
  const ways: [string, (file: UploadedFile) => Promise<unknown>][] = [
    ['query', (file) => bare.query(sql(`UPDATE ${quoted('document')} SET content = ?`), [file])],
    [
      'query with a list',
      (file) => bare.query(sql(`UPDATE ${quoted('document')} SET content = ?`), [[file]]),
    ],
    [
      'a builder without metadata',
      (file) =>
        bare
          .createQueryBuilder()
          .update(quoted('document') as never)
          .set({ content: file })
          .execute(),
    ],
  ]

  it.each(ways)('by %s is refused', async (_, write) => {
    await expect(write(textFile('x'))).rejects.toMatchObject(
      // The client of SQLite takes no objects, and says so by itself.
      kind === 'sqlite' ? { message: expect.any(String) as unknown } : { code: 'PENDING_FILE' },
    )
  })
})
