import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FileBody, FileInfo } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import { allowTypes } from '../../src/content/file-validator.ts'
import type { FileFilter, StoreFile } from '../../src/upload/file-filter.ts'
import { UploadedFile, type ProcessedFile } from '../../src/upload/uploaded-file.ts'
import { BrokenBackend, GatedBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { until } from '../support/sources.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

/** Fails in the nth write. */
class FailingLater extends MemoryBackend {
  constructor(private left: number) {
    super()
  }
  override async write(id: string, body: FileBody, info: FileInfo, options: object): Promise<void> {
    if (--this.left === 0) throw new Error('disk gone')
    await super.write(id, body, info, options)
  }
}

/** Stores three files: the content, its first and its last byte. */
class WithEnds extends UploadedFile {
  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    const file = await store(content)
    const first = await store(Buffer.from('first'), { filename: 'first.txt' })
    const last = await store(Buffer.from('last'), { filename: 'last.txt' })
    return { file, metadata: { first: first.path, last: last.path } }
  }
}

describe('an upload', () => {
  it('goes to the storage that the value names, else to that of the options, else to the default', async () => {
    const depot = memoryDepot()
    depot.configure('column', new MemoryBackend())
    depot.configure('value', new MemoryBackend())
    const options = { storage: 'column' }

    const files = [
      await depot.upload(UploadedFile.from(bytesOf(1), { storage: 'value' }), options),
      await depot.upload(UploadedFile.from(bytesOf(1)), options),
      await depot.upload(UploadedFile.from(bytesOf(1))),
    ]

    expect(files.map(({ storage }) => storage)).toEqual(['value', 'column', 'default'])
  })

  it('needs a storage that is configured', async () => {
    const depot = memoryDepot()

    const named = await failure(depot.upload(UploadedFile.from(bytesOf(1), { storage: 'missing' })))
    const column = await failure(depot.upload(UploadedFile.from(bytesOf(1)), { storage: 'missing' }))

    expect([named.code, column.code]).toEqual(['STORAGE_NOT_FOUND', 'STORAGE_NOT_FOUND'])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('says what it stored by the event uploaded, for each file', async () => {
    const depot = memoryDepot()
    const heard: string[] = []
    depot.on('uploaded', ({ path, filename }) => heard.push(`${path} ${filename}`))

    const file = await depot.upload(WithEnds.from(bytesOf(5), { filename: 'a.bin' }))

    const names = ['a.bin', 'first.txt', 'last.txt']
    expect(heard).toEqual(file.files.map((path, index) => `${path} ${names[index]!}`))
  })

  it('keeps to the limits, and leaves nothing of what is over them', async () => {
    const depot = memoryDepot()

    const large = await failure(depot.upload(UploadedFile.from(bytesOf(100)), { maxSize: 99 }))
    const page = await failure(
      depot.upload(UploadedFile.from(Buffer.from('<html>'), { filename: 'a.png' }), {
        validators: [allowTypes('image/*')],
      }),
    )

    expect([large.code, page.code]).toEqual(['FILE_TOO_LARGE', 'FILE_REFUSED'])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('does not hold what is made of a file against the limits', async () => {
    const depot = memoryDepot()
    const options = { maxSize: 3, validators: [allowTypes('application/pdf')] }

    const file = await depot.upload(WithEnds.from(bytesOf(3), { contentType: 'application/pdf' }), options)

    expect(file.files).toHaveLength(3)
  })
})

describe('an upload type', () => {
  it('may store several files, which all belong to the value', async () => {
    const depot = memoryDepot()

    const file = await depot.upload(WithEnds.from(bytesOf(5), { filename: 'a.bin' }))

    const { first, last } = file.metadata as { first: string; last: string }
    expect(file).toBeInstanceOf(WithEnds)
    expect(file.files).toEqual([file.path, first, last])
    expect([...(await pathsOf(depot))].sort()).toEqual([...file.files].sort())
    expect(await (await depot.getFile(last)).text()).toBe('last')
  })

  it('may let the value stand for another file than the first', async () => {
    class Converted extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        const original = await store(content)
        const file = await store(Buffer.from('converted'), { filename: 'converted.txt' })
        return { file, metadata: { original: original.path } }
      }
    }
    const depot = memoryDepot()

    const file = await depot.upload(Converted.from(bytesOf(5)))

    expect(file.filename).toBe('converted.txt')
    expect(file.files).toEqual([file.path, file.metadata.original])
  })

  it.each([1, 2, 3])('leaves nothing where its store number %p fails', async (failing) => {
    const depot = memoryDepot(new FailingLater(failing))
    const heard: unknown[] = []
    depot.on('uploaded', (event) => heard.push(event))

    const error = await failure(depot.upload(WithEnds.from(bytesOf(5))))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { message: 'disk gone' } })
    expect(await pathsOf(depot)).toEqual([])
    expect(heard).toEqual([])
  })

  it('leaves nothing where it throws after storing', async () => {
    const broken = new Error('no such colour')
    class Broken extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        await store(content)
        throw broken
      }
    }
    const depot = memoryDepot()

    await expect(depot.upload(Broken.from(bytesOf(5)))).rejects.toBe(broken)
    expect(await pathsOf(depot)).toEqual([])
  })

  it('leaves nothing of a store that it did not await', async () => {
    const broken = new Error('no such colour')
    class Hasty extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        void store(Buffer.from('thumb')).then(() => store(Buffer.from('thumb of the thumb')))
        await store(content)
        throw broken
      }
    }
    const backend = new GatedBackend()
    const depot = memoryDepot(backend)

    const uploading = depot.upload(Hasty.from(bytesOf(5)))
    await until(() => backend.waiting === 2)
    backend.open()

    await expect(uploading).rejects.toBe(broken)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(backend.begun).toBe(3)
    expect(await pathsOf(depot)).toEqual([])
  })

  it('gets into the value what it stored without awaiting it', async () => {
    class Hasty extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        void store(Buffer.from('one'))
          .then(() => store(Buffer.from('two')))
          .then(() => store(Buffer.from('three')))
        return { file: await store(content) }
      }
    }
    const depot = memoryDepot()

    const file = await depot.upload(Hasty.from(bytesOf(5)))

    expect(file.files).toHaveLength(4)
    expect([...file.files].sort()).toEqual([...(await pathsOf(depot))].sort())
  })

  it('fails where a store fails that it did not await', async () => {
    class Hasty extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        const file = await store(content)
        void store(Buffer.from('thumb')).catch(() => undefined)
        return { file }
      }
    }
    const depot = memoryDepot(new FailingLater(2))

    expect(await failure(depot.upload(Hasty.from(bytesOf(5))))).toMatchObject({ code: 'WRITE_FAILED' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('has to store the file that it returns', async () => {
    class Foreign extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        return { file: { ...(await store(content)) } }
      }
    }
    const depot = memoryDepot()

    expect(await failure(depot.upload(Foreign.from(bytesOf(5))))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected the file of process() to be one that store() returned'),
    })
    expect(await pathsOf(depot)).toEqual([])
  })
})

describe('filters', () => {
  it('run in order after the upload, and share the metadata', async () => {
    const depot = memoryDepot()
    const seen: unknown[] = []
    const filters: FileFilter[] = [
      {
        async onSave({ file, metadata }) {
          seen.push([file.filename, await depot.get().exists(file.id)])
          metadata.one = 1
          metadata.two = 2
        },
      },
      {
        onSave({ metadata }) {
          seen.push({ ...metadata })
          metadata.one = 'changed'
          delete metadata.two
        },
      },
    ]

    const file = await depot.upload(UploadedFile.from(bytesOf(1), { filename: 'a.bin' }), { filters })

    expect(seen).toEqual([['a.bin', true], { one: 1, two: 2 }])
    expect(file.metadata).toEqual({ one: 'changed' })
    expect(UploadedFile.fromJSON(JSON.stringify(file)).metadata).toEqual({ one: 'changed' })
  })

  it('add to what the upload type said', async () => {
    const depot = memoryDepot()
    const filters: FileFilter[] = [{ onSave: ({ metadata }) => void (metadata.author = 'Ada') }]

    const file = await depot.upload(WithEnds.from(bytesOf(1)), { filters })

    expect(Object.keys(file.metadata)).toEqual(['first', 'last', 'author'])
  })

  it('cannot change the value once it is stored', async () => {
    const depot = memoryDepot()
    const kept: Record<string, unknown>[] = []
    const filters: FileFilter[] = [{ onSave: ({ metadata }) => void kept.push(metadata) }]

    const file = await depot.upload(UploadedFile.from(bytesOf(1)), { filters })

    expect(() => (kept[0]!.late = true)).toThrow(TypeError)
    expect(file.metadata).toEqual({})
  })

  it.each<[string, () => FileContent]>([
    ['the original bytes', () => Buffer.from('hello')],
    ['a Blob', () => new Blob(['hello'])],
    ['the storage, where the content was a stream', () => Readable.from([Buffer.from('hello')])],
  ])('read the bytes from %s, as often as they like', async (_, content) => {
    const depot = memoryDepot()
    const read: string[] = []
    const filter: FileFilter = {
      async onSave({ open }) {
        read.push(await text(await open()), await text(await open()))
      },
    }

    await depot.upload(UploadedFile.from(content()), { filters: [filter, filter] })

    expect(read).toEqual(['hello', 'hello', 'hello', 'hello'])
  })

  it('may store files, which belong to the value', async () => {
    const depot = memoryDepot()
    const filters: FileFilter[] = [
      {
        async onSave({ store, metadata }) {
          metadata.thumb = (await store(Buffer.from('thumb'), { filename: 'thumb.png' })).path
        },
      },
    ]

    const file = await depot.upload(UploadedFile.from(bytesOf(1)), { filters })

    expect(file.files).toEqual([file.path, file.metadata.thumb])
    expect([...file.files].sort()).toEqual([...(await pathsOf(depot))].sort())
  })

  it('leave nothing where one of them throws', async () => {
    const depot = memoryDepot()
    const broken = new Error('not an image')
    const ran: number[] = []
    const filters: FileFilter[] = [
      {
        async onSave({ store }) {
          await store(Buffer.from('thumb'))
        },
      },
      {
        onSave() {
          throw broken
        },
      },
      { onSave: () => void ran.push(3) },
    ]

    await expect(depot.upload(WithEnds.from(bytesOf(1)), { filters })).rejects.toBe(broken)

    expect(ran).toEqual([])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('leave nothing behind but what cannot be deleted, which is told', async () => {
    const backend = new BrokenBackend()
    const depot = memoryDepot(backend)
    const told: string[] = []
    depot.on('deleteFailed', ({ path }) => told.push(path))
    const filters: FileFilter[] = [
      {
        onSave({ file }) {
          backend.undeletable.add(file.id)
          throw new Error('not an image')
        },
      },
    ]

    await expect(depot.upload(UploadedFile.from(bytesOf(1)), { filters })).rejects.toThrow('not an image')

    expect(told).toEqual(await pathsOf(depot))
    expect(told).toHaveLength(1)
  })
})

describe('an upload that is aborted', () => {
  it('leaves nothing of the files that were stored before', async () => {
    const depot = memoryDepot()
    const abort = new AbortController()
    class Slow extends UploadedFile {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        const file = await store(content)
        abort.abort(new Error('rolled back'))
        await store(Buffer.from('thumb'))
        return { file }
      }
    }

    const error = await failure(depot.upload(Slow.from(bytesOf(1)), { signal: abort.signal }))

    expect(error).toMatchObject({ code: 'ABORTED', cause: { message: 'rolled back' } })
    expect(await pathsOf(depot)).toEqual([])
  })
})
