import 'reflect-metadata'
import { MemoryBackend, UploadedFile, type UploadedFileJson } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { FORGED_VALUES, outcomeOf } from '../../../test/support/forged-values.ts'
import { Document } from './entities/document.ts'
import { Vehicle } from './entities/vehicle.ts'
import { textFile, textOf, textsIn } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
let vehicles: Repository<Vehicle>
/** Behind the storage `private`. */
let secrets: ChaosBackend

beforeAll(async () => {
  secrets = new ChaosBackend(new MemoryBackend())
  database = await TestDatabase.open([Document, Vehicle])
  database.depot.configure('private', secrets)
  database.depot.alias('alias', 'default')
})

beforeEach(() => {
  documents = database.dataSource.getRepository(Document)
  vehicles = database.dataSource.getRepository(Vehicle)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

/** The rows of an attacker, each with files of its own. */
interface Rows {
  readonly document: number
  readonly vehicle: number
}

type Field = 'content' | 'attachment' | 'scan'

/** A way of writing a value: into a row that is there, or into a new one. */
type Way = readonly [name: string, field: Field, write: (rows: Rows, value: never) => Promise<unknown>]

const insertOf = (values: object) => documents.createQueryBuilder().insert().values(values)

const CREATING: readonly Way[] = [
  ['save of a plain object', 'content', (_, content) => documents.save({ content })],
  ['save of an entity', 'content', (_, content) => documents.save(documents.create({ content }))],
  ['save of a list', 'attachment', (_, one) => documents.save({ attachments: [one] })],
  [
    'save within an embedded object',
    'scan',
    (_, scan) => vehicles.save(vehicles.create({ papers: { scan } })),
  ],
  ['save without listeners', 'content', (_, content) => documents.save({ content }, { listeners: false })],
  [
    'save in a transaction',
    'content',
    (_, content) => database.dataSource.transaction((manager) => manager.save(Document, { content })),
  ],
  ['insert', 'content', (_, content) => documents.insert({ content })],
  ['insert of several', 'content', (_, content) => documents.insert([{ title: 'a' }, { content }])],
  ['insert of a list', 'attachment', (_, one) => documents.insert({ attachments: [one] })],
  ['upsert', 'content', (_, content) => documents.upsert({ id: 99_999, content }, ['id'])],
  ['an insert builder', 'content', (_, content) => insertOf({ content }).execute()],
  [
    'an insert builder without listeners',
    'content',
    (_, content) => insertOf({ content }).callListeners(false).execute(),
  ],
  ['an insert builder that ignores', 'content', (_, content) => insertOf({ content }).orIgnore().execute()],
]

const UPDATING: readonly Way[] = [
  [
    'save of a loaded entity',
    'content',
    async ({ document: id }, content) =>
      documents.save(Object.assign(await documents.findOneByOrFail({ id }), { content })),
  ],
  ['save of a plain object', 'content', ({ document: id }, content) => documents.save({ id, content })],
  [
    'save of a merged entity',
    'content',
    async ({ document: id }, content) =>
      documents.save(documents.merge(await documents.findOneByOrFail({ id }), { content })),
  ],
  [
    'save of a preloaded entity',
    'content',
    async ({ document: id }, content) => documents.save((await documents.preload({ id, content }))!),
  ],
  ['save of a list', 'attachment', ({ document: id }, one) => documents.save({ id, attachments: [one] })],
  [
    'save within an embedded object',
    'scan',
    ({ vehicle: id }, scan) => vehicles.save({ id, papers: { scan } }),
  ],
  [
    'save without listeners',
    'content',
    ({ document: id }, content) => documents.save({ id, content }, { listeners: false }),
  ],
  [
    'save in a transaction',
    'content',
    ({ document: id }, content) =>
      database.dataSource.transaction((manager) => manager.save(Document, { id, content })),
  ],
  ['update', 'content', ({ document: id }, content) => documents.update({ id }, { content })],
  [
    'update of a list',
    'attachment',
    ({ document: id }, one) => documents.update({ id }, { attachments: [one] }),
  ],
  [
    'an update builder',
    'content',
    ({ document: id }, content) =>
      documents.createQueryBuilder().update().set({ content }).where({ id }).execute(),
  ],
  [
    'an update builder without listeners',
    'content',
    ({ document: id }, content) =>
      documents.createQueryBuilder().update().set({ content }).where({ id }).callListeners(false).execute(),
  ],
]

const UPSERTING: readonly Way[] = [
  ['upsert', 'content', ({ document: id }, content) => documents.upsert({ id, content }, ['id'])],
  [
    'an insert builder that overwrites',
    'content',
    ({ document: id }, content) => insertOf({ id, content }).orUpdate(['content'], ['id']).execute(),
  ],
]

const CRITERIA: readonly Way[] = [
  ['update', 'content', (_, content) => documents.update({ content }, { title: 'taken' })],
  ['delete', 'content', (_, content) => documents.delete({ content })],
  [
    'a delete builder',
    'content',
    (_, content) => documents.createQueryBuilder().delete().where({ content }).execute(),
  ],
]

async function victimsFile(): Promise<UploadedFile> {
  const content = UploadedFile.from(Buffer.from('secret'), { filename: 'secret.txt', storage: 'private' })
  return (await documents.save({ title: 'of the victim', content })).content
}

async function attackersRows(): Promise<Rows & { own: Record<Field, UploadedFileJson> }> {
  const document = await documents.save({
    content: textFile('content'),
    attachments: [textFile('attachment')],
  })
  const vehicle = await vehicles.save({ photo: textFile('photo'), papers: { scan: textFile('scan') } })
  const own = {
    content: document.content.toJSON(),
    attachment: document.attachments[0]!.toJSON(),
    scan: vehicle.papers.scan.toJSON(),
  }
  return { document: document.id, vehicle: vehicle.id, own }
}

/** All rows as they are in the database. */
async function everyRow(): Promise<unknown> {
  return [
    await database.dataSource.query('SELECT * FROM document ORDER BY id'),
    await database.dataSource.query('SELECT * FROM vehicle ORDER BY id'),
  ]
}

/** Tries every forgery, and says what became of them: the codes of refusals, `taken` for writes that changed nothing. */
async function attack([, field, write]: Way): Promise<Record<string, string[]>> {
  const victim = await victimsFile()
  const { own, ...rows } = await attackersRows()
  const [before, files, reads] = [await everyRow(), await database.pathsOfFiles(), secrets.calls('read')]
  const outcomes: Record<string, string[]> = {}

  for (const [name, forge] of FORGED_VALUES) {
    const value = forge(own[field], victim.toJSON())
    const outcome = await outcomeOf(async () => write(rows, value as never))
    ;(outcomes[outcome] ??= []).push(name)
    expect([name, await everyRow()]).toEqual([name, before])
  }
  expect(await database.pathsOfFiles()).toEqual(files)
  expect(secrets.calls('read')).toBe(reads)

  await documents.delete({ id: rows.document })
  await vehicles.delete({ id: rows.vehicle })
  expect(await database.pathsOfFiles()).toEqual([victim.path])
  expect(await textOf(victim)).toBe('secret')
  return outcomes
}

/** Of values that TypeORM gets, those that name the file that the row has. Plain objects are refused, whatever they name. */
const KEEPING = FORGED_VALUES.map(([name]) => name).filter((name) => /^what .* own JSON/.test(name))

/** Without listeners nothing is uploaded: what is no stored file is refused as a pending one is. */
const refused = ([name]: Way) =>
  name.endsWith('without listeners') ? ['INVALID_CONTENT', 'PENDING_FILE'] : ['INVALID_CONTENT']

describe('no forged value is believed', () => {
  it.each(CREATING)('by a new row: %s', async (...way) => {
    const outcomes = await attack(way)

    expect(Object.keys(outcomes).sort()).toEqual(refused(way))
  })

  it.each(UPSERTING)('by a row that may be there: %s', async (...way) => {
    const outcomes = await attack(way)

    expect(Object.keys(outcomes)).toEqual(refused(way))
  })

  it.each(UPDATING)('by a row that has a file: %s', async (...way) => {
    const { taken, ...outcomes } = await attack(way)

    expect(taken).toEqual(KEEPING)
    expect(Object.keys(outcomes).sort()).toEqual(refused(way))
  })

  it.each(CRITERIA)('as a criterion: %s', async (...way) => {
    const outcomes = await attack(way)

    expect(outcomes.taken).toBeUndefined()
    expect(outcomes.PENDING_FILE?.length).toBeGreaterThan(FORGED_VALUES.length - 5)
  })
})

describe('a file that is new', () => {
  const ways = [...CREATING, ...UPSERTING, ...UPDATING].filter(
    ([name]) => !name.endsWith('without listeners'),
  )
  it.each(ways)('is taken: %s', async (_, __, write) => {
    const rows = await attackersRows()

    await write(rows, textFile('new') as never)

    expect(await textsIn(database.depot)).toContain('new')
  })
})

describe('a value of fromJSON', () => {
  it('that names the file of the row leaves it as it is, with all else that is written', async () => {
    const { document: id, own } = await attackersRows()
    const before = await documents.findOneByOrFail({ id })
    const content = UploadedFile.fromJSON({ ...own.content, contentType: 'text/html' })

    const saved = await documents.save({ id, title: 'new', content })

    const row = await documents.findOneByOrFail({ id })
    expect(row.title).toBe('new')
    expect(row.content?.toJSON()).toEqual(before.content?.toJSON())
    expect(saved.content.toJSON()).toEqual(own.content)
    expect(await textOf(saved.content)).toBe('content')
  })

  it('stays with the row if the transaction is rolled back', async () => {
    const { document: id, own } = await attackersRows()

    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Document, { id, title: 'new', content: UploadedFile.fromJSON(own.content) })
      throw new Error('rolled back')
    })

    await expect(saving).rejects.toThrow('rolled back')
    const row = await documents.findOneByOrFail({ id })
    expect(row.title).toBe('untitled')
    expect(await textOf(row.content)).toBe('content')
  })

  it('stays in a list beside new files', async () => {
    const { document: id, own } = await attackersRows()
    const kept = UploadedFile.fromJSON({ ...own.attachment, filename: 'forged.txt' })

    await documents.save({ id, attachments: [textFile('new'), kept] })

    const row = await documents.findOneByOrFail({ id })
    expect(row.attachments?.[1]?.toJSON()).toEqual(own.attachment)
  })
})
