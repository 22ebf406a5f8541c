import type { UploadedFileJson } from '@filedepot/core'
import { MemoryBackend } from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf } from '../../../../test/support/contents.ts'
import { FORGED_VALUES, outcomeOf } from '../../../../test/support/forged-values.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient
let secrets: ChaosBackend
let document: number
let album: number
let photo: number
/** The JSON of the file that a client knows, because it is that of the row, and of one of somebody else. */
let [own, victim]: UploadedFileJson[] = []

beforeEach(async () => {
  database = await TestDatabase.open({ ledger: { drain: false } })
  prisma = database.prisma
  secrets = new ChaosBackend(new MemoryBackend())
  database.depot.configure('private', secrets)
  database.depot.alias('alias', 'default')
  const row = await prisma.document.create({ data: { content: textFile('own') } })
  const secret = await database.depot.upload(textFile('secret'), { storage: 'private' })
  await prisma.note.create({ data: { name: 'victim', file: secret } })
  const { id, photos } = await prisma.album.create({
    data: { photos: { create: { image: textFile('image') } } },
    include: { photos: true },
  })
  document = row.id
  album = id
  photo = photos[0]!.id
  own = row.content!.toJSON()
  victim = secret.toJSON()
})

afterEach(() => database.endTest())

const WAYS: readonly (readonly [name: string, write: (value: never) => PromiseLike<unknown>])[] = [
  ['create', (content) => prisma.document.create({ data: { content } })],
  ['create of a list', (one) => prisma.document.create({ data: { attachments: [one] } })],
  ['createMany', (content) => prisma.document.createMany({ data: [{ content }] })],
  ['update', (content) => prisma.document.update({ where: { id: document }, data: { content } })],
  ['updateMany', (content) => prisma.document.updateMany({ data: { content } })],
  [
    'upsert',
    (content) =>
      prisma.document.upsert({ where: { id: document }, create: { content }, update: { content } }),
  ],
  [
    'a nested create',
    (image) => prisma.album.update({ where: { id: album }, data: { photos: { create: { image } } } }),
  ],
  [
    'a nested update',
    (image) =>
      prisma.album.update({
        where: { id: album },
        data: { photos: { update: { where: { id: photo }, data: { image } } } },
      }),
  ],
  ['update by set', (one) => prisma.document.updateMany({ data: { attachments: { set: [one] } as never } })],
]

describe('no forged value is believed with a ledger', () => {
  it.each(WAYS)('by %s', async (_, write) => {
    const rows = await database.query('SELECT * FROM filedepot_files ORDER BY path')
    const files = await database.pathsOfFiles()

    for (const [name, forge] of FORGED_VALUES) {
      const outcome = await outcomeOf(() => write(forge(own!, victim!) as never))
      expect([name, outcome]).toEqual([name, 'INVALID_CONTENT'])
    }
    // The JSON of the own file is no value, either.
    expect(await outcomeOf(() => write(own as never))).toBe('INVALID_CONTENT')

    expect(await database.query('SELECT * FROM filedepot_files ORDER BY path')).toEqual(rows)
    expect(await database.pathsOfFiles()).toEqual(files)
    expect(secrets.calls('read')).toBe(0)
    expect(await textOf((await prisma.document.findFirstOrThrow()).content)).toBe('own')
  })
})
