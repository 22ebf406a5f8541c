import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ReadBytesOptions } from '../../src/backend.ts'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { DepotManager } from '../../src/depot/depot-manager.ts'
import { depot as processDepot } from '../../src/depot/depot.ts'
import { bindManager } from '../../src/upload/manager-binding.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { bytesOf, sha256 } from '../support/bytes.ts'
import { failure, thrown } from '../support/failure.ts'
import { fieldsOf } from '../support/fields.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

const FIELDS = [
  'storage',
  'id',
  'filename',
  'contentType',
  'declaredType',
  'size',
  'sha256',
  'uploadedAt',
  'files',
  'metadata',
] as const

class Photo extends UploadedFile {
  get isLarge(): boolean {
    return (this.size ?? 0) > 1000
  }
}

/** As an ORM clones the arguments of a query: own enumerable properties, functions as they are. */
function clone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(clone)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner)]))
}

async function stored(content: Uint8Array = Buffer.from('hello')) {
  const depot = memoryDepot()
  const file = await depot.upload(UploadedFile.from(content, { filename: 'hello.txt' }))
  return { depot, file }
}

describe('a pending file', () => {
  it('has uploaded nothing, and keeps what it is to be made of', () => {
    const bytes = bytesOf(5)

    const file = UploadedFile.from(bytes, { filename: 'a.bin', contentType: 'x/y', storage: 'avatars' })

    expect(file.isPending).toBe(true)
    expect(file.pending).toMatchObject({
      content: { content: bytes, filename: 'a.bin', contentType: 'x/y' },
      storage: 'avatars',
    })
  })

  it.each(['text', null, undefined, 5, {}, { path: '/etc/passwd' }])('cannot be made of %p', (content) => {
    expect(thrown(() => UploadedFile.from(content as never))).toMatchObject({ code: 'INVALID_CONTENT' })
  })

  it('does not read its content', async () => {
    const stream = Readable.from([Buffer.from('hello')])

    UploadedFile.from(stream)
    await new Promise((resolve) => setImmediate(resolve))

    expect(stream.readableDidRead).toBe(false)
  })

  it.each(FIELDS)('has no %s yet', (field) => {
    const file = UploadedFile.from(bytesOf(1))

    expect(thrown(() => file[field])).toMatchObject({
      code: 'PENDING_FILE',
      message: `A pending file has no ${field}. Save its row first, or call depot.upload(file)`,
    })
  })

  it('has no path, no URL and no bytes yet', async () => {
    const file = UploadedFile.from(bytesOf(1))

    expect(thrown(() => file.path).code).toBe('PENDING_FILE')
    expect(thrown(() => file.url).code).toBe('PENDING_FILE')
    for (const using of [file.open(), file.bytes(), file.signedUrl()]) {
      expect(await failure(using)).toMatchObject({ code: 'PENDING_FILE' })
    }
  })

  it('cannot be written as JSON, nor can what it is a part of', () => {
    const file = UploadedFile.from(bytesOf(1))

    for (const value of [file, { photo: file }, [file], clone({ photo: file })]) {
      expect(thrown(() => JSON.stringify(value))).toMatchObject({
        code: 'PENDING_FILE',
        message: expect.stringContaining('Cannot write a pending file as JSON'),
      })
    }
    expect(thrown(() => file.toJSON())).toMatchObject({ code: 'PENDING_FILE' })
  })

  it('cannot be written into a document of MongoDB', () => {
    expect(thrown(() => UploadedFile.from(bytesOf(1)).toBSON())).toMatchObject({ code: 'PENDING_FILE' })
  })

  it('survives being cloned by an ORM', () => {
    const file = Photo.from(bytesOf(1))

    const copy = clone({ data: { photo: file } }) as { data: { photo: { source(): unknown } } }

    expect(copy.data.photo).not.toBe(file)
    expect(copy.data.photo.source()).toBe(file)
  })

  it('cannot be changed', () => {
    const file = UploadedFile.from(bytesOf(1)) as { filename?: string; more?: string }

    expect(() => (file.filename = 'b')).toThrow(TypeError)
    expect(() => (file.more = 'b')).toThrow(TypeError)
  })

  it('can be looked at in a debugger', () => {
    expect(Object.keys(UploadedFile.from(bytesOf(1)))).toEqual(['toJSON', 'source'])
  })
})

describe('a stored file', () => {
  it('knows all about it', async () => {
    const bytes = Buffer.from('hello')
    const { file } = await stored(bytes)

    expect(file.isPending).toBe(false)
    expect(file.pending).toBeUndefined()
    expect(fieldsOf(file)).toEqual({
      storage: 'default',
      id: file.id,
      filename: 'hello.txt',
      contentType: 'text/plain',
      declaredType: undefined,
      size: 5,
      sha256: sha256(bytes),
      uploadedAt: file.uploadedAt,
      files: [`default/${file.id}`],
      metadata: {},
    })
    expect(file.path).toBe(`default/${file.id}`)
    expect(Math.abs(Date.now() - file.uploadedAt.getTime())).toBeLessThan(60_000)
  })

  it('is of the type that it was made with', async () => {
    const depot = memoryDepot()

    const file = await depot.upload(Photo.from(bytesOf(2000)))

    expect(file).toBeInstanceOf(Photo)
    expect(file.isLarge).toBe(true)
    expect(Photo.fromJSON(JSON.stringify(file))).toBeInstanceOf(Photo)
  })

  it.each([...FIELDS, 'more'])('is not changed by writing to its %s', async (field) => {
    const { file } = await stored()
    const before = JSON.stringify(file)

    expect(() => {
      ;(file as unknown as Record<string, unknown>)[field] = 'changed'
    }).toThrow(TypeError)
    expect(JSON.stringify(file)).toBe(before)
  })

  it.each(FIELDS)('is not changed by deleting its %s', async (field) => {
    const { file } = await stored()
    const before = JSON.stringify(file)

    expect(() => Reflect.deleteProperty(file, field)).not.toThrow()
    expect(Reflect.deleteProperty(file, field)).toBe(false)
    expect(JSON.stringify(file)).toBe(before)
  })

  it('is frozen to its depth, where DEPOT let through', () => {
    const file = UploadedFile.fromJSON({
      storage: 'default',
      id: '1',
      filename: 'a',
      contentType: 'x/y',
      uploadedAt: '2026-01-01T00:00:00.000Z',
      files: ['default/1', 'default/2'],
      metadata: { size: { width: 5 }, tags: ['a', { b: 1 }] },
    })
    const metadata = file.metadata as {
      size: { width: number }
      tags: [string, { b: number }]
      more?: string
    }
    const before = JSON.stringify(file)

    const changes = [
      () => (file.files as string[]).push('default/3'),
      () => (file.files as string[]).pop(),
      () => (metadata.more = 'x'),
      () => (metadata.size.width = 6),
      () => metadata.tags.pop(),
      () => (metadata.tags[1].b = 2),
      () => delete (metadata as { size?: unknown }).size,
      () => Object.assign(file, { filename: 'b' }),
      () => Object.defineProperty(file, 'filename', { value: 'b' }),
    ]

    for (const change of changes) expect(change).toThrow(TypeError)
    expect(JSON.stringify(file)).toBe(before)
  })

  it('is in a document of MongoDB what it is as JSON', async () => {
    const { file } = await stored()

    expect(file.toBSON()).toEqual(file.toJSON())
    expect(file.equals(UploadedFile.fromJSON(file.toBSON()))).toBe(true)
  })

  it('is the same to another value of the same file only', async () => {
    const { depot, file } = await stored()
    const other = await depot.upload(UploadedFile.from(Buffer.from('hello')))
    const json = file.toJSON()
    const [one, two] = [UploadedFile.from(bytesOf(1)), UploadedFile.from(bytesOf(1))]

    expect(file.equals(file)).toBe(true)
    expect(file.equals(UploadedFile.fromJSON(json))).toBe(true)
    expect(file.equals(UploadedFile.fromJSON({ ...json, storage: 'backup', files: [] }))).toBe(false)
    expect(file.equals(other)).toBe(false)
    expect(file.equals(json)).toBe(false)
    expect(file.equals(undefined)).toBe(false)
    expect(one.equals(one)).toBe(true)
    expect([one.equals(two), one.equals(file), file.equals(one)]).toEqual([false, false, false])
  })

  it('opens its file and reads it', async () => {
    const { file } = await stored()

    const opened = await file.open()

    expect(opened).toMatchObject({ id: file.id, filename: 'hello.txt', size: 5 })
    expect(await opened.text()).toBe('hello')
    expect((await file.bytes()).toString()).toBe('hello')
  })

  it('is read by one call that tells the storage its size, but no size that came as JSON', async () => {
    const calls: unknown[] = []
    class Reading extends MemoryBackend {
      override stat(id: string) {
        calls.push('stat')
        return super.stat(id)
      }
      async readBytes(id: string, { size }: ReadBytesOptions = {}): Promise<Buffer> {
        calls.push(size)
        return await buffer(await this.read(id))
      }
    }
    const depot = memoryDepot(new Reading())
    const file = await depot.upload(UploadedFile.from(Buffer.from('hello')))
    const unverified = UploadedFile.fromJSON(file.toJSON())
    bindManager(unverified, depot)

    const texts = [String(await file.bytes()), String(await unverified.bytes())]

    expect(texts).toEqual(['hello', 'hello'])
    expect(calls).toEqual([5, undefined])
  })

  it('cannot be read when its signal is aborted, nor without its file', async () => {
    const { depot, file } = await stored()
    const local = new DepotManager()
    local.configure('local', new LocalBackend(await temporaryFolder()))
    const onDisk = await local.upload(UploadedFile.from(Buffer.from('hello')))
    const aborted = { signal: AbortSignal.abort() }
    const errors = [await failure(file.bytes(aborted)), await failure(onDisk.bytes(aborted))]
    await depot.get().delete(file.id)
    await local.get().delete(onDisk.id)

    errors.push(await failure(file.bytes()), await failure(onDisk.bytes()))

    expect(errors).toMatchObject([
      { code: 'ABORTED' },
      { code: 'ABORTED' },
      { code: 'FILE_NOT_FOUND', path: file.path },
      { code: 'FILE_NOT_FOUND', path: onDisk.path },
    ])
  })

  it('says where its file is missing', async () => {
    const { depot, file } = await stored()
    await depot.get().delete(file.id)

    expect(await failure(file.open())).toMatchObject({ code: 'FILE_NOT_FOUND', path: file.path })
  })

  it('has the URL of the HTTP handler where its storage has no public one', async () => {
    const { depot, file } = await stored()

    depot.baseUrl = '/files'

    expect(file.url).toBe(`/files/default/${file.id}`)
    expect(await failure(file.signedUrl())).toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  it('has the public and the signed URL of its storage, as they are now', async () => {
    class Public extends MemoryBackend {
      host = 'one.example.com'
      publicUrl(id: string): string {
        return `https://${this.host}/${id}`
      }
      signedUrl(id: string, { expiresIn = 900 }: { expiresIn?: number }): Promise<string> {
        return Promise.resolve(`https://${this.host}/${id}?expires=${expiresIn}`)
      }
    }
    const backend = new Public()
    const depot = memoryDepot(backend)
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))

    backend.host = 'two.example.com'

    expect(file.url).toBe(`https://two.example.com/${file.id}`)
    expect(await file.signedUrl({ expiresIn: 5 })).toBe(`https://two.example.com/${file.id}?expires=5`)
  })

  it('that a row held finds its file through the manager it is bound to, else through that of the process', async () => {
    const { depot, file } = await stored()
    const loaded = UploadedFile.fromJSON(file.toJSON())

    const unbound = await failure(loaded.open())
    bindManager(loaded, depot)

    expect(processDepot.storages()).toEqual([])
    expect(unbound).toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    expect((await loaded.bytes()).toString()).toBe('hello')
  })

  it('is uploaded only once', async () => {
    const { depot, file } = await stored()

    const again = await depot.upload(file)

    expect(again).toBe(file)
    expect(await pathsOf(depot)).toEqual([file.path])
  })
})
