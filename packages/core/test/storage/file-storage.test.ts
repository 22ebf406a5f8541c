import { describe, expect, it } from '@jest/globals'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { newFileId, parseFileId } from '../../src/file-id.ts'
import { FileStorage } from '../../src/storage/file-storage.ts'
import { BrokenBackend } from '../support/backends.ts'
import { bytesOf, sha256 } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { Source, until } from '../support/sources.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'

const MISSING = '01890a5d-ac96-774b-bcce-b302099a8057'
const BAD_IDS = ['', 'x', '../../etc/passwd', `${MISSING}/..`, 5, null, undefined, {}, { id: 'x' }]

function brokenStorage() {
  const backend = new BrokenBackend()
  return { backend, files: new FileStorage('docs', backend) }
}

describe('FileStorage.store', () => {
  it('tells all that is known of the file', async () => {
    const files = memoryStorage('docs')
    const bytes = Buffer.from('id,name\n1,')
    const before = Date.now()

    const record = await files.store(new Blob([bytes], { type: 'text/csv' }), { filename: 'a.csv' })

    expect(record).toEqual({
      storage: 'docs',
      id: record.id,
      path: `docs/${record.id}`,
      filename: 'a.csv',
      contentType: 'text/csv',
      declaredType: 'text/csv',
      size: 10,
      sha256: sha256(bytes),
      uploadedAt: record.uploadedAt,
    })
    expect(record.uploadedAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(await idsOf(files)).toEqual([record.id])
  })

  it('keeps custom metadata with the file', async () => {
    const files = memoryStorage()

    const id = await files.create(bytesOf(1), { metadata: { author: 'Ada' } })

    expect((await files.get(id)).metadata).toEqual({ author: 'Ada' })
  })

  it('gives every file an id of its own, in ascending order', async () => {
    const files = memoryStorage()

    const ids: string[] = []
    for (let count = 0; count < 20; count++) ids.push(await files.create(bytesOf(count)))

    expect(await idsOf(files)).toEqual(ids)
  })
})

describe('a backend that cannot write', () => {
  it.each([10, 300_000])('is told of with the path and the cause, and gives up %p bytes', async (size) => {
    const { backend, files } = brokenStorage()
    const source = new Source(Array.from({ length: size / 10 / 1000 + 1 }, () => bytesOf(10_000)))
    backend.writeError = Object.assign(new Error('permission denied'), { code: 'EACCES' })

    const error = await failure(files.create(source.readable()))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: backend.writeError })
    expect(error.message).toMatch(/^Cannot write "docs\/[0-9a-f-]{36}": permission denied$/)
    await until(() => source.closed)
    expect(await idsOf(files)).toEqual([])
  })

  it('is full where it says so', async () => {
    const { backend, files } = brokenStorage()
    backend.writeError = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

    const error = await failure(files.create(bytesOf(10)))

    expect(error).toMatchObject({ code: 'STORAGE_FULL', cause: backend.writeError })
    expect(await idsOf(files)).toEqual([])
  })

  it('leaves the old bytes where a file is replaced', async () => {
    const { backend, files } = brokenStorage()
    const id = await files.create(Buffer.from('old'))
    backend.writeError = new Error('permission denied')

    const error = await failure(files.replace(id, Buffer.from('new')))

    expect(error).toMatchObject({
      code: 'WRITE_FAILED',
      message: `Cannot write "docs/${id}": permission denied`,
      cause: backend.writeError,
    })
    expect(await (await files.get(id)).text()).toBe('old')
  })
})

describe('FileStorage.get and exists', () => {
  it('find a file by its id, and by itself', async () => {
    const files = memoryStorage('docs')
    const id = await files.create(Buffer.from('hello'), { filename: 'hello.txt' })

    const file = await files.get(id)
    const again = await files.get(file)

    expect(file).toMatchObject({ id, filename: 'hello.txt', path: `docs/${id}`, storage: 'docs' })
    expect(again).toMatchObject({ id, filename: 'hello.txt' })
    expect(await files.exists(id)).toBe(true)
    expect(await files.exists(file)).toBe(true)
    expect(await files.exists(id.toUpperCase())).toBe(true)
  })

  it('say that a file is not there', async () => {
    const files = memoryStorage('docs')

    expect(await failure(files.get(MISSING))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      path: `docs/${MISSING}`,
      message: `No file has the path "docs/${MISSING}"`,
    })
    expect(await files.exists(MISSING)).toBe(false)
    expect(await failure(files.read(MISSING))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      path: `docs/${MISSING}`,
    })
  })

  it.each(BAD_IDS)('refuse the id %p', async (id) => {
    const files = memoryStorage()

    const errors = [
      await failure(files.get(id as string)),
      await failure(files.exists(id as string)),
      await failure(files.delete(id as string)),
      await failure(files.replace(id as string, bytesOf(1))),
      await failure(files.signedUrl(id as string)),
      await failure(files.read(id as string)),
    ]

    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['INVALID_FILE_ID']))
    expect(await idsOf(files)).toEqual([])
  })

  it('say what failed where the backend cannot be read', async () => {
    const { backend, files } = brokenStorage()
    backend.statError = new Error('connection lost')

    for (const error of [await failure(files.get(MISSING)), await failure(files.exists(MISSING))]) {
      expect(error).toMatchObject({
        code: 'READ_FAILED',
        message: `Cannot read "docs/${MISSING}": connection lost`,
        cause: backend.statError,
      })
    }
  })
})

describe('FileStorage.delete', () => {
  it('removes a file, and does nothing the second time', async () => {
    const files = memoryStorage()
    const [gone, kept] = [await files.create(bytesOf(1)), await files.create(bytesOf(2))]
    const file = await files.get(gone)

    await files.delete(file)
    await files.delete(gone)

    expect(await idsOf(files)).toEqual([kept])
    expect(await failure(files.get(gone))).toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await failure(file.bytes())).toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('says why a file cannot be deleted', async () => {
    const { backend, files } = brokenStorage()
    const id = await files.create(bytesOf(1))
    backend.undeletable.add(id)

    const error = await failure(files.delete(id))

    expect(error).toMatchObject({
      code: 'DELETE_FAILED',
      message: `Cannot delete "docs/${id}": ${id} is locked`,
      cause: { message: `${id} is locked` },
    })
    expect(await idsOf(files)).toEqual([id])
  })
})

describe('FileStorage.deleteMany', () => {
  it('removes what it can and reports the rest', async () => {
    const { backend, files } = brokenStorage()
    const gone = await files.create(bytesOf(1))
    const locked = await files.create(bytesOf(2))
    const kept = await files.create(bytesOf(3))
    backend.undeletable.add(locked)

    const { failed } = await files.deleteMany([gone, '../x', locked, MISSING])

    expect(failed).toMatchObject([
      { id: '../x', error: { code: 'INVALID_FILE_ID' } },
      { id: locked, error: { code: 'DELETE_FAILED', cause: { message: `${locked} is locked` } } },
    ])
    expect(await idsOf(files)).toEqual([locked, kept])
  })

  it('reports every file where the storage is down, and does not reject', async () => {
    const { backend, files } = brokenStorage()
    const ids = [await files.create(bytesOf(1)), await files.create(bytesOf(2))]
    backend.deleteError = new Error('connection lost')

    const { failed } = await files.deleteMany(ids)

    const error = { code: 'DELETE_FAILED', cause: backend.deleteError }
    expect(failed).toMatchObject(ids.map((id) => ({ id, error })))
    expect(await idsOf(files)).toEqual(ids)
  })

  it('has nothing to say of no files', async () => {
    expect(await memoryStorage().deleteMany([])).toEqual({ failed: [] })
  })
})

describe('FileStorage.list', () => {
  it('gives all ids in order, or those after one', async () => {
    const files = memoryStorage()
    const ids = [
      await files.create(bytesOf(1)),
      await files.create(bytesOf(2)),
      await files.create(bytesOf(3)),
    ]

    const after: string[] = []
    for await (const id of files.list({ after: ids[0]! })) after.push(id)

    expect(await idsOf(files)).toEqual(ids)
    expect(after).toEqual(ids.slice(1))
  })

  it('says what failed', async () => {
    const cause = new Error('connection lost')
    class Unlisted extends MemoryBackend {
      override async *list(): AsyncGenerator<string> {
        yield newFileId()
        await Promise.reject(cause)
      }
    }

    const error = await failure(idsOf(memoryStorage('docs', new Unlisted())))

    expect(error).toMatchObject({
      code: 'READ_FAILED',
      message: 'Cannot list "docs": connection lost',
      cause,
    })
  })

  it('refuses to start after what is no id', async () => {
    const listing = memoryStorage().list({ after: '../x' }).next()

    expect(await failure(listing)).toMatchObject({ code: 'INVALID_FILE_ID' })
  })
})

describe('a backend with ids of another kind', () => {
  class OldFiles extends MemoryBackend {
    parseId(id: string): string | undefined {
      return /^old-\d+$/i.test(id) ? id.toLowerCase() : undefined
    }
  }

  it('has its files found, read, replaced and deleted by them, in their one spelling', async () => {
    const files = new FileStorage('docs', new OldFiles())
    const info = { filename: 'a', contentType: 'a/b', size: 1, sha256: undefined, metadata: {} }
    await files.backend.write('old-1', bytesOf(1), info, {})

    expect(await files.exists('OLD-1')).toBe(true)
    const file = await files.get('OLD-1')
    expect([file.id, file.path]).toEqual(['old-1', 'docs/old-1'])
    expect(await files.replace(file, bytesOf(2))).toBe('old-1')
    expect(await file.bytes()).toEqual(bytesOf(2))
    expect(await files.deleteMany(['Old-1'])).toEqual({ failed: [] })
    expect(await idsOf(files)).toEqual([])
  })

  it('has UUIDs as well, and makes no other', async () => {
    const files = new FileStorage('docs', new OldFiles())

    const id = await files.create(bytesOf(1))

    expect(parseFileId(id)).toBe(id)
    expect(await files.exists(id.toUpperCase())).toBe(true)
    for (const bad of BAD_IDS) {
      expect((await failure(files.exists(bad as string))).code).toBe('INVALID_FILE_ID')
    }
  })
})

describe('URLs of a storage', () => {
  class Public extends MemoryBackend {
    publicUrl(id: string): string {
      return `https://cdn.example.com/${id}`
    }
    signedUrl(id: string, { expiresIn = 900 }: { expiresIn?: number }): Promise<string> {
      return Promise.resolve(`https://s3.example.com/${id}?expires=${expiresIn}`)
    }
  }

  it('are those of its backend', async () => {
    const files = memoryStorage('docs', new Public())
    const file = await files.get(await files.create(bytesOf(1)))

    expect(file.publicUrl).toBe(`https://cdn.example.com/${file.id}`)
    expect(files.publicUrl(file)).toBe(file.publicUrl)
    expect(await file.signedUrl()).toBe(`https://s3.example.com/${file.id}?expires=900`)
    expect(await files.signedUrl(file.id, { expiresIn: 5 })).toBe(
      `https://s3.example.com/${file.id}?expires=5`,
    )
  })

  it('are missing where the backend has none', async () => {
    const files = memoryStorage('docs')
    const file = await files.get(await files.create(bytesOf(1)))

    expect(file.publicUrl).toBeUndefined()
    expect(await failure(file.signedUrl())).toMatchObject({
      code: 'NOT_SUPPORTED',
      message: 'The storage "docs" cannot sign URLs. Serve its files with the handler of @filedepot/http',
    })
  })
})
