import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { attachFile, type AttachOptions } from '../../src/transaction/attach-file.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

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
