import { describe, expect, it } from '@jest/globals'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { allowTypes, type FileToValidate, type FileValidator } from '../../src/content/file-validator.ts'
import { DepotManager, type UploadOptions } from '../../src/depot/depot-manager.ts'
import { FiledepotError } from '../../src/errors.ts'
import { attachFile, type AttachOptions } from '../../src/transaction/attach-file.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import type { StoreFile } from '../../src/upload/file-filter.ts'
import { giveBack, giveBackOriginal, movedFrom, takingOf } from '../../src/upload/ownership.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile, type ProcessedFile } from '../../src/upload/uploaded-file.ts'
import { failure } from '../support/failure.ts'
import { pathsOf } from '../support/storages.ts'

/** Has a second file, named in its metadata by path and by id. */
class WithReceipt extends UploadedFile {
  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    const file = await store(content)
    const { id, path } = await store(Buffer.from(`receipt of ${file.sha256}`), { filename: 'receipt.txt' })
    return { file, metadata: { receipts: { first: { id, path, name: 'first' } }, size: 5 } }
  }
}

/** Stores so many files, and then no more. */
class FullBackend extends MemoryBackend {
  room = Infinity

  override async write(...args: Parameters<MemoryBackend['write']>): Promise<void> {
    if (this.room-- <= 0) throw new Error('full')
    await super.write(...args)
  }
}

function setUp() {
  const depot = new DepotManager()
  const backend = new FullBackend()
  depot.configure('default', new MemoryBackend())
  depot.configure('private', backend)
  depot.alias('documents', 'private')
  const transaction = new FileTransaction(depot)
  const attach = (value: UploadedFile, options: Partial<AttachOptions> = {}, to = transaction) =>
    attachFile(depot, to, value, { type: UploadedFile, ...options })
  const stored = (text = 'hello', options: UploadOptions = {}) =>
    depot.upload(UploadedFile.from(Buffer.from(text), { filename: 'hello.txt' }), options)
  return { depot, backend, transaction, attach, stored }
}

const refuse: FileValidator = ({ filename }) => {
  throw new FiledepotError('FILE_REFUSED', `"${filename}" is refused`)
}

describe('a value that was stored before its row', () => {
  it.each<[string, Partial<AttachOptions>, string]>([
    ['is too large', { maxSize: 4 }, 'FILE_TOO_LARGE'],
    ['is refused by a validator', { validators: [refuse] }, 'FILE_REFUSED'],
    ['has another type', { validators: [allowTypes('application/pdf')] }, 'FILE_REFUSED'],
    ['is to go to a storage that is not there', { storage: 'nowhere' }, 'STORAGE_NOT_FOUND'],
  ])('is refused if it %s, and stays usable', async (_, rules, code) => {
    const { depot, transaction, attach, stored } = setUp()
    const value = await stored()

    const error = await failure(attach(value, rules))
    const again = await attach(value)
    await transaction.settle('committed')

    expect(error.code).toBe(code)
    expect(again).toBe(value)
    expect(await pathsOf(depot)).toEqual([value.path])
  })

  it('is not given back by the rollback of a transaction that had refused it, once another one has it', async () => {
    const { depot, transaction, attach, stored } = setUp()
    const value = await stored()
    await failure(attach(value, { maxSize: 4 }))
    const other = new FileTransaction(depot)
    await attach(value, {}, other)
    await other.settle('committed')

    await transaction.settle('rolledBack')
    const copy = await attach(value, {}, new FileTransaction(depot))

    expect(copy.path).not.toBe(value.path)
  })

  it('is not given back by the rollback of a transaction that gave it back before, once another one has it', async () => {
    const { depot, transaction, attach, stored } = setUp()
    const value = await stored()
    await attach(value)
    // A statement that did not happen.
    giveBack(value, takingOf(value))
    const other = new FileTransaction(depot)
    await attach(value, {}, other)
    await other.settle('committed')

    await transaction.settle('rolledBack')
    const copy = await attach(value, {}, new FileTransaction(depot))

    expect(copy.path).not.toBe(value.path)
  })

  it('shows validators its facts, and its bytes if they ask for them, once for all', async () => {
    const { depot, attach, stored } = setUp()
    const value = await stored('hello', { storage: 'private' })
    const seen: unknown[] = []
    const facts: FileValidator = ({ filename, contentType, size }) => {
      seen.push({ filename, contentType, size })
    }
    const bytes = async ({ spool }: FileToValidate) => {
      seen.push(Buffer.from((await spool()).place as Uint8Array).toString())
    }

    await attach(value, { validators: [facts, bytes, async (file) => bytes(file)] })

    expect(seen).toEqual([{ filename: 'hello.txt', contentType: 'text/plain', size: 5 }, 'hello', 'hello'])
    expect(await pathsOf(depot)).toEqual([value.path])
  })

  it('is not shown again to validators that have seen it when it was stored', async () => {
    const { attach, stored } = setUp()
    let runs = 0
    const count = () => {
      runs++
    }
    let others = 0
    const validators = [count]
    const value = await stored('hello', { validators, maxSize: 10 })

    await attach(value, { validators: [...validators, () => void (others += 1)], maxSize: 10 })

    expect([runs, others]).toEqual([1, 1])
  })

  it('is not checked if the row holds it already', async () => {
    const { attach, stored } = setUp()
    const value = await stored()

    expect(await attach(value, { maxSize: 1, storage: 'private', current: [value] })).toBe(value)
  })

  it('is checked as a copy if it is that of another row', async () => {
    const { depot, transaction, attach, stored } = setUp()
    const value = readRowValue(UploadedFile, JSON.stringify(await stored()))

    const errors = [
      await failure(attach(value, { maxSize: 4 })),
      await failure(attach(value, { validators: [refuse] })),
    ]
    const copy = await attach(value, { storage: 'private' })
    await transaction.settle('committed')

    expect(errors.map(({ code }) => code)).toEqual(['FILE_TOO_LARGE', 'FILE_REFUSED'])
    expect(copy.storage).toBe('private')
    expect(await pathsOf(depot)).toEqual([value.path, copy.path].sort())
  })

  it('stays where it is if the column names no storage, names an alias, or the value has named its own', async () => {
    const { depot, attach, stored } = setUp()
    const values = [await stored('a', { storage: 'private' }), await stored('b', { storage: 'documents' })]
    const own = await depot.upload(UploadedFile.from(Buffer.from('c'), { storage: 'default' }))

    expect(await attach(values[0]!)).toBe(values[0])
    expect(await attach(values[1]!, { storage: 'documents' })).toBe(values[1])
    expect(await attach(own, { storage: 'private' })).toBe(own)
  })
})

describe('a value in another storage than that of its column', () => {
  async function moved() {
    const made = setUp()
    const value = await made.depot.upload(WithReceipt.from(Buffer.from('hello'), { filename: 'a.txt' }))
    return { ...made, value, copy: await made.attach(value, { type: WithReceipt, storage: 'documents' }) }
  }

  it('is copied there with all of its files, which its metadata names', async () => {
    const { depot, value, copy } = await moved()

    const { id, storage, files, metadata, ...rest } = JSON.parse(JSON.stringify(copy)) as Record<
      string,
      unknown
    >
    expect(copy).toBeInstanceOf(WithReceipt)
    expect(value).toMatchObject({ ...rest, uploadedAt: value.uploadedAt })
    expect([id, storage]).toEqual([copy.id, 'private'])
    expect(files).toHaveLength(2)
    const receipt = await depot.getFile((files as string[])[1]!)
    const { id: receiptId, path, filename } = receipt
    expect(metadata).toEqual({ receipts: { first: { id: receiptId, path, name: 'first' } }, size: 5 })
    expect([filename, await receipt.text()]).toEqual(['receipt.txt', `receipt of ${value.sha256}`])
    expect((await copy.bytes()).toString()).toBe('hello')
    expect(movedFrom(copy)).toBe(value)
    expect(await pathsOf(depot)).toEqual([...value.files, ...copy.files].sort())
  })

  it('belongs to nobody else meanwhile: a second row gets a copy of it', async () => {
    const { attach, value } = await moved()

    const second = await attach(value, { type: WithReceipt })

    expect([second.storage, movedFrom(second)]).toEqual(['default', undefined])
  })

  it('is given back by a rollback, which removes the copy', async () => {
    const { depot, transaction, attach, value } = await moved()

    await transaction.settle('rolledBack')
    const again = new FileTransaction(depot)
    const file = await attach(value, { type: WithReceipt }, again)

    expect(file).toBe(value)
    expect(await pathsOf(depot)).toEqual([...value.files].sort())
  })

  it('is given back once, where its row did not come to be, and not again by a rollback', async () => {
    const { depot, transaction, attach, value, copy } = await moved()
    giveBackOriginal(copy)
    const other = new FileTransaction(depot)
    await attach(value, { type: WithReceipt }, other)
    await other.settle('committed')

    await transaction.settle('rolledBack')
    const second = await attach(value, { type: WithReceipt }, new FileTransaction(depot))

    expect(second.path).not.toBe(value.path)
  })

  it('is named with the copy if the end of the transaction is unknown, and both stay', async () => {
    const { depot, transaction, value, copy } = await moved()
    const unsettled: (readonly string[])[] = []
    depot.on('unsettled', ({ paths }) => unsettled.push(paths))

    await transaction.settle('unknown')

    expect(unsettled.map((paths) => [...paths].sort())).toEqual([[...value.files, ...copy.files].sort()])
    expect(await pathsOf(depot)).toEqual([...value.files, ...copy.files].sort())
  })

  it('leaves no copy where one of its files cannot be copied', async () => {
    const { depot, backend, transaction, attach } = setUp()
    const value = await depot.upload(WithReceipt.from(Buffer.from('hello')))
    backend.room = 1

    const error = await failure(attach(value, { type: WithReceipt, storage: 'private' }))
    const file = await attach(value, { type: WithReceipt })
    await transaction.settle('committed')

    expect(error.code).toBe('WRITE_FAILED')
    expect(file).toBe(value)
    expect(await pathsOf(depot)).toEqual([...value.files].sort())
  })
})

describe('a value of fromJSON', () => {
  it('is refused, also with the files of another value in it, and nothing is read', async () => {
    const { depot, attach, stored } = setUp()
    const [own, victim] = [await stored('own'), await stored('secret', { storage: 'private' })]
    const forged = [
      victim.toJSON(),
      { ...own.toJSON(), id: victim.id, files: [] },
      { ...own.toJSON(), storage: 'private', files: [] },
    ]

    for (const json of forged) {
      const error = await failure(attach(UploadedFile.fromJSON(json), { current: [own] }))
      expect(error).toMatchObject({
        code: 'INVALID_CONTENT',
        message: expect.stringContaining(victim.id.slice(0, 8)),
      })
    }

    expect(await pathsOf(depot)).toEqual([own.path, victim.path].sort())
  })

  it('lets the row keep the value that it holds, whatever else the JSON says', async () => {
    const { depot, transaction, attach, stored } = setUp()
    const own = readRowValue(UploadedFile, JSON.stringify(await stored('own')))
    const json = { ...own.toJSON(), contentType: 'text/html', size: 7, metadata: { a: 'private/b' } }

    const kept = await attach(UploadedFile.fromJSON(json), { current: [own] })
    await transaction.settle('rolledBack')

    expect(kept).toBe(own)
    expect(await pathsOf(depot)).toEqual([own.path])
  })

  it.each<[string, (file: UploadedFile) => unknown]>([
    [
      'JSON that was given the prototype of a file',
      (file): unknown => Object.setPrototypeOf(file.toJSON(), UploadedFile.prototype),
    ],
    ['a proxy of a file', (file) => new Proxy(file, {})],
    ['an object that inherits from a file', (file): unknown => Object.create(file)],
    ['plain JSON', (file) => file.toJSON()],
  ])('is refused as %s', async (_, forge) => {
    const { attach, stored } = setUp()
    const value = await stored()

    const error = await failure(attach(forge(value) as UploadedFile, { current: [value] }))

    expect(error.code).toBe('INVALID_CONTENT')
  })
})
