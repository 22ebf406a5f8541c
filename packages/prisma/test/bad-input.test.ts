import { allowTypes, LocalBackend, UploadedFile } from '@filedepot/core'
import { filedepot, type FileModels } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { isOn } from '../../../test/databases/database-kind.ts'
import { brokenFile, textFile } from '../../../test/support/contents.ts'
import { Contract } from './support/file-models.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase, type TestClient } from './support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(async () => {
  expect(await database.base.docu.count()).toBe(0)
  expect(await database.pathsOfFiles()).toEqual([])
  await database.endTest()
})

/** A client whose contracts have to be short texts. */
function strict() {
  return database.base.$extends(
    filedepot({
      depot: database.depot,
      models: {
        docu: {
          contract: { type: Contract, maxSize: 8, validators: [allowTypes('text/*')] },
          targeted: { type: UploadedFile, storage: 'nowhere' },
        },
      },
    }),
  )
}

function contract(text: string, filename = 'contract.txt'): Contract {
  return Contract.from(Buffer.from(text), { filename })
}

/** Creates a row with what TypeScript would have refused. */
function create(data: object): Promise<unknown> {
  return strict().docu.create({ data: { name: 'Foo', ...data } })
}

describe('a field refuses', () => {
  it.each([
    ['text', { contract: 'text' }, 'INVALID_CONTENT'],
    ['a number', { contract: 7 }, 'INVALID_CONTENT'],
    ['false', { contract: false }, 'INVALID_CONTENT'],
    ['bytes', { contract: Buffer.from('short') }, 'INVALID_CONTENT'],
    ['a Uint8Array', { contract: new Uint8Array(3) }, 'INVALID_CONTENT'],
    ['a Blob', { contract: new Blob(['short']) }, 'INVALID_CONTENT'],
    ['a File', { contract: new File(['short'], 'short.txt') }, 'INVALID_CONTENT'],
    ['a stream', { contract: Readable.from([Buffer.from('short')]) }, 'INVALID_CONTENT'],
    ['a promise of a file', { contract: Promise.resolve(contract('short')) }, 'INVALID_CONTENT'],
    ['an empty object', { contract: {} }, 'INVALID_CONTENT'],
    ['an update operator', { contract: { set: 'x' } }, 'INVALID_CONTENT'],
    [
      'a plain object, as a request brings it',
      { contract: { storage: 'default', id: 'x' } },
      'INVALID_CONTENT',
    ],
    ['a path in a plain object', { contract: { path: '/etc/passwd', originalname: 'p' } }, 'INVALID_CONTENT'],
    [
      'a function in a plain object',
      { contract: { source: () => ({ isPending: true }) } },
      'INVALID_CONTENT',
    ],
    ['a list where it holds one file', { contract: [contract('short')] }, 'INVALID_CONTENT'],
    ['a file of another upload type', { contract: textFile('short') }, 'WRONG_UPLOAD_TYPE'],
    ['a file over the limit', { contract: contract('nine bytes') }, 'FILE_TOO_LARGE'],
    ['a file of a type that is not allowed', { contract: contract('%PDF-1.7', 'x.pdf') }, 'FILE_REFUSED'],
    ['a storage that is not configured', { targeted: textFile('text') }, 'STORAGE_NOT_FOUND'],
    [
      'a storage that is not configured, named by the value',
      { contract: Contract.from(Buffer.from('x'), { filename: 'x.txt', storage: 'none' }) },
      'STORAGE_NOT_FOUND',
    ],
  ])('%s', async (_, values, code) => {
    await expect(create(values)).rejects.toMatchObject({ code })
  })

  it('one file where it holds a list, and a list with something else among its files', async () => {
    const write = (attachments: unknown) =>
      prisma.document.create({ data: { content: textFile('beside'), attachments: attachments as [] } })

    await expect(write(textFile('alone'))).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    await expect(write([textFile('one'), null])).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    await expect(write([textFile('one'), 'two'])).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    await expect(write([[textFile('one')]])).rejects.toMatchObject({ code: 'INVALID_CONTENT' })

    expect(database.chaos.calls('write')).toBe(0)
    expect(await prisma.document.count()).toBe(0)
  })

  it('a stream that was read before', async () => {
    const stream = Readable.from([Buffer.from('short')])
    stream.destroy()

    await expect(create({ contract: Contract.from(stream) })).rejects.toMatchObject({
      code: 'CONTENT_CONSUMED',
    })
  })

  it('values of a client that look like a stored file, by every way of writing', async () => {
    const known = await database.depot.upload(textFile('of somebody'))
    const forged = JSON.parse(JSON.stringify(known)) as object
    const { id } = await prisma.document.create({ data: { title: 'mine' } })
    const data = { content: forged } as { content: UploadedFile }
    const where = { id }
    const ways = [
      () => prisma.document.create({ data }),
      () => prisma.document.createMany({ data: [data] }),
      () => prisma.document.update({ where, data }),
      () => prisma.document.updateMany({ data }),
      () => prisma.document.upsert({ where: { id: -1 }, create: data, update: {} }),
      () => prisma.document.upsert({ where, create: {}, update: data }),
      () => prisma.album.create({ data: { photos: { create: { image: data.content } } } }),
      () => prisma.$transaction([prisma.document.update({ where, data })]),
      () => prisma.$transaction((tx) => tx.document.update({ where, data })),
    ]

    for (const write of ways) await expect(write()).rejects.toMatchObject({ code: 'INVALID_CONTENT' })

    expect(await database.base.document.findMany()).toMatchObject([{ title: 'mine', content: null }])
    expect(await prisma.album.count()).toBe(0)
    await database.depot.deleteFiles([known.path])
  })

  it('and says in which field, and what it has got', async () => {
    await expect(create({ contract: contract('nine bytes') })).rejects.toThrow('Docu.contract')
    await expect(create({ contract: 'text' })).rejects.toThrow(/Docu\.contract.*"text"/)
  })

  it('a file where the folder cannot be written, and says why', async () => {
    const unwritable = await TestDatabase.open()
    unwritable.depot.configure('unwritable', new LocalBackend('/dev/null/uploads'))
    const content = UploadedFile.from(Buffer.from('x'), { storage: 'unwritable' })

    const saving = unwritable.prisma.$transaction(async (transaction) => {
      await transaction.receipt.create({ data: { number: '1' } })
      await transaction.document.create({ data: { content, attachments: [textFile('goes well')] } })
    })

    await expect(saving).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOTDIR' } })
    expect(await prisma.receipt.count()).toBe(0)
    expect(await prisma.document.count()).toBe(0)
    for await (const id of unwritable.depot.get('attachments').list()) throw new Error(`${id} is left over`)
    await unwritable.close()
  })

  it('a file where the disk is full, and says why', async () => {
    const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    database.chaos.fail('write', { error: cause })

    const saving = prisma.document.create({ data: { content: textFile('too much') } })

    await expect(saving).rejects.toMatchObject({ code: 'STORAGE_FULL', cause })
    expect(await prisma.document.count()).toBe(0)
  })

  it('a file whose content breaks off, and writes no row', async () => {
    const cause = new Error('the client is gone')

    const saving = prisma.document.create({ data: { content: brokenFile(cause) } })

    await expect(saving).rejects.toMatchObject({ code: 'CONTENT_FAILED', cause })
    expect(await prisma.document.count()).toBe(0)
  })
})

describe('a required field', () => {
  it('is not created without a file, as Prisma says, and nothing is left', async () => {
    const creating = prisma.letter.create({ data: { recipient: 'Ada' } as unknown as { scan: UploadedFile } })

    await expect(creating).rejects.toThrow('`scan` is missing')
  })

  it('cannot be emptied, and keeps its file', async () => {
    const { id } = await prisma.letter.create({ data: { scan: textFile('kept') } })

    const emptied = { scan: Prisma.DbNull } as unknown as { scan: UploadedFile }
    await expect(prisma.letter.update({ where: { id }, data: emptied })).rejects.toThrow()

    expect(await database.pathsOfFiles()).toHaveLength(1)
    await database.expectFilesMatchRows()
    await prisma.letter.delete({ where: { id } })
  })

  it('has a type without null in results', async () => {
    const { id, scan } = await prisma.letter.create({ data: { scan: textFile('there') } })

    const file: UploadedFile = scan
    expect(file.size).toBe(5)
    await prisma.letter.delete({ where: { id } })
  })
})

describe('arguments that Prisma refuses', () => {
  it('leave no file, and the error is Prisma’s', async () => {
    const data = { content: textFile('uploaded'), nonsense: true } as { content: UploadedFile }

    await expect(prisma.document.create({ data })).rejects.toMatchObject({
      name: 'PrismaClientValidationError',
    })
    await expect(
      prisma.document.update({ where: {} as { id: number }, data: { content: textFile('x') } }),
    ).rejects.toMatchObject({ name: 'PrismaClientValidationError' })
    await expect(
      prisma.document.delete({ where: { id: 'one' } as unknown as { id: number } }),
    ).rejects.toMatchObject({ name: 'PrismaClientValidationError' })
    await expect(prisma.document.create(undefined as never)).resolves.toMatchObject({ content: null })
  })
})

describe('a client without the extension', () => {
  it('cannot write a pending file', async () => {
    const writing = database.base.document.create({ data: { content: textFile('bytes in a row') } })

    await expect(writing).rejects.toMatchObject({ code: 'PENDING_FILE' })
    expect(await prisma.document.count()).toBe(0)
  })
})

describe('a row that holds something else than a file', () => {
  it('says INVALID_VALUE where the file is used, and not before', async () => {
    await database.base.document.create({ data: { content: { storage: 'default' } } })

    const row = await prisma.document.findFirstOrThrow()

    expect(row.title).toBe('untitled')
    expect(() => row.content?.filename).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    await database.base.document.deleteMany()
  })

  it('can be given a file, and deleted', async () => {
    await database.base.document.create({ data: { content: { storage: 'default' } } })

    await prisma.document.updateMany({ data: { content: textFile('mended') } })
    expect((await prisma.document.findFirstOrThrow()).content?.size).toBe(6)
    await prisma.document.deleteMany()

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('the extension refuses', () => {
  it.each<[string, object, RegExp]>([
    ['a model that is not there', { usr: { avatar: UploadedFile } }, /usr/],
    ['a field that is not there', { user: { avatr: UploadedFile } }, /avatr/],
    ['a field that is no Json', { user: { name: UploadedFile } }, /name.*Json/],
    ['a relation', { user: { posts: UploadedFile } }, /posts/],
    ['a type that is no upload type', { user: { avatar: Buffer } }, /avatar/],
    ['nothing as a type', { user: { avatar: undefined } }, /avatar/],
    ['an empty list of types', { user: { avatar: [] } }, /avatar/],
    [
      'an option that there is not',
      { user: { avatar: { type: UploadedFile, maxsize: 3 } } },
      /maxSize.*maxsize/,
    ],
    [
      'null as never there',
      { user: { avatar: { type: UploadedFile, nullable: false } } },
      /nullable.*Json\?/,
    ],
  ])('%s', (_, models, message) => {
    const extending = () => database.base.$extends(filedepot({ models: models as FileModels }) as never)

    expect(extending).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(extending).toThrow(message)
  })

  it.each([
    [{ maxwait: 3 }, /maxWait.*maxwait/],
    [{ transactions: { timeOut: 3 } }, /timeout.*timeOut/],
  ])('an option of its own that there is not: %j', (options, message) => {
    const extending = () => database.extend(database.base, options as object)

    expect(extending).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(extending).toThrow(message)
  })

  it('cascades of relations that are not there', () => {
    const extending = () => database.extend(database.base, { cascades: { album: ['pictures'] } })

    expect(extending).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

if (isOn('sqlite')) {
  it('a model without any file field is none of its business', async () => {
    await prisma.receipt.create({ data: { number: '1' } })
    await prisma.receipt.updateMany({ data: { number: '2' } })

    expect(await prisma.receipt.deleteMany()).toEqual({ count: 1 })
  })
}
