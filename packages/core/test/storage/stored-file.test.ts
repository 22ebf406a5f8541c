import { describe, expect, it } from '@jest/globals'
import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { bytesOf, sha256 } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

async function storedFile(content: Uint8Array = Buffer.from('héllo')) {
  const files = memoryStorage('docs')
  return await files.get(await files.create(content, { filename: 'hello.txt' }))
}

describe('a stored file', () => {
  it('knows what the storage knows of it', async () => {
    const before = Date.now()
    const file = await storedFile()

    expect(file).toMatchObject({
      filename: 'hello.txt',
      name: 'hello.txt',
      contentType: 'text/plain',
      size: 6,
      sha256: sha256(Buffer.from('héllo')),
      storage: 'docs',
      path: `docs/${file.id}`,
      metadata: {},
      closed: false,
      publicUrl: undefined,
    })
    expect(file.etag).not.toBe('')
    expect(file.lastModified.getTime()).toBeGreaterThanOrEqual(before)
  })

  it('can be read in every way, and again', async () => {
    const file = await storedFile()

    const chunks: Uint8Array[] = []
    for await (const chunk of file) chunks.push(chunk)
    const blob = await file.blob()

    expect(Buffer.concat(chunks).toString()).toBe('héllo')
    expect(await file.text()).toBe('héllo')
    expect((await file.bytes()).equals(Buffer.from('héllo'))).toBe(true)
    expect(await file.arrayBuffer()).toEqual(new Uint8Array(Buffer.from('héllo')).buffer)
    expect((await buffer(await file.stream())).toString()).toBe('héllo')
    expect([blob.type, await blob.text()]).toEqual(['text/plain', 'héllo'])
  })

  it('can be opened where its storage opens files, and only there', async () => {
    const folder = await temporaryFolder()
    const files = memoryStorage('local', new LocalBackend(folder))
    const file = await files.get(await files.create(Buffer.from('héllo')))

    const opened = await file.openBytes()
    const bytes = Buffer.alloc(6)
    const count = await opened?.read(bytes, 0)
    await opened?.close()

    expect([opened?.size, opened?.etag, count, bytes.toString()]).toEqual([6, file.etag, 6, 'héllo'])
    expect(await (await storedFile()).openBytes()).toBeUndefined()
  })

  it('can be empty', async () => {
    const file = await storedFile(Buffer.alloc(0))

    expect(await file.text()).toBe('')
    expect((await file.blob()).size).toBe(0)
  })

  it('gives a part of its bytes', async () => {
    const file = await storedFile(Buffer.from('0123456789'))
    const read = async (start: number, end?: number) =>
      (await buffer(await file.stream({ start, end }))).toString()

    expect(await read(0)).toBe('0123456789')
    expect(await read(3)).toBe('3456789')
    expect(await read(3, 5)).toBe('345')
    expect(await read(9, 9)).toBe('9')
    expect(await read(8, 500)).toBe('89')
  })

  it.each([
    [-1, 3],
    [10, undefined],
    [5, 4],
    [0.5, 3],
    [0, 1.5],
    [NaN, undefined],
  ])('refuses the range %p-%p', async (start, end) => {
    const file = await storedFile(Buffer.from('0123456789'))

    expect(await failure(file.stream({ start, end }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected range to be within the 10 bytes of the file'),
    })
  })
})

describe('a stored file that is closed', () => {
  it('cannot be read', async () => {
    const file = await storedFile()

    await file.close()

    const readings = [
      file.bytes(),
      file.text(),
      file.blob(),
      file.stream(),
      file.openBytes(),
      file[Symbol.asyncIterator]().next(),
    ]
    for (const reading of readings) {
      expect(await failure(reading)).toMatchObject({
        code: 'FILE_CLOSED',
        message: `Cannot read the file "${file.path}" after it was closed. Open it again`,
      })
    }
    expect(file.closed).toBe(true)
  })

  it('ends the streams that are open', async () => {
    const file = await storedFile(bytesOf(1000))
    const streams = [await file.stream(), await file.stream()]

    await file.close()
    await file.close()

    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  it('ends a stream that was being opened', async () => {
    const opened: Readable[] = []
    class Slow extends MemoryBackend {
      override async read(id: string): Promise<Readable> {
        await new Promise((resolve) => setImmediate(resolve))
        opened.push(await super.read(id))
        return opened[0]!
      }
    }
    const files = memoryStorage('docs', new Slow())
    const file = await files.get(await files.create(bytesOf(10)))

    const opening = failure(file.stream())
    await file.close()

    expect(await opening).toMatchObject({ code: 'FILE_CLOSED' })
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('is what is left of it after its block', async () => {
    const files = memoryStorage()
    const id = await files.create(Buffer.from('hello'))

    const inside = await (async () => {
      await using file = await files.get(id)
      return { file, text: await file.text() }
    })()

    expect(inside.text).toBe('hello')
    expect(inside.file.closed).toBe(true)
    expect(await files.exists(id)).toBe(true)
  })
})

describe('a stored file that cannot be read', () => {
  it('says so with its path and the cause', async () => {
    const cause = new Error('connection lost')
    class Breaking extends MemoryBackend {
      override read(): Promise<Readable> {
        const stream = new PassThrough()
        stream.write('begin')
        setImmediate(() => stream.destroy(cause))
        return Promise.resolve(stream)
      }
    }
    const files = memoryStorage('docs', new Breaking())
    const file = await files.get(await files.create(bytesOf(10)))

    expect(await failure(file.bytes())).toMatchObject({
      code: 'READ_FAILED',
      message: `Cannot read "docs/${file.id}": connection lost`,
      cause,
    })
  })

  it('says so where it cannot be opened', async () => {
    const cause = new Error('connection lost')
    const openFile = () => Promise.reject(cause)
    const files = memoryStorage('docs', Object.assign(new MemoryBackend(), { openFile }))
    const file = await files.get(await files.create(bytesOf(10)))

    expect(await failure(file.openBytes())).toMatchObject({
      code: 'READ_FAILED',
      message: `Cannot read "docs/${file.id}": connection lost`,
      cause,
    })
  })

  it('says so where it was aborted', async () => {
    class Endless extends MemoryBackend {
      override read(
        _: string,
        __?: object,
        { signal }: { signal?: AbortSignal | undefined } = {},
      ): Promise<Readable> {
        const stream = new PassThrough()
        signal?.addEventListener('abort', () => stream.destroy(signal.reason as Error))
        return Promise.resolve(stream)
      }
    }
    const files = memoryStorage('docs', new Endless())
    const file = await files.get(await files.create(bytesOf(10)))
    const abort = new AbortController()

    const reading = failure(file.text({ signal: abort.signal }))
    setImmediate(() => {
      abort.abort()
    })

    expect(await reading).toMatchObject({
      code: 'ABORTED',
      message: `The read of "docs/${file.id}" was aborted`,
    })
  })
})
