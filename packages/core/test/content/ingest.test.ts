import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { setImmediate } from 'node:timers/promises'
import type { FileBody, FileInfo } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import { ingest } from '../../src/content/ingest.ts'
import { resolveContent } from '../../src/content/resolve-content.ts'
import { FiledepotError } from '../../src/errors.ts'
import { GatedBackend } from '../support/backends.ts'
import { bytesOf, chunksOf, sha256 } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { endless, Source, until } from '../support/sources.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'

const KIB = 1024
const SIZES = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 1024 * KIB + 1]
const contents = new Map(SIZES.map((size) => [size, bytesOf(size)]))

type Kind = 'bytes' | 'blob' | 'readable' | 'web' | 'generator'

/** The bytes as a content of some kind, a stream in chunks of these sizes. */
function contentOf(kind: Kind, bytes: Uint8Array, sizes: readonly number[]): FileContent {
  const source = new Source(chunksOf(bytes, sizes))
  switch (kind) {
    case 'bytes':
      return bytes
    case 'blob':
      return new Blob([...chunksOf(new Uint8Array(bytes), sizes)] as Uint8Array<ArrayBuffer>[])
    case 'readable':
      return source.readable()
    case 'web':
      return source.web()
    case 'generator':
      return source.generate()
  }
}

describe('what is stored', () => {
  it.each(SIZES)('has its size and SHA-256: %p bytes', async (size) => {
    const files = memoryStorage()
    const bytes = contents.get(size)!

    const record = await files.store(bytes)

    const file = await files.get(record.id)
    expect(record).toMatchObject({ size, sha256: sha256(bytes) })
    expect(file).toMatchObject({ size, sha256: sha256(bytes) })
    expect((await file.bytes()).equals(bytes)).toBe(true)
  })

  it('has its size and SHA-256, however it comes', async () => {
    const chunkSizes = fc.array(
      fc.oneof(fc.integer({ min: 700, max: 5000 }), fc.integer({ min: 60_000, max: 200_000 })),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    const kinds = fc.constantFrom<Kind>('blob', 'readable', 'web', 'generator')

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SIZES), kinds, chunkSizes, async (size, kind, sizes) => {
        const files = memoryStorage()
        const bytes = contents.get(size)!

        const record = await files.store(contentOf(kind, bytes, sizes))

        const file = await files.get(record.id)
        expect(record).toMatchObject({ size, sha256: sha256(bytes) })
        expect(file).toMatchObject({ size, sha256: sha256(bytes) })
        expect((await file.bytes()).equals(bytes)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('is whole where it comes byte by byte', async () => {
    const files = memoryStorage()
    const bytes = bytesOf(64 * KIB + 1)

    const record = await files.store(new Source(chunksOf(bytes, [1])).generate())

    expect(record).toMatchObject({ size: bytes.byteLength, sha256: sha256(bytes) })
  })

  it.each([
    [64 * KIB, true],
    [64 * KIB + 1, false],
  ])('reaches the backend whole or as a stream: %p bytes', async (size, whole) => {
    const content = resolveContent(new Source(chunksOf(bytesOf(size), [10_000])).readable())

    const { body, describe } = await ingest(content, {})
    const info = describe()

    expect(body instanceof Uint8Array).toBe(whole)
    expect([info.size, info.sha256 !== undefined]).toEqual(whole ? [size, true] : [undefined, false])
    if (!(body instanceof Uint8Array))
      for await (const chunk of body) expect(chunk.byteLength).toBeGreaterThan(0)
    expect(info).toMatchObject({ size, sha256: sha256(bytesOf(size)) })
  })

  it('has a type that the first bytes decide, also where they come one by one', async () => {
    const files = memoryStorage()
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), bytesOf(200_000)])

    const record = await files.store(new Source(chunksOf(png, [3])).generate(), { filename: 'photo.jpg' })

    expect(record.contentType).toBe('image/png')
  })
})

describe('maxSize', () => {
  const kinds: Kind[] = ['bytes', 'blob', 'readable', 'web', 'generator']
  const cases = kinds.flatMap((kind) => [0, 100, 64 * KIB, 300_000].map((size) => [kind, size] as const))

  it.each(cases)('lets pass what is as large, or smaller: %s of %p bytes', async (kind, size) => {
    const files = memoryStorage()
    const bytes = bytesOf(size)

    const equal = await files.store(contentOf(kind, bytes, [40_000]), { maxSize: size })
    const below = await files.store(contentOf(kind, bytes, [40_000]), { maxSize: size + 1 })

    expect([equal.size, below.size]).toEqual([size, size])
  })

  it.each(cases.filter(([, size]) => size > 0))(
    'stores nothing of what is larger: %s of %p bytes',
    async (kind, size) => {
      const files = memoryStorage()

      const error = await failure(
        files.create(contentOf(kind, bytesOf(size), [40_000]), { maxSize: size - 1, filename: 'film.mp4' }),
      )

      expect(error).toMatchObject({
        name: 'FileTooLargeError',
        code: 'FILE_TOO_LARGE',
        filename: 'film.mp4',
        maxSize: size - 1,
        message: `"film.mp4" is larger than ${size - 1} bytes`,
      })
      expect(await idsOf(files)).toEqual([])
    },
  )

  it.each(['readable', 'web', 'generator'] as const)('stops a stream at the limit: %s', async (kind) => {
    const files = memoryStorage()
    const source = new Source(endless(bytesOf(10_000)))
    const content = {
      readable: () => source.readable(),
      web: () => source.web(),
      generator: () => source.generate(),
    }

    const error = await failure(files.create(content[kind](), { maxSize: 1_000_000 }))

    expect(error.code).toBe('FILE_TOO_LARGE')
    await until(() => source.closed)
    expect(source.taken).toBeLessThanOrEqual(105)
    expect(await idsOf(files)).toEqual([])
  })

  it.each([-1, 0.5, NaN, '5'])('is refused where it is no size: %p', async (maxSize) => {
    const files = memoryStorage()

    const error = await failure(files.create(bytesOf(1), { maxSize: maxSize as number }))

    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected maxSize'),
    })
    expect(await idsOf(files)).toEqual([])
  })
})

describe('validators', () => {
  it('run one after the other, before the backend hears of the file', async () => {
    const heard: unknown[] = []
    class Noting extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: object): Promise<void> {
        heard.push('write')
        await super.write(id, body, info, options)
      }
    }
    const files = memoryStorage('scratch', new Noting())
    const content = new File(['a,b'], '../people.csv', { type: 'text/csv' })

    await files.create(content, {
      validators: [
        async (file) => {
          await setImmediate()
          heard.push(file)
        },
        () => {
          heard.push('second')
        },
      ],
    })

    const file = { filename: 'people.csv', contentType: 'text/csv', declaredType: 'text/csv', size: 3 }
    expect(heard).toEqual([expect.objectContaining(file), 'second', 'write'])
  })

  it('know the size where it is known', async () => {
    const files = memoryStorage()
    const sizes: (number | undefined)[] = []
    const validators = [
      ({ size }: { size: number | undefined }) => {
        sizes.push(size)
      },
    ]
    const large = bytesOf(100_000)

    await files.create(large, { validators })
    await files.create(new Blob([large]), { validators })
    await files.create(new Source([bytesOf(10)]).readable(), { validators })
    await files.create(new Source([large]).readable(), { validators })

    expect(sizes).toEqual([100_000, 100_000, 10, undefined])
  })

  it.each([10, 300_000])('refuse a file of %p bytes with an error of their own', async (size) => {
    const backend = new GatedBackend()
    const files = memoryStorage('scratch', backend)
    const source = new Source(chunksOf(bytesOf(size), [10_000]))
    const refusal = new Error('no files on Sundays')

    const creating = files.create(source.readable(), { validators: [() => Promise.reject(refusal)] })

    await expect(creating).rejects.toBe(refusal)
    await until(() => source.closed)
    expect(backend.begun).toBe(0)
    expect(await idsOf(files)).toEqual([])
  })
})

describe('back-pressure', () => {
  it('takes from a stream only what the backend takes', async () => {
    let allowed = 0
    let read = 0
    class Slow extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: object): Promise<void> {
        const slowly = async function* () {
          for await (const chunk of body as AsyncIterable<Uint8Array>) {
            await until(() => read < allowed)
            read++
            yield chunk
          }
        }
        await super.write(id, slowly(), info, options)
      }
    }
    const files = memoryStorage('scratch', new Slow())
    const source = new Source(Array.from({ length: 40 }, () => bytesOf(70_000)))

    const creating = files.create(source.readable())

    const ahead: number[] = []
    while (allowed < 40) {
      allowed += 5
      await until(() => read === allowed)
      for (let turn = 0; turn < 20; turn++) await setImmediate()
      ahead.push(source.taken - read)
    }
    await creating
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4)
    expect(source.taken).toBe(40)
  })
})

describe('an abort', () => {
  const reason = new Error('the user left')

  it('before the start stores nothing and keeps its reason', async () => {
    const files = memoryStorage()

    const error = await failure(files.create(bytesOf(5), { signal: AbortSignal.abort(reason) }))

    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: reason })
    expect(await idsOf(files)).toEqual([])
  })

  it('while the first bytes are awaited stores nothing and gives up the stream', async () => {
    const files = memoryStorage()
    const abort = new AbortController()
    const source = new Source(endless(bytesOf(1)))
    const stream = source.readable()

    const creating = failure(files.create(stream, { signal: abort.signal }))
    await until(() => source.taken > 3)
    abort.abort(reason)

    expect(await creating).toMatchObject({ code: 'ABORTED', cause: reason })
    await until(() => source.closed)
    expect(stream.destroyed).toBe(true)
    expect(await idsOf(files)).toEqual([])
  })

  it('while the bytes flow stores nothing and gives up the stream', async () => {
    const files = memoryStorage()
    const abort = new AbortController()
    const source = new Source(endless(bytesOf(10_000)))

    const creating = failure(files.create(source.web(), { signal: abort.signal }))
    await until(() => source.taken > 20)
    abort.abort(reason)

    expect(await creating).toMatchObject({ code: 'ABORTED', cause: reason })
    await until(() => source.closed)
    expect(await idsOf(files)).toEqual([])
  })

  it('while the backend writes stores nothing', async () => {
    const backend = new GatedBackend()
    const files = memoryStorage('scratch', backend)
    const abort = new AbortController()

    const creating = failure(files.create(bytesOf(10), { signal: abort.signal }))
    await until(() => backend.waiting === 1)
    abort.abort(reason)
    backend.open()

    expect(await creating).toMatchObject({ code: 'ABORTED', cause: reason })
    expect(await idsOf(files)).toEqual([])
  })

  it('leaves the old bytes where a file is replaced', async () => {
    const files = memoryStorage()
    const id = await files.create(Buffer.from('old'))
    const abort = new AbortController()
    const source = new Source(endless(bytesOf(10_000)))

    const replacing = failure(files.replace(id, source.readable(), { signal: abort.signal }))
    await until(() => source.taken > 20)
    abort.abort(reason)

    expect(await replacing).toMatchObject({ code: 'ABORTED' })
    expect(await (await files.get(id)).text()).toBe('old')
  })
})

describe('a content that fails', () => {
  const broken = new Error('the client went away')

  it.each<[string, number, (source: Source) => FileContent]>([
    ['a Readable at once', 0, (source) => source.readable()],
    ['a Readable in its first bytes', 1, (source) => source.readable()],
    ['a Readable later', 30, (source) => source.readable()],
    ['a web stream at once', 0, (source) => source.web()],
    ['a web stream later', 30, (source) => source.web()],
    ['a generator later', 30, (source) => source.generate()],
  ])('leaves nothing: %s', async (_, chunks, make) => {
    const files = memoryStorage()
    const source = new Source(
      Array.from({ length: chunks }, () => bytesOf(10_000)),
      broken,
    )

    const error = await failure(files.create(make(source), { filename: 'film.mp4' }))

    expect(error).toMatchObject({
      code: 'CONTENT_FAILED',
      cause: broken,
      message: 'Cannot read "film.mp4": the client went away',
    })
    expect(await idsOf(files)).toEqual([])
  })

  it('leaves the old bytes where a file is replaced', async () => {
    const files = memoryStorage()
    const id = await files.create(Buffer.from('old'), { filename: 'old.txt' })

    for (const chunks of [0, 1, 30]) {
      const source = new Source(
        Array.from({ length: chunks }, () => bytesOf(10_000)),
        broken,
      )
      expect(await failure(files.replace(id, source.readable()))).toMatchObject({
        code: 'CONTENT_FAILED',
        cause: broken,
      })
    }

    const file = await files.get(id)
    expect([file.filename, await file.text()]).toEqual(['old.txt', 'old'])
  })

  it('with an error of ours comes through as it is', async () => {
    const files = memoryStorage()
    const ours = new FiledepotError('FILE_REFUSED', 'a virus')

    const creating = files.create(new Source([bytesOf(10)], ours).readable())

    await expect(creating).rejects.toBe(ours)
  })

  it('leaves nothing where the stream is destroyed on the way', async () => {
    const files = memoryStorage()
    const source = new Source(endless(bytesOf(10_000)))
    const stream = source.readable()

    const creating = failure(files.create(stream))
    await until(() => source.taken > 20)
    stream.destroy()

    expect(await creating).toMatchObject({
      code: 'CONTENT_FAILED',
      cause: { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    })
    expect(await idsOf(files)).toEqual([])
  })
})
