import { describe, expect, it } from '@jest/globals'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { ReadableStream } from 'node:stream/web'
import vm from 'node:vm'
import type { FileContent } from '../../src/content/file-content.ts'
import { FileIntent, fromDataUrl, fromPath } from '../../src/content/file-intent.ts'
import { resolveContent } from '../../src/content/resolve-content.ts'
import type { StoreOptions } from '../../src/storage/file-storage.ts'
import { failure, thrown } from '../support/failure.ts'
import { Source } from '../support/sources.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const HELLO = Buffer.from('hello')

async function* generate(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('hel'))
  yield Buffer.from('lo')
}

/** Stores a content in a fresh storage, and tells what then lies there. */
async function store(content: FileContent, options?: StoreOptions) {
  const files = memoryStorage()
  const { id, filename, contentType, declaredType } = await files.store(content, options)
  return { filename, contentType, declaredType, text: await (await files.get(id)).text() }
}

describe('a content', () => {
  it.each<[string, () => FileContent]>([
    ['a Buffer', () => HELLO],
    ['a Uint8Array', () => new Uint8Array(HELLO)],
    ['a part of a larger Uint8Array', () => new Uint8Array(Buffer.from('>hello<')).subarray(1, 6)],
    ['an ArrayBuffer', () => new Uint8Array(HELLO).buffer],
    [
      'a Uint8Array of another realm',
      () => vm.runInNewContext('Uint8Array.from([104,101,108,108,111])') as Uint8Array,
    ],
    [
      'an ArrayBuffer of another realm',
      () => vm.runInNewContext('Uint8Array.from([104,101,108,108,111]).buffer') as ArrayBuffer,
    ],
    ['a Blob', () => new Blob(['hel', 'lo'])],
    ['a Readable', () => Readable.from([Buffer.from('hel'), Buffer.from('lo')])],
    ['a PassThrough', () => new PassThrough().end(HELLO)],
    ['a web ReadableStream', () => new Source([HELLO]).web()],
    ['the body of a Response', () => new Response('hello').body as ReadableStream<Uint8Array>],
    ['an async generator', () => generate()],
    ['an object with an async iterator', () => ({ [Symbol.asyncIterator]: generate })],
    ['a FileIntent', () => new FileIntent(HELLO)],
    ['an intent with a stream', () => new FileIntent(Readable.from([HELLO]))],
    ['a stream with empty chunks', () => Readable.from([Buffer.alloc(0), HELLO, Buffer.alloc(0)])],
  ])('may be %s', async (_, content) => {
    expect(await store(content())).toEqual({
      filename: 'unnamed',
      contentType: 'text/plain',
      declaredType: undefined,
      text: 'hello',
    })
  })

  it.each<[string, () => FileContent]>([
    ['bytes', () => Buffer.alloc(0)],
    ['a Blob', () => new Blob([])],
    ['a Readable', () => Readable.from([])],
    ['a web ReadableStream', () => new Source([]).web()],
    ['an async generator', () => new Source([]).generate()],
  ])('may be empty: %s', async (_, content) => {
    expect(await store(content())).toMatchObject({ text: '' })
  })

  it('may be a File, with its name and the type that it claims', async () => {
    const content = new File([HELLO], 'hello.txt', { type: 'text/plain;charset=utf-8' })

    expect(await store(content)).toEqual({
      filename: 'hello.txt',
      contentType: 'text/plain',
      declaredType: 'text/plain;charset=utf-8',
      text: 'hello',
    })
  })

  it('may be a stream from the disk, which is named after its file', async () => {
    const path = join(await temporaryFolder(), 'hello.md')
    await writeFile(path, HELLO)

    expect(await store(createReadStream(path))).toMatchObject({
      filename: 'hello.md',
      contentType: 'text/markdown',
      text: 'hello',
    })
  })

  it('may be a file of another storage, with its name, type and metadata', async () => {
    const source = memoryStorage('source')
    const target = memoryStorage('target')
    const metadata = { author: 'Ada' }
    const original = await source.create(HELLO, {
      filename: 'a.bin',
      contentType: 'application/x-own',
      metadata,
    })

    const id = await target.create(await source.get(original))

    const copy = await target.get(id)
    expect(id).not.toBe(original)
    expect(copy).toMatchObject({ filename: 'a.bin', contentType: 'application/x-own', size: 5, metadata })
    expect(await copy.text()).toBe('hello')
  })

  it('takes its name from the caller before it takes its own', async () => {
    const content = new File([HELLO], 'client.txt')

    expect(await store(content, { filename: 'ours.txt' })).toMatchObject({ filename: 'ours.txt' })
  })

  it('has a name that is cleaned', async () => {
    const content = new File([HELLO], '../../etc/cron.d/x\n.txt')

    expect(await store(content)).toMatchObject({ filename: 'x.txt' })
  })

  it('is read from where its stream stands', async () => {
    const stream = Readable.from([Buffer.from('skip'), HELLO])
    await stream[Symbol.asyncIterator]().next()

    expect(await store(stream)).toMatchObject({ text: 'hello' })
  })

  it('can be read again where it is not a stream', async () => {
    const files = memoryStorage()
    const stored = await files.get(await files.create(HELLO))

    const replayable = [HELLO, new Blob([HELLO]), new FileIntent(HELLO), stored, fromDataUrl('data:,hello')]
    const oneShot = [
      Readable.from([HELLO]),
      generate(),
      new Source([HELLO]).web(),
      new FileIntent(generate()),
    ]

    expect(replayable.map((content) => resolveContent(content).replayable)).toEqual(
      replayable.map(() => true),
    )
    expect(oneShot.map((content) => resolveContent(content).replayable)).toEqual(oneShot.map(() => false))
    expect(resolveContent(fromPath('/missing')).replayable).toBe(true)
    expect(await text(await resolveContent(stored).open())).toBe('hello')
    expect(await text(await resolveContent(stored).open())).toBe('hello')
    expect(await text(await resolveContent(HELLO).open())).toBe('hello')
  })
})

describe('what is no content', () => {
  it.each<[unknown, string]>([
    ['text', 'Cannot store text as a file'],
    ['', 'Cannot store text as a file'],
    ['/etc/passwd', 'Cannot store text as a file'],
    [undefined, 'got undefined'],
    [null, 'got null'],
    [0, 'got 0 (number)'],
    [true, 'got true (boolean)'],
    [{}, 'got an object of Object'],
    [[1, 2, 3], 'got an object of Array'],
    [new Map(), 'got an object of Map'],
    [new Date(0), 'got an object of Date'],
    [Promise.resolve(HELLO), 'got an object of Promise'],
    [new Uint16Array(2), 'got an object of Uint16Array'],
    [new Error('x'), 'got an object of Error'],
    [{ type: 'Buffer', data: [104, 101] }, 'got an object of Object'],
    [{ file: 'text' }, 'got an object of Object'],
    [{ buffer: { type: 'Buffer', data: [] } }, 'got an object of Object'],
    [{ file: { path: '/etc/passwd' } }, 'got an object of Object'],
    [new FileIntent('text' as never), 'Cannot store text as a file'],
  ])('is refused: %p', async (content, message) => {
    const files = memoryStorage()
    const [kept] = [await files.create(HELLO)]

    const created = await failure(files.create(content as never))
    const replaced = await failure(files.replace(kept, content as never))

    for (const error of [created, replaced]) {
      expect(error).toMatchObject({ code: 'INVALID_CONTENT', message: expect.stringContaining(message) })
    }
    expect(await idsOf(files)).toEqual([kept])
    expect(await (await files.get(kept)).text()).toBe('hello')
  })

  it.each<[string, unknown]>([
    ['text', 'hel'],
    ['numbers', 5],
    ['plain objects', { a: 1 }],
    ['other arrays', new Uint16Array(2)],
  ])('is refused where a stream has chunks of %s', async (_, chunk) => {
    const files = memoryStorage()
    const first = new Source([chunk])
    const later = new Source([Buffer.alloc(100_000), chunk])

    const errors = [
      await failure(files.create(first.readable())),
      await failure(files.create(later.readable())),
    ]

    expect(errors.map(({ code }) => code)).toEqual(['INVALID_CONTENT', 'INVALID_CONTENT'])
    expect(errors[0]?.message).toContain('Expected a stream of bytes')
    expect([first.closed, later.closed]).toEqual([true, true])
    expect(await idsOf(files)).toEqual([])
  })

  it('is refused where a stream was told to decode its bytes', async () => {
    const files = memoryStorage()
    const stream = new PassThrough({ encoding: 'utf8' }).end(HELLO)

    expect(await failure(files.create(stream))).toMatchObject({ code: 'INVALID_CONTENT' })
    expect(await idsOf(files)).toEqual([])
  })
})

describe('a stream that was used', () => {
  const used: [string, () => FileContent | Promise<FileContent>][] = [
    [
      'a Readable that was read',
      async () => {
        const stream = Readable.from([HELLO])
        await text(stream)
        return stream
      },
    ],
    ['a Readable that was destroyed', () => Readable.from([HELLO]).destroy()],
    [
      'a web stream that is locked',
      () => {
        const stream = new Source([HELLO]).web()
        stream.getReader()
        return stream
      },
    ],
    [
      'a web stream that was read and let go',
      async () => {
        const stream = new Source([HELLO]).web()
        const reader = stream.getReader()
        while (!(await reader.read()).done);
        reader.releaseLock()
        return stream
      },
    ],
    [
      'a web stream that was cancelled',
      async () => {
        const stream = new Source([HELLO]).web()
        await stream.cancel()
        return stream
      },
    ],
    [
      'the body of a Response that was read',
      async () => {
        const response = new Response('hello')
        await response.text()
        return response.body as ReadableStream<Uint8Array>
      },
    ],
  ]

  it.each(used)('is refused: %s', async (_, make) => {
    const files = memoryStorage()
    const content = await make()

    expect(await failure(files.create(content))).toMatchObject({ code: 'CONTENT_CONSUMED' })
    expect(await failure(files.create(new FileIntent(content)))).toMatchObject({ code: 'CONTENT_CONSUMED' })
    expect(await idsOf(files)).toEqual([])
  })

  it.each<[string, () => FileContent]>([
    ['a Readable', () => Readable.from([HELLO])],
    ['a web stream', () => new Source([HELLO]).web()],
    ['an async generator', () => generate()],
    ['a part with a stream', () => ({ filename: 'a', file: Readable.from([HELLO]) })],
    ['an intent with a generator', () => new FileIntent(generate())],
  ])('is not stored as an empty file the second time: %s', async (_, make) => {
    const files = memoryStorage()
    const content = make()
    const id = await files.create(content)

    expect(await failure(files.create(content))).toMatchObject({ code: 'CONTENT_CONSUMED' })
    expect(await idsOf(files)).toEqual([id])
  })

  it('is refused where it is given twice at once', async () => {
    const files = memoryStorage()
    const content = generate()

    const [first, second] = await Promise.allSettled([files.create(content), files.create(content)])

    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'CONTENT_CONSUMED' } })
    expect(await idsOf(files)).toHaveLength(1)
  })

  it('is a stored file that was closed', async () => {
    const files = memoryStorage()
    const file = await files.get(await files.create(HELLO))
    await file.close()

    expect(await failure(files.create(file))).toMatchObject({ code: 'FILE_CLOSED' })
    expect(await idsOf(files)).toEqual([file.id])
  })

  it('does not throw while it is only looked at', () => {
    const stream = Readable.from([HELLO]).destroy()

    const resolved = resolveContent(stream)

    expect(thrown(() => resolved.open()).code).toBe('CONTENT_CONSUMED')
  })
})

describe('a stream that fails before it is stored', () => {
  it('does not end the process, and says why when it is stored', async () => {
    const files = memoryStorage()
    const pending = createReadStream('/no/such/file')
    resolveContent(pending)
    await setTimeout(20)

    const error = await failure(files.create(pending))

    expect(error).toMatchObject({ code: 'CONTENT_FAILED', cause: { code: 'ENOENT' } })
    expect(await idsOf(files)).toEqual([])
  })
})

describe('a stream that is not stored after all', () => {
  it('is closed, as nobody else is going to do it', async () => {
    const files = memoryStorage()
    const content = Readable.from([HELLO])

    const error = await failure(files.create(content, { signal: AbortSignal.abort() }))

    expect(error).toMatchObject({ code: 'ABORTED' })
    expect(content.destroyed).toBe(true)
  })
})
