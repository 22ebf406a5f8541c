import { describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { FileBody, FileInfo, StorageBackend } from '../../src/backend.ts'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { newFileId } from '../../src/file-id.ts'
import { CopyIncompleteError } from '../../src/storage/copy-incomplete-error.ts'
import { copyFile } from '../../src/storage/copy-file.ts'
import { copyStorage, type CopyProgress } from '../../src/storage/copy-storage.ts'
import { FileStorage } from '../../src/storage/file-storage.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { until } from '../support/sources.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

async function localStorage(name = 'disk'): Promise<FileStorage> {
  return new FileStorage(name, new LocalBackend(await temporaryFolder()))
}

/** What there is to know of all files, bytes included. */
async function contentOf(storage: FileStorage): Promise<unknown[]> {
  const files = []
  for (const id of await idsOf(storage)) {
    const { filename, contentType, size, sha256, lastModified, metadata, ...file } = await storage.get(id)
    const bytes = createHash('sha256')
      .update(await (await storage.get(id)).bytes())
      .digest('hex')
    files.push({ id: file.id, filename, contentType, size, sha256, lastModified, metadata, bytes })
  }
  return files
}

/** Stores a file past the facade, as another program may have done. */
async function put(backend: StorageBackend, bytes: Buffer, info: Partial<FileInfo> = {}): Promise<string> {
  const id = newFileId()
  const known = { filename: 'a.bin', contentType: 'application/x-own', size: bytes.byteLength, metadata: {} }
  await backend.write(id, bytes, { ...known, sha256: undefined, ...info }, {})
  return id
}

async function fill(storage: FileStorage): Promise<string[]> {
  const lastModified = new Date('2020-02-03T04:05:06.789Z')
  const old = await put(storage.backend, bytesOf(10), { lastModified, metadata: { author: 'Ада' } })
  const ids = [old]
  for (const size of [0, 5, 70_000, 300_000]) {
    ids.push(await storage.create(Readable.from([bytesOf(size)]), { filename: `些${size}.bin` }))
  }
  return ids
}

describe('copyStorage', () => {
  it.each<[string, () => Promise<[FileStorage, FileStorage]>]>([
    ['memory to disk', async () => [memoryStorage(), await localStorage()]],
    ['disk to memory', async () => [await localStorage(), memoryStorage()]],
    ['disk to disk', async () => [await localStorage('one'), await localStorage('two')]],
  ])('copies files with all that is known of them: %s', async (_, make) => {
    const [from, to] = await make()
    await fill(from)
    const before = await contentOf(from)

    const report = await copyStorage(from, to, { readBack: true })

    expect(report).toEqual({ copied: 5, skipped: 0, vanished: 0, bytes: 370_015, leftovers: [] })
    // A file that had no hash got one on its way.
    const hashed = before.map((file) => ({ ...(file as object), sha256: (file as { bytes: string }).bytes }))
    expect(await contentOf(to)).toEqual(hashed)
    expect(await contentOf(from)).toEqual(before)
  })

  it('does not ask the target for what it does not list', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to', new CountingBackend())]
    await fill(from)

    await copyStorage(from, to)

    // Once each, after it was written.
    expect((to.backend as CountingBackend).stats).toBe(5)
  })

  it('copies an empty storage', async () => {
    expect(await copyStorage(memoryStorage(), await localStorage())).toEqual(nothing)
  })

  it('does not copy again what is there, and keeps what only the target has', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to', new CountingBackend())]
    await fill(from)
    const own = await to.create(Buffer.from('its own'))
    await copyStorage(from, to)
    const late = await from.create(Buffer.from('late'))
    const counting = to.backend as CountingBackend
    counting.written.length = 0

    const report = await copyStorage(from, to)

    expect(report).toEqual({ copied: 1, skipped: 5, vanished: 0, bytes: 4, leftovers: [] })
    expect(counting.written).toEqual([late])
    expect(await idsOf(to)).toEqual([...(await idsOf(from)), own].sort())
  })

  it.each<[string, (from: FileStorage, to: FileStorage, id: string) => Promise<unknown>]>([
    ['has other bytes of the same size', (_, to, id) => to.replace(id, bytesOf(6).subarray(1))],
    ['has another size', (_, to, id) => to.replace(id, bytesOf(6))],
    ['has another name now', (from, _, id) => from.replace(id, bytesOf(5), { filename: 'b.bin' })],
    [
      'has other metadata now',
      (from, _, id) => from.replace(id, bytesOf(5), { filename: 'a.bin', metadata: { a: 'b' } }),
    ],
    [
      'has another type now',
      (from, _, id) => from.replace(id, bytesOf(5), { contentType: 'application/x-own' }),
    ],
  ])('copies again what %s', async (_, change) => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    const id = await from.create(bytesOf(5), { filename: 'a.bin' })
    await copyStorage(from, to)
    await change(from, to, id)

    const report = await copyStorage(from, to)

    expect(report).toMatchObject({ copied: 1, skipped: 0 })
    expect(await contentOf(to)).toEqual(await contentOf(from))
  })

  it('goes by the time where there is no hash', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to', new CountingBackend())]
    const counting = to.backend as CountingBackend
    counting.hashes = false
    const times = ['2020-01-01T00:00:00.900Z', '2020-01-01T00:00:01Z']
    const [kept, changed] = [await put(from.backend, bytesOf(5)), await put(from.backend, bytesOf(5))]
    for (const [index, id] of [kept, changed].entries()) {
      const info = {
        filename: 'a.bin',
        contentType: 'application/x-own',
        size: 5,
        sha256: undefined,
        metadata: {},
      }
      await counting.write(id, bytesOf(5), { ...info, lastModified: new Date('2020-01-01T00:00:00Z') }, {})
      await from.backend.write(
        id,
        bytesOf(6).subarray(1),
        { ...info, lastModified: new Date(times[index] ?? 0) },
        {},
      )
    }
    counting.written.length = 0

    await copyStorage(from, to)

    expect(counting.written).toEqual([changed])
  })

  it('copies anew what the target cannot read back', async () => {
    const [from, to] = [memoryStorage(), await localStorage()]
    const id = await from.create(Buffer.from('hello'))
    await copyStorage(from, to)
    await writeFile(join((to.backend as LocalBackend).folder, id.slice(0, 6), `${id}.r.json`), '{')

    const report = await copyStorage(from, to)

    expect(report.copied).toBe(1)
    expect(await (await to.get(id)).text()).toBe('hello')
  })

  it('tells how far it is after each file', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    const ids = [await from.create(bytesOf(1)), await from.create(bytesOf(2)), await from.create(bytesOf(3))]
    const first = await from.get(ids[0] ?? '')
    await to.replace(first, first)
    const heard: CopyProgress[] = []

    await copyStorage(from, to, { concurrency: 1, onProgress: (progress) => heard.push(progress) })

    const common = { vanished: 0, failed: 0, skipped: 1, leftovers: [] }
    expect(heard).toEqual([
      { ...common, id: ids[0], done: 1, copied: 0, bytes: 0 },
      { ...common, id: ids[1], done: 2, copied: 1, bytes: 2 },
      { ...common, id: ids[2], done: 3, copied: 2, bytes: 5 },
    ])
  })

  it('copies so many files at a time, and no more', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to', new CountingBackend())]
    for (let n = 0; n < 20; n++) await from.create(bytesOf(n))

    await copyStorage(from, to, { concurrency: 3 })

    expect((to.backend as CountingBackend).mostAtOnce).toBe(3)
  })
})

const nothing = { copied: 0, skipped: 0, vanished: 0, bytes: 0, leftovers: [] }

/** Counts writes, and can forget hashes. */
class CountingBackend extends MemoryBackend {
  readonly written: string[] = []
  hashes = true
  stats = 0
  mostAtOnce = 0
  #atOnce = 0

  override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.written.push(id)
    const known = this.hashes ? info : { ...info, sha256: undefined }
    await super.write(id, body, known, options).finally(() => this.#atOnce--)
  }

  override stat(id: string): ReturnType<MemoryBackend['stat']> {
    this.stats++
    return super.stat(id)
  }
}

type WriteOptions = Parameters<MemoryBackend['write']>[3]

describe('a file that copyStorage cannot copy', () => {
  it.each([
    ['small', 100],
    ['large', 300_000],
  ])(
    'as its bytes are not those of its hash is HASH_MISMATCH, and the others are copied: %s',
    async (_, size) => {
      const [from, to] = [memoryStorage('from'), await localStorage('to')]
      const good = await from.create(bytesOf(10))
      const sha256 = createHash('sha256').update('something else').digest('hex')
      const bad = await put(from.backend, bytesOf(size), { sha256 })

      const error = await failure(copyStorage(from, to))

      expect(error).toBeInstanceOf(CopyIncompleteError)
      expect(error).toMatchObject({
        code: 'COPY_INCOMPLETE',
        report: { copied: 1, skipped: 0, vanished: 0, bytes: 10, leftovers: [] },
        failures: [{ id: bad, error: { code: 'HASH_MISMATCH' } }],
        cause: { code: 'HASH_MISMATCH' },
      })
      expect(await idsOf(to)).toEqual([good])
      const { folder } = to.backend as LocalBackend
      expect(await readdir(join(folder, good.slice(0, 6)))).toHaveLength(2)
    },
  )

  it('leaves the older copy where the new bytes are damaged', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    const id = await from.create(bytesOf(10))
    await copyStorage(from, to)
    const sha256 = createHash('sha256').update('something else').digest('hex')
    const info = { filename: 'a', contentType: 'a/b', size: 10, metadata: {}, sha256 }
    await from.backend.write(id, bytesOf(10), info, {})

    const error = await failure(copyStorage(from, to))

    expect(error.code).toBe('COPY_INCOMPLETE')
    expect((await (await to.get(id)).bytes()).equals(bytesOf(10))).toBe(true)
  })

  it('is removed where something else arrives, by the size or by reading it back', async () => {
    const from = memoryStorage('from')
    const id = await from.create(bytesOf(10))
    /** Keeps one byte less, or one other byte, and says so only where the size is another. */
    class LossyBackend extends MemoryBackend {
      constructor(readonly loses: (body: Uint8Array) => Uint8Array) {
        super()
      }

      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        await super.write(id, this.loses(body as Uint8Array), info, options)
      }
    }
    const shorter = memoryStorage('to', new LossyBackend((body) => body.subarray(1)))
    const other = memoryStorage('to', new LossyBackend((body) => Buffer.from(body).fill(1)))

    const errors = [
      await failure(copyStorage(from, shorter)),
      await failure(copyStorage(from, other, { readBack: true })),
    ]

    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'COPY_INCOMPLETE',
        failures: [{ id, error: { code: 'HASH_MISMATCH' } }],
      })
    }
    expect([await idsOf(shorter), await idsOf(other)]).toEqual([[], []])
  })

  it('has an id of another kind than the target takes', async () => {
    /** Has files of another program, whose ids are numbers. */
    class NumberedBackend extends MemoryBackend {
      parseId(id: string): string | undefined {
        return /^\d+$/.test(id) ? id : undefined
      }
    }
    const from = memoryStorage('from', new NumberedBackend())
    const known = { filename: 'a', contentType: 'a/b', size: 5, sha256: undefined, metadata: {} }
    await from.backend.write('42', bytesOf(5), known, {})
    const other = memoryStorage('other', new NumberedBackend())

    const error = await failure(copyStorage(from, memoryStorage('to')))

    expect(error).toMatchObject({ failures: [{ id: '42', error: { code: 'INVALID_FILE_ID' } }] })
    expect(await copyStorage(from, other)).toMatchObject({ copied: 1 })
    expect(await idsOf(other)).toEqual(['42'])
  })

  it('stops the copying when there are too many', async () => {
    class FullBackend extends MemoryBackend {
      override write(): Promise<void> {
        return Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
      }
    }
    const [from, to] = [memoryStorage('from'), memoryStorage('to', new FullBackend())]
    for (let n = 0; n < 20; n++) await from.create(bytesOf(n))

    const error = await failure(copyStorage(from, to, { concurrency: 2, maxFailures: 3 }))

    const { failures } = error as CopyIncompleteError
    expect(error.message).toMatch(
      /^\d files of the storage "from" could not be copied to "to", the first: .*no space$/,
    )
    expect([3, 4]).toContain(failures.length)
    expect(failures[0]).toMatchObject({ error: { code: 'STORAGE_FULL' } })
  })
})

/** Does something before the bytes of a file are read: somebody else is at work. */
class BusyBackend extends MemoryBackend {
  beforeRead: (() => Promise<unknown>) | undefined

  override async read(...args: Parameters<MemoryBackend['read']>): ReturnType<MemoryBackend['read']> {
    await this.beforeRead?.()
    return await super.read(...args)
  }
}

describe('while others change the source', () => {
  async function busy() {
    const backend = new BusyBackend()
    const [from, to] = [memoryStorage('from', backend), memoryStorage('to')]
    return { backend, from, to, id: await from.create(Buffer.from('old'), { filename: 'old.txt' }) }
  }

  it('a file that is deleted is no failure', async () => {
    const { backend, from, to, id } = await busy()
    backend.beforeRead = () => from.delete(id)

    expect(await copyStorage(from, to)).toEqual({ ...nothing, vanished: 1 })
    expect(await idsOf(to)).toEqual([])
  })

  it('a file that is replaced is copied as it is then', async () => {
    const { backend, from, to, id } = await busy()
    backend.beforeRead = async () => {
      backend.beforeRead = undefined
      await from.replace(id, Buffer.from('the new one'), { filename: 'new.txt' })
    }

    expect(await copyStorage(from, to)).toMatchObject({ copied: 1, bytes: 11 })
    const copy = await to.get(id)
    expect([copy.filename, await copy.text()]).toEqual(['new.txt', 'the new one'])
  })

  it('a file that never stands still is a failure', async () => {
    const { backend, from, to, id } = await busy()
    let round = 0
    backend.beforeRead = () => from.replace(id, Buffer.from(`round ${round++}`))

    const error = await failure(copyStorage(from, to))

    expect(error).toMatchObject({ failures: [{ id, error: { code: 'HASH_MISMATCH' } }] })
    expect(round).toBe(3)
    expect(await idsOf(to)).toEqual([])
  })
})

describe('an abort of copyStorage', () => {
  it('ends it at once, and leaves whole files only', async () => {
    const [from, to] = [memoryStorage('from'), await localStorage('to')]
    for (let n = 0; n < 5; n++) await from.create(Readable.from([bytesOf(200_000)]))
    const controller = new AbortController()
    const onProgress = ({ done }: CopyProgress): void => {
      if (done === 2) controller.abort(new Error('enough'))
    }

    const error = await failure(
      copyStorage(from, to, { signal: controller.signal, concurrency: 1, onProgress }),
    )

    expect(error).toMatchObject({
      code: 'ABORTED',
      message: 'Copying the storage "from" to "to" was aborted',
      cause: { message: 'enough' },
    })
    expect(await contentOf(to)).toEqual((await contentOf(from)).slice(0, 2))
  })

  it('begins nothing where it comes before', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    await from.create(bytesOf(5))

    expect((await failure(copyStorage(from, to, { signal: AbortSignal.abort() }))).code).toBe('ABORTED')
    expect(await idsOf(to)).toEqual([])
  })

  it.each(['stat', 'read', 'list'] as const)('does not wait for a %s that hangs', async (method) => {
    const backend = new MemoryBackend()
    const [from, to] = [memoryStorage('from', backend), memoryStorage('to')]
    await from.create(bytesOf(300_000))
    let hanging = false
    const hang = (...args: unknown[]): Promise<never> =>
      new Promise((_, reject) => {
        hanging = true
        const { signal } = (args[2] ?? {}) as { signal?: AbortSignal }
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
    if (method === 'list') backend.list = () => ({ [Symbol.asyncIterator]: () => ({ next: hang }) }) as never
    else backend[method] = hang
    const controller = new AbortController()

    const copying = failure(copyStorage(from, to, { signal: controller.signal }))
    await until(() => hanging)
    controller.abort()

    expect((await copying).code).toBe('ABORTED')
    expect(await idsOf(to)).toEqual([])
  })
})

describe('copyStorage with bytesPerSecond', () => {
  it('begins no other file before the time of the bytes is over, and ends at once', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    await from.create(bytesOf(100_000))
    await from.create(bytesOf(5))
    const controller = new AbortController()

    const error = await failure(
      copyStorage(from, to, {
        bytesPerSecond: 1,
        concurrency: 1,
        signal: controller.signal,
        onProgress: () => {
          setImmediate(() => {
            controller.abort()
          })
        },
      }),
    )

    expect(error.code).toBe('ABORTED')
    expect(await idsOf(to)).toEqual((await idsOf(from)).slice(0, 1))
  })
})

describe('copyFile', () => {
  it('copies one file, once, and says if there is none', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    const id = await from.create(bytesOf(5), { filename: 'a.txt' })

    expect(await copyFile(from, to, id)).toMatchObject({ isNew: true, file: { id, size: 5 } })
    expect(await copyFile(from, to, id)).toMatchObject({ isNew: false })
    expect(await copyFile(from, to, newFileId())).toBeUndefined()
    expect(await contentOf(to)).toEqual(await contentOf(from))
  })
})

describe('what copyStorage is given', () => {
  it.each<[string, (files: FileStorage) => Promise<unknown>]>([
    ['from to be a storage', (files) => copyStorage(new MemoryBackend() as never, files)],
    ['to to be a storage', (files) => copyStorage(files, undefined as never)],
    [
      'to to be another storage than the one to copy',
      (files) => copyStorage(files, new FileStorage('b', files.backend)),
    ],
    [
      'concurrency to be a whole number from 1 up',
      (files) => copyStorage(files, memoryStorage(), { concurrency: 0 }),
    ],
    [
      'maxFailures to be a whole number from 1 up',
      (files) => copyStorage(files, memoryStorage(), { maxFailures: 0.5 }),
    ],
    [
      'bytesPerSecond to be a whole number from 1 up',
      (files) => copyStorage(files, memoryStorage(), { bytesPerSecond: 0 }),
    ],
  ])('is checked: expected %s', async (expectation, call) => {
    const error = await failure(call(memoryStorage()))

    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain(`Expected ${expectation}`)
  })

  it('ends it where onProgress throws, and where a storage cannot be listed', async () => {
    const [from, to] = [memoryStorage('from'), memoryStorage('to')]
    await from.create(bytesOf(5))
    const boom = new Error('boom')
    const thrown = copyStorage(from, to, {
      onProgress: () => {
        throw boom
      },
    })
    await expect(thrown).rejects.toBe(boom)
    to.backend.list = () => {
      throw new Error('no list')
    }

    expect(await failure(copyStorage(from, to))).toMatchObject({
      code: 'READ_FAILED',
      message: 'Cannot list "to": no list',
    })
  })
})
