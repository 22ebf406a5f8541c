import 'reflect-metadata'
import { allowTypes, LocalBackend, UploadedFile, type UploadType } from '@filedepot/core'
import { UploadedFileColumn, uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { Document } from './entities/document.ts'
import { textFile } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

class Contract extends UploadedFile {}

@Entity()
class Strict {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn({ type: Contract, maxSize: 8, validators: [allowTypes('text/*')] })
  contract!: Contract | null

  @UploadedFileColumn({ storage: 'nowhere' })
  lost!: UploadedFile | null
}

let database: TestDatabase
let rows: Repository<Strict>

beforeEach(async () => {
  database = await TestDatabase.open([Strict, Document])
  rows = database.dataSource.getRepository(Strict)
})

afterEach(async () => {
  expect(await rows.count()).toBe(0)
  expect(await database.pathsOfFiles()).toEqual([])
  await database.close()
})

/** Saves a row with what TypeScript would have refused. */
function save(values: object): Promise<unknown> {
  return rows.save(Object.assign(rows.create(), values))
}

function contract(text: string, filename = 'contract.txt'): Contract {
  return Contract.from(Buffer.from(text), { filename })
}

describe('a column refuses', () => {
  it.each([
    ['text', { contract: 'text' }, 'INVALID_CONTENT'],
    ['a number', { contract: 7 }, 'INVALID_CONTENT'],
    [
      'a plain object, as a request brings it',
      { contract: { storage: 'default', id: 'x' } },
      'INVALID_CONTENT',
    ],
    ['a path in a plain object', { contract: { path: '/etc/passwd', originalname: 'p' } }, 'INVALID_CONTENT'],
    ['a file of another upload type', { contract: textFile('short') }, 'WRONG_UPLOAD_TYPE'],
    ['a file over the limit', { contract: contract('nine bytes') }, 'FILE_TOO_LARGE'],
    ['a file of a type that is not allowed', { contract: contract('%PDF-1.7', 'x.pdf') }, 'FILE_REFUSED'],
    ['a storage that is not configured', { lost: textFile('text') }, 'STORAGE_NOT_FOUND'],
    [
      'a storage that is not configured, named by the value',
      { contract: Contract.from(Buffer.from('x'), { filename: 'x.txt', storage: 'none' }) },
      'STORAGE_NOT_FOUND',
    ],
  ])('%s', async (_, values, code) => {
    await expect(save(values)).rejects.toMatchObject({ code })
  })

  it('a stream that was read before', async () => {
    const stream = Readable.from([Buffer.from('short')])
    stream.destroy()

    await expect(save({ contract: stream })).rejects.toMatchObject({ code: 'CONTENT_CONSUMED' })
  })

  it('a file where the folder cannot be written, and says why', async () => {
    const unwritable = await TestDatabase.open([Strict, Document])
    unwritable.depot.configure('unwritable', new LocalBackend('/dev/null/uploads'))
    const content = UploadedFile.from(Buffer.from('x'), { storage: 'unwritable' })

    const saving = unwritable.dataSource.transaction(async (manager) => {
      await manager.save(Strict, {})
      await manager.save(Document, { content, attachments: [textFile('goes well')] })
    })

    await expect(saving).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOTDIR' } })
    expect(await unwritable.dataSource.manager.count(Strict)).toBe(0)
    for await (const id of unwritable.depot.get('attachments').list()) throw new Error(`${id} is left over`)
    await unwritable.close()
  })

  it('a file where the disk is full, and says why', async () => {
    const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    database.chaos.fail('write', { error: cause })

    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(Strict, {})
      await manager.save(Document, { content: textFile('too much') })
    })

    await expect(saving).rejects.toMatchObject({ code: 'STORAGE_FULL', cause })
    expect(await database.dataSource.manager.count(Document)).toBe(0)
  })

  it('and says in which column', async () => {
    await expect(save({ contract: contract('nine bytes') })).rejects.toThrow('Strict.contract: ')
  })

  it('a list where it holds one file, and one file where it holds a list', async () => {
    const documents = database.dataSource.getRepository(Document)

    const saving = documents.save(Object.assign(documents.create(), { attachments: textFile('alone') }))

    await expect(saving).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(save({ contract: [contract('short')] })).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    expect(await documents.count()).toBe(0)
  })

  it('null where it is not nullable, as the database says', async () => {
    expect(uploadedFileColumn({ nullable: false })).toMatchObject({ nullable: false })
    await expect(save({ id: undefined, contract: null }).then(() => rows.clear())).resolves.toBeUndefined()
  })

  it('a type that is no upload type', () => {
    expect(() => uploadedFileColumn({ type: Buffer as unknown as UploadType })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

describe('a pending file', () => {
  it('is never written into a row, also where listeners are off', async () => {
    const saving = rows.save({ contract: contract('short') }, { listeners: false })

    await expect(saving).rejects.toMatchObject({ code: 'PENDING_FILE' })
  })
})

describe('a row that holds something else than a file', () => {
  it('is loaded, and says INVALID_VALUE where it is used', async () => {
    await database.dataSource.query(`INSERT INTO strict (contract) VALUES ('{"storage":"default"}')`)

    const [row] = await rows.find()
    expect(() => row?.contract?.filename).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))

    await database.dataSource.query('DELETE FROM strict')
  })
})
