import { allowTypes, UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../../../test/support/contents.ts'
import { FILE_MODELS } from './support/file-models.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

// Values that are stored before their rows, as those of received forms are.

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  const rules = { storage: 'attachments', maxSize: 10, validators: [allowTypes('text/plain')] }
  const models = {
    ...FILE_MODELS,
    user: { avatar: { type: UploadedFile, ...rules }, documents: { type: [UploadedFile], ...rules } },
  } as const
  prisma = database.base.$extends(filedepot({ depot: database.depot, models }))
})

afterEach(() => database.endTest())

const received = (text: string, filename?: string) => database.depot.upload(textFile(text, filename))

/** The ways in which a file comes into the field of a row. */
const WAYS: [string, (avatar: UploadedFile) => Promise<unknown>][] = [
  ['create', (avatar) => prisma.user.create({ data: { name: 'Ada', avatar } })],
  ['createMany', (avatar) => prisma.user.createMany({ data: [{ name: 'Ada', avatar }] })],
  [
    'update',
    async (avatar) => {
      await prisma.user.create({ data: { name: 'Ada', avatar: textFile('old') } })
      return await prisma.user.update({ where: { name: 'Ada' }, data: { avatar } })
    },
  ],
  [
    'updateMany',
    async (avatar) => {
      await prisma.user.create({ data: { name: 'Ada', avatar: textFile('old') } })
      return await prisma.user.updateMany({ where: { name: 'Ada' }, data: { avatar } })
    },
  ],
  [
    'upsert',
    (avatar) =>
      prisma.user.upsert({ where: { name: 'Ada' }, create: { name: 'Ada', avatar }, update: { avatar } }),
  ],
  [
    'a nested create',
    (avatar) => prisma.post.create({ data: { title: 'one', author: { create: { name: 'Ada', avatar } } } }),
  ],
  [
    'a batch',
    (avatar) =>
      prisma.$transaction([
        prisma.user.create({ data: { name: 'Bob' } }),
        prisma.user.create({ data: { name: 'Ada', avatar } }),
      ]),
  ],
  [
    'a transaction',
    (avatar) =>
      prisma.$transaction((transaction) => transaction.user.create({ data: { name: 'Ada', avatar } })),
  ],
]

describe.each(WAYS)('a stored value given by %s', (_, write) => {
  it('is moved to the storage of the field', async () => {
    const value = await received('kept')

    await write(value)

    const { avatar } = await prisma.user.findUniqueOrThrow({ where: { name: 'Ada' } })
    expect(avatar).toMatchObject({ storage: 'attachments', filename: 'note.txt', size: 4 })
    expect(await textOf(avatar)).toBe('kept')
    expect(await database.exists(value)).toBe(false)
  })

  it('is refused if it breaks the rules of the field, and stays usable', async () => {
    const large = await received('more than ten bytes')
    const image = await received('GIF89a', 'a.gif')

    await expect(write(large)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    await prisma.user.deleteMany({})
    await expect(write(image)).rejects.toMatchObject({ code: 'FILE_REFUSED' })

    const rows = [
      await prisma.document.create({ data: { content: large } }),
      await prisma.document.create({ data: { content: image } }),
    ]
    expect(rows.map(({ content }) => content?.path)).toEqual([large.path, image.path])
  })
})

describe('a stored value', () => {
  it('of another type is refused', async () => {
    const value = await received('plain')

    const creating = prisma.docu.create({ data: { id: 1, contract: value } as never })

    await expect(creating).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
      message: expect.stringContaining('Docu.contract: Expected a file of type Contract'),
    })
    await database.depot.deleteFiles([value.path])
  })

  it('in a list is moved, beside those that the row holds already', async () => {
    const { id, documents } = await prisma.user.create({
      data: { name: 'Ada', documents: [textFile('one')] },
    })

    await prisma.user.update({
      where: { id },
      data: { documents: [documents![0]!, await received('two'), textFile('three')] },
    })

    const user = await prisma.user.findUniqueOrThrow({ where: { id } })
    expect(await textsOf(user.documents)).toEqual(['one', 'two', 'three'])
    expect(new Set(user.documents?.map(({ storage }) => storage))).toEqual(new Set(['attachments']))
  })

  it('is given back by a rollback, and the copy goes', async () => {
    const value = await received('kept')

    await rolledBack(prisma, (transaction) =>
      transaction.user.create({ data: { name: 'Ada', avatar: value } }),
    )

    expect(await database.pathsOfFiles()).toEqual([value.path])
    const { content } = await prisma.document.create({ data: { content: value } })
    expect(content?.path).toBe(value.path)
  })

  it('is given back where its row is there already', async () => {
    await prisma.user.create({ data: { name: 'Ada' } })
    const value = await received('kept')

    await expect(prisma.user.create({ data: { name: 'Ada', avatar: value } })).rejects.toMatchObject({
      code: 'P2002',
    })
    const { avatar } = await prisma.user.create({ data: { name: 'Bob', avatar: value } })

    expect(avatar?.storage).toBe('attachments')
    expect(await database.exists(value)).toBe(false)
  })
})
