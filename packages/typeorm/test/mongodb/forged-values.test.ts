import 'reflect-metadata'
import { MemoryBackend, UploadedFile, type UploadedFileJson } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ObjectId } from 'mongodb'
import { FORGED_VALUES, outcomeOf } from '../../../../test/support/forged-values.ts'
import { textFile, textOf, textsIn } from '../support/contents.ts'
import { Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)

/** Behind the storage `private`. */
let secrets: ChaosBackend

beforeEach(() => {
  secrets = new ChaosBackend(new MemoryBackend())
  on.database.depot.configure('private', secrets)
  on.database.depot.alias('alias', 'default')
})

type Field = 'file' | 'note' | 'picture'

/** A way of writing a value: into the document with this id, or into a new one. */
type Way = readonly [name: string, field: Field, write: (id: ObjectId, value: never) => Promise<unknown>]

const CREATING: readonly Way[] = [
  ['save of a plain object', 'file', (_, file) => pages().save({ name: 'new', file })],
  ['save of an entity', 'file', (_, file) => pages().save(pages().create({ name: 'new', file }))],
  ['save without listeners', 'file', (_, file) => pages().save({ name: 'new', file }, { listeners: false })],
  ['save of a list', 'note', (_, note) => pages().save({ name: 'new', notes: [note] })],
  [
    'save within an embedded document',
    'picture',
    (_, picture) => pages().save(pages().create({ name: 'new', cover: { title: 'a', picture } })),
  ],
  ['insert', 'file', (_, file) => pages().insert({ name: 'new', file })],
  ['insertOne', 'file', (_, file) => pages().insertOne({ name: 'new', file })],
  ['insertOne of a list', 'note', (_, note) => pages().insertOne({ name: 'new', notes: [note] })],
  [
    'insertMany',
    'picture',
    (_, picture) => pages().insertMany([{ name: 'a' }, { name: 'b', cover: { title: 'a', picture } }]),
  ],
  [
    'updateOne that makes it',
    'file',
    (_, file) => pages().updateOne({ name: 'new' }, { $set: { file } }, { upsert: true }),
  ],
  [
    'replaceOne that makes it',
    'file',
    (_, file) => pages().replaceOne({ name: 'new' }, { name: 'new', file }, { upsert: true }),
  ],
  [
    'findOneAndUpdate that makes it',
    'file',
    (_, file) => pages().findOneAndUpdate({ name: 'new' }, { $set: { file } }, { upsert: true }),
  ],
]

const UPDATING: readonly Way[] = [
  [
    'save of a loaded entity',
    'file',
    async (id, file) => pages().save(Object.assign(await pages().findOneByOrFail({ _id: id }), { file })),
  ],
  [
    'save of a merged entity',
    'file',
    async (id, file) => pages().save(pages().merge(await pages().findOneByOrFail({ _id: id }), { file })),
  ],
  [
    'save of a list',
    'note',
    async (id, note) =>
      pages().save(Object.assign(await pages().findOneByOrFail({ _id: id }), { notes: [note] })),
  ],
  [
    'save without listeners',
    'file',
    async (id, file) =>
      pages().save(Object.assign(await pages().findOneByOrFail({ _id: id }), { file }), { listeners: false }),
  ],
  ['update', 'file', (id, file) => pages().update({ id }, { file })],
  ['updateOne', 'file', (id, file) => pages().updateOne({ _id: id }, { $set: { file } })],
  ['updateOne of a list', 'note', (id, note) => pages().updateOne({ _id: id }, { $set: { notes: [note] } })],
  [
    'updateOne by a path',
    'picture',
    (id, picture) => pages().updateOne({ _id: id }, { $set: { 'cover.picture': picture } }),
  ],
  [
    'updateOne around it',
    'picture',
    (id, picture) => pages().updateOne({ _id: id }, { $set: { cover: { title: 'cover', picture } } }),
  ],
  ['updateMany', 'file', (id, file) => pages().updateMany({ _id: id }, { $set: { file } })],
  ['findOneAndUpdate', 'file', (id, file) => pages().findOneAndUpdate({ _id: id }, { $set: { file } })],
]

const REPLACING: readonly Way[] = [
  ['replaceOne', 'file', async (id, file) => pages().replaceOne({ _id: id }, { ...(await rest(id)), file })],
  [
    'findOneAndReplace',
    'file',
    async (id, file) => pages().findOneAndReplace({ _id: id }, { ...(await rest(id)), file }),
  ],
]

/** What a document holds beside its file, as a program has it. */
async function rest(id: ObjectId): Promise<object> {
  const { name, notes, cover } = await pages().findOneByOrFail({ _id: id })
  return { name, notes, cover }
}

async function victimsFile(): Promise<UploadedFile> {
  const file = UploadedFile.from(Buffer.from('secret'), { filename: 'secret.txt', storage: 'private' })
  return (await pages().save({ name: 'of the victim', file })).file
}

async function attackersPage(): Promise<{ id: ObjectId; own: Record<Field, UploadedFileJson> }> {
  const { id, file, notes, cover } = await pages().save(
    pages().create({
      name: 'of the attacker',
      file: textFile('file'),
      notes: [textFile('note')],
      cover: { title: 'cover', picture: textFile('picture') },
    }),
  )
  const own = { file: file!.toJSON(), note: notes![0]!.toJSON(), picture: cover!.picture!.toJSON() }
  return { id, own }
}

/** All documents, without the order of their fields. */
async function everyDocument(): Promise<unknown> {
  return JSON.parse(JSON.stringify(await on.database.documents(Page)))
}

/** Tries every forgery, and says what became of them: the codes of refusals, `taken` for writes that changed nothing. */
async function attack([, field, write]: Way): Promise<Record<string, string[]>> {
  const victim = await victimsFile()
  const { id, own } = await attackersPage()
  const [before, files] = [await everyDocument(), await on.database.pathsOfFiles()]
  const outcomes: Record<string, string[]> = {}

  for (const [name, forge] of FORGED_VALUES) {
    const value = forge(own[field], victim.toJSON())
    const outcome = await outcomeOf(async () => write(id, value as never))
    ;(outcomes[outcome] ??= []).push(name)
    expect([name, await everyDocument()]).toEqual([name, before])
  }
  expect(await on.database.pathsOfFiles()).toEqual(files)
  expect(secrets.calls('read')).toBe(0)

  await pages().deleteOne({ _id: id })
  expect(await on.database.pathsOfFiles()).toEqual([victim.path])
  expect(await textOf(victim)).toBe('secret')
  return outcomes
}

/** Of values that TypeORM gets, those that name the file that the document has. Plain objects are refused, whatever they name. */
const KEEPING = FORGED_VALUES.map(([name]) => name).filter((name) => /^what .* own JSON/.test(name))

describe('no forged value is believed', () => {
  it.each(CREATING)('by a new document: %s', async (...way) => {
    const outcomes = await attack(way)

    expect(Object.keys(outcomes)).toEqual(['INVALID_CONTENT'])
  })

  it.each([...UPDATING, ...REPLACING])('by a document that has a file: %s', async (...way) => {
    const { taken, ...outcomes } = await attack(way)

    expect(taken).toEqual(KEEPING)
    expect(Object.keys(outcomes)).toEqual(['INVALID_CONTENT'])
  })
})

describe('a file that is new', () => {
  const ways = [...CREATING, ...UPDATING, ...REPLACING].filter(
    ([name]) => !name.endsWith('without listeners'),
  )
  it.each(ways)('is taken: %s', async (_, __, write) => {
    const { id } = await attackersPage()

    await write(id, textFile('new') as never)

    expect(await textsIn(on.database.depot)).toContain('new')
  })
})

describe('a value of fromJSON', () => {
  it('that names the file of the document leaves it as it is, with all else that is written', async () => {
    const { id, own } = await attackersPage()
    const file = UploadedFile.fromJSON({ ...own.file, contentType: 'text/html' })

    await pages().updateOne({ _id: id }, { $set: { name: 'new', file } })

    const page = await pages().findOneByOrFail({ _id: id })
    expect(page.name).toBe('new')
    expect(page.file?.toJSON()).toEqual(own.file)
  })

  it('stays in a list beside new files', async () => {
    const { id, own } = await attackersPage()
    const kept = UploadedFile.fromJSON({ ...own.note, filename: 'forged.txt' })

    await pages().updateOne({ _id: id }, { $set: { notes: [textFile('new'), kept] } })

    const page = await pages().findOneByOrFail({ _id: id })
    expect(page.notes?.[1]?.toJSON()).toEqual(own.note)
  })
})

describe('a Map, which the client writes as a document', () => {
  const forged = { storage: 'private', id: '01890a5d-ac96-774b-bcce-b302099a8057' }
  const map = (...entries: [string, unknown][]) => new Map(entries) as never

  it.each<[string, () => Promise<unknown>]>([
    ['insertOne', () => pages().insertOne(map(['name', 'new'], ['file', forged]))],
    ['insertMany', () => pages().insertMany([map(['name', 'new'], ['file', forged])])],
    ['insertOne around a file', () => pages().insertOne({ name: 'new', cover: map(['picture', forged]) })],
    ['updateOne', () => pages().updateOne({}, map(['$set', { file: forged }]))],
    ['$set', () => pages().updateOne({}, { $set: map(['file', forged]) })],
    ['$set around a file', () => pages().updateMany({}, { $set: { cover: map(['picture', forged]) } })],
    ['replaceOne', () => pages().replaceOne({}, map(['name', 'new'], ['file', forged]))],
    ['a pipeline', () => pages().updateOne({}, [{ $set: map(['file', forged]) }] as never)],
  ])('hides no file: %s', async (_, write) => {
    await pages().save({ name: 'one' })

    await expect(write()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await pages().count({})).toBe(1)
  })
})
