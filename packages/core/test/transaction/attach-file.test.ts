import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import type { StorageBackend } from '../../src/backend.ts'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { attachFile, prepareAttach, type AttachOptions } from '../../src/transaction/attach-file.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import type { StoreFile } from '../../src/upload/file-filter.ts'
import { isRevoked } from '../../src/upload/ownership.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile, type ProcessedFile } from '../../src/upload/uploaded-file.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure, thrown } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

class Photo extends UploadedFile {}

function setUp() {
  const depot = memoryDepot()
  const transaction = new FileTransaction(depot)
  const attach = (value: Parameters<typeof attachFile>[2], options: Partial<AttachOptions> = {}) =>
    attachFile(depot, transaction, value, { type: UploadedFile, ...options })
  return { depot, transaction, attach }
}

/** A value as a row gives it back: it belongs to that row. */
async function rowValue({ depot }: ReturnType<typeof setUp>, content = Buffer.from('hello')) {
  const file = await depot.upload(UploadedFile.from(content, { filename: 'hello.txt', contentType: 'x/y' }))
  return readRowValue(UploadedFile, JSON.stringify(file))
}

describe('attachFile', () => {
  it('copies a value of another manager, and leaves the original alone', async () => {
    const { depot, attach } = setUp()
    const other = memoryDepot()
    const theirs = await other.upload(UploadedFile.from(Buffer.from('theirs'), { filename: 'theirs.txt' }))

    const file = await attach(theirs)

    expect(await pathsOf(depot)).toEqual([file.path])
    expect(await pathsOf(other)).toEqual([theirs.path])
    expect((await file.bytes()).toString()).toBe('theirs')
    expect(file.filename).toBe('theirs.txt')
  })

  it('uploads a pending value within the transaction', async () => {
    const { depot, transaction, attach } = setUp()

    const file = await attach(Photo.from(bytesOf(3), { filename: 'a.bin' }), { type: Photo })
    const before = await pathsOf(depot)
    await transaction.settle('rolledBack')

    expect(file).toBeInstanceOf(Photo)
    expect(file).toMatchObject({ isPending: false, filename: 'a.bin', size: 3 })
    expect(before).toEqual([file.path])
    expect(await pathsOf(depot)).toEqual([])
  })

  it.each<[string, () => Parameters<typeof attachFile>[2]]>([
    ['bytes', () => Buffer.from('hello')],
    ['a File', () => new File(['hello'], 'hello.txt')],
    ['a stream', () => Readable.from([Buffer.from('hello')])],
  ])('uploads a bare content as the type of the column: %s', async (_, content) => {
    const { depot, transaction, attach } = setUp()

    const file = await attach(content(), { type: Photo })
    await transaction.settle('committed')

    expect(file).toBeInstanceOf(Photo)
    expect((await file.bytes()).toString()).toBe('hello')
    expect(await pathsOf(depot)).toEqual([file.path])
  })

  it('follows the options of the column', async () => {
    const { depot, attach } = setUp()
    depot.configure('column', new MemoryBackend())
    const filters = [
      { onSave: ({ metadata }: { metadata: Record<string, unknown> }) => void (metadata.seen = true) },
    ]

    const file = await attach(bytesOf(3), { storage: 'column', filters })
    const error = await failure(attach(bytesOf(3), { maxSize: 2 }))

    expect(file).toMatchObject({ storage: 'column', metadata: { seen: true } })
    expect(error.code).toBe('FILE_TOO_LARGE')
    expect(await pathsOf(depot)).toEqual([file.path])
  })

  it('refuses a value of another type', async () => {
    const { depot, attach } = setUp()
    class Other extends UploadedFile {}

    for (const value of [UploadedFile.from(bytesOf(1)), Other.from(bytesOf(1))]) {
      expect(await failure(attach(value, { type: Photo }))).toMatchObject({
        code: 'WRONG_UPLOAD_TYPE',
        message:
          `Expected a file of type Photo, got an object of ${value.constructor.name}. Create it with Photo.from(content), ` +
          'or receive it with a rule that has the type Photo',
      })
    }
    expect(await pathsOf(depot)).toEqual([])
  })

  it.each(['text', 5, {}, { path: '/etc/passwd' }])('refuses %p', async (value) => {
    const { attach } = setUp()

    expect(await failure(attach(value as never))).toMatchObject({ code: 'INVALID_CONTENT' })
  })

  it('leaves a value alone that the row holds already', async () => {
    const made = setUp()
    const value = await rowValue(made)

    const file = await made.attach(value, { current: [value] })
    await made.transaction.settle('rolledBack')

    expect(file).toBe(value)
    expect(await pathsOf(made.depot)).toEqual([value.path])
  })

  it('copies the file of another row', async () => {
    const made = setUp()
    const value = await rowValue(made)

    const copy = await made.attach(value)
    await made.transaction.settle('committed')

    expect(copy.path).not.toBe(value.path)
    expect(copy).toMatchObject({ filename: 'hello.txt', contentType: 'x/y', sha256: value.sha256 })
    expect((await copy.bytes()).toString()).toBe('hello')
    expect(await pathsOf(made.depot)).toEqual([value.path, copy.path])
  })

  it('gives up the copy on a rollback, and not the file of the other row', async () => {
    const made = setUp()
    const value = await rowValue(made)

    await made.attach(value)
    await made.transaction.settle('rolledBack')

    expect(await pathsOf(made.depot)).toEqual([value.path])
  })

  it('says where there is nothing to copy', async () => {
    const made = setUp()
    const value = await rowValue(made)
    await made.depot.get().delete(value.id)

    expect(await failure(made.attach(value))).toMatchObject({ code: 'FILE_NOT_FOUND', path: value.path })
    expect(await pathsOf(made.depot)).toEqual([])
  })

  it('takes a value that was uploaded beforehand, and copies it for a second row', async () => {
    const { depot, transaction, attach } = setUp()
    const value = await depot.upload(UploadedFile.from(bytesOf(3)))

    const first = await attach(value)
    const second = await attach(value)
    await transaction.settle('committed')

    expect(first).toBe(value)
    expect(second.path).not.toBe(value.path)
    expect(await pathsOf(depot)).toEqual([value.path, second.path])
  })

  it('gives a value that was uploaded beforehand back on a rollback, for the next try', async () => {
    const { depot, transaction, attach } = setUp()
    const value = await depot.upload(UploadedFile.from(bytesOf(3)))
    await attach(value)
    await transaction.settle('rolledBack')

    const again = new FileTransaction(depot)
    const file = await attachFile(depot, again, value, { type: UploadedFile })
    await again.settle('committed')

    expect(file).toBe(value)
    expect(await pathsOf(depot)).toEqual([value.path])
  })

  it('calls back on a rollback where it uploaded or copied, and not where it adopted', async () => {
    const made = setUp()
    const called: string[] = []
    const revert = (name: string) => ({ revert: () => void called.push(name) })

    await made.attach(bytesOf(1), revert('uploaded'))
    await made.attach(await rowValue(made), revert('copied'))
    await made.attach(await made.depot.upload(UploadedFile.from(bytesOf(1))), revert('adopted'))
    await made.transaction.settle('rolledBack')

    expect(called).toEqual(['copied', 'uploaded'])
  })

  it('uploads a pending value again in the next transaction, where its content can be read again', async () => {
    const { depot, transaction, attach } = setUp()
    const pending = UploadedFile.from(Buffer.from('hello'))
    const stream = UploadedFile.from(Readable.from([Buffer.from('hello')]))
    await attach(pending)
    await attach(stream)
    await transaction.settle('rolledBack')

    const again = new FileTransaction(depot)
    const file = await attachFile(depot, again, pending, { type: UploadedFile })
    const error = await failure(attachFile(depot, again, stream, { type: UploadedFile }))
    await again.settle('committed')

    expect(error).toMatchObject({ code: 'CONTENT_CONSUMED' })
    expect(await pathsOf(depot)).toEqual([file.path])
  })
})

describe('prepareAttach', () => {
  const temporaryFolder = temporaryFolders()

  class OwnBackend extends LocalBackend {
    override write(...args: Parameters<LocalBackend['write']>): Promise<void> {
      return super.write(...args)
    }
  }

  class OwnType extends UploadedFile {
    override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
      return { file: await store(content) }
    }
  }

  /** A depot that has stored a file before: what tells the types of contents is loaded then. */
  async function onDisk(makeBackend = (folder: string): StorageBackend => new LocalBackend(folder)) {
    const depot = memoryDepot(makeBackend(await temporaryFolder()))
    await depot.get().delete(await depot.get().create(bytesOf(1)))
    const transaction = new FileTransaction(depot)
    const attach = (value: Parameters<typeof prepareAttach>[2], options: Partial<AttachOptions> = {}) =>
      prepareAttach(depot, transaction, value, { type: UploadedFile, ...options })?.()
    return { depot, transaction, attach }
  }

  it('returns what uploads few bytes at once, which a commit keeps', async () => {
    const { depot, transaction, attach } = await onDisk()
    const events: string[] = []
    depot.on('uploaded', ({ path }) => events.push(path))

    const file = attach(Photo.from(Buffer.from('hello'), { filename: 'a.txt' }), { type: Photo })
    const before = await pathsOf(depot)
    await transaction.settle('committed')

    expect(file).toBeInstanceOf(Photo)
    expect(file).toMatchObject({ isPending: false, filename: 'a.txt', contentType: 'text/plain', size: 5 })
    expect(before).toEqual([file?.path])
    expect((await file?.bytes())?.toString()).toBe('hello')
    expect(events).toEqual(before)
  })

  it.each<[string, (transaction: FileTransaction) => Promise<void>]>([
    ['a rollback', (transaction) => transaction.settle('rolledBack')],
    ['the return to a savepoint', (transaction) => transaction.rollbackTo()],
  ])('leaves nothing after %s, calls back and revokes the value', async (_, undo) => {
    const { depot, transaction, attach } = await onDisk()
    const called: string[] = []

    transaction.savepoint()
    const file = attach(bytesOf(3), { revert: () => called.push('revert') })
    await undo(transaction)

    expect(await pathsOf(depot)).toEqual([])
    expect(called).toEqual(['revert'])
    expect(file && isRevoked(file)).toBe(true)
  })

  it('names what it uploaded where nobody knows how the transaction ended, and keeps it', async () => {
    const { depot, transaction, attach } = await onDisk()
    const unsettled: unknown[] = []
    depot.on('unsettled', ({ paths }) => unsettled.push(paths))

    transaction.savepoint()
    const file = attach(bytesOf(3))
    transaction.release()
    await transaction.settle('unknown')

    expect(unsettled).toEqual([[file?.path]])
    expect(await pathsOf(depot)).toEqual([file?.path])
  })

  it('has stored nothing before that is called', async () => {
    const { depot, transaction } = await onDisk()

    const attach = prepareAttach(depot, transaction, bytesOf(3), { type: UploadedFile })
    await transaction.settle('rolledBack')

    expect(attach).toBeInstanceOf(Function)
    expect(thrown(() => attach?.())).toMatchObject({ code: 'TRANSACTION_SETTLED' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('belongs to the row: another one gets a copy', async () => {
    const { depot, transaction, attach } = await onDisk()

    const file = attach(bytesOf(3))
    const copy = await attachFile(depot, transaction, file ?? bytesOf(0), { type: UploadedFile })

    expect(copy.path).not.toBe(file?.path)
  })

  it('refuses what the column refuses, and stores nothing', async () => {
    const { depot, transaction, attach } = await onDisk()

    expect(thrown(() => attach(bytesOf(3), { maxSize: 2 }))).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(thrown(() => attach('text' as never))).toMatchObject({ code: 'INVALID_CONTENT' })
    await transaction.settle('committed')
    expect(thrown(() => attach(bytesOf(3)))).toMatchObject({ code: 'TRANSACTION_SETTLED' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it.each<[string, Parameters<typeof prepareAttach>[2], Partial<AttachOptions>]>([
    ['a stream', Readable.from([Buffer.from('hello')]), {}],
    ['many bytes', bytesOf(64 * 1024 + 1), {}],
    ['what a validator wants to see', bytesOf(3), { validators: [() => undefined] }],
    ['what a filter wants to see', bytesOf(3), { filters: [{ onSave: () => undefined }] }],
    ['a type that stores in its own way', bytesOf(3), { type: OwnType }],
  ])('leaves to others %s', async (_, content, options) => {
    const { depot, attach } = await onDisk()

    expect(attach(content, options)).toBeUndefined()
    expect(await pathsOf(depot)).toEqual([])
  })

  it.each<[string, (folder: string) => StorageBackend]>([
    ['a network mount', (folder) => new LocalBackend(folder, { networkMount: true })],
    ['fsync', (folder) => new LocalBackend(folder, { fsync: true })],
    ['a backend that writes in its own way', (folder) => new OwnBackend(folder)],
    ['memory', () => new MemoryBackend()],
  ])('leaves to others what goes to %s', async (_, makeBackend) => {
    const { depot, attach } = await onDisk(makeBackend)

    expect(attach(bytesOf(3))).toBeUndefined()
    expect(await pathsOf(depot)).toEqual([])
  })
})
