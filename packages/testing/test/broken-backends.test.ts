import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { MemoryBackend, type ByteRange } from '@filedepot/core'
import type {
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  OpenedFile,
  ReadBytesOptions,
} from '@filedepot/core/backend'
import { backendCases, runBackendCase } from '@filedepot/testing'

const unnamed: FileInfo = {
  filename: 'unnamed',
  contentType: 'text/plain',
  size: 0,
  sha256: undefined,
  metadata: {},
}

type WriteOptions = Parameters<MemoryBackend['write']>[3]

/** Keeps files in memory, and opens them as a disk does. */
class OpeningBackend extends MemoryBackend {
  async readBytes(id: string): Promise<Buffer> {
    return await buffer(await this.read(id))
  }

  async openFile(id: string): Promise<OpenedFile> {
    const [stat, bytes] = [await this.stat(id), await buffer(await this.read(id))]
    return {
      size: bytes.byteLength,
      etag: stat?.etag ?? '',
      read: (into, position) => Promise.resolve(bytes.copy(into, 0, Math.min(position, bytes.byteLength))),
      close: () => Promise.resolve(),
    }
  }
}

/** An opened file, changed in one thing. */
function opening(change: (file: OpenedFile, backend: MemoryBackend, id: string) => Partial<OpenedFile>) {
  return class extends OpeningBackend {
    override async openFile(id: string): Promise<OpenedFile> {
      const file = await super.openFile(id)
      return { ...file, ...change(file, this, id) }
    }
  }
}

/** Backends that break one promise each, and the cases that have to notice. */
const broken: { does: string; Backend: new () => MemoryBackend; noticedBy: string[] }[] = [
  {
    does: 'deletes the old file before it writes the new one',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        await this.delete([id])
        await setImmediate()
        await super.write(id, body, info, options)
      }
    },
    noticedBy: [
      'shows readers the old file or the new one, whole, while small files are replaced',
      'shows readers the old file or the new one, whole, while large files are replaced',
      'leaves a file as it was where the new stream breaks after more than a MiB',
      'leaves a file as it was where whole bytes come with a signal that is aborted already',
    ],
  },
  {
    does: 'writes a file in two steps that readers can see',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        if (body instanceof Uint8Array) {
          await super.write(id, body.subarray(0, body.byteLength / 2), info, options)
          await setImmediate()
        }
        await super.write(id, body, info, options)
      }
    },
    noticedBy: [
      'shows readers the old file or the new one, whole, while small files are replaced',
      'shows readers the old file or the new one, whole, while large files are replaced',
    ],
  },
  {
    does: 'keeps what came of a stream that broke',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        const chunks: Uint8Array[] = []
        try {
          if (body instanceof Uint8Array) chunks.push(body)
          else for await (const chunk of body) chunks.push(chunk)
        } finally {
          await super.write(id, Buffer.concat(chunks), info, options)
        }
      }
    },
    noticedBy: [
      'stores nothing of a stream that breaks before its first byte, and rejects with its error',
      'stores nothing of a stream that breaks after some bytes, and rejects with its error',
      'leaves a file as it was where the new stream breaks after more than a MiB',
      'stores nothing of a stream that is larger than the limit',
      'leaves a file as it was where the new stream is larger than the limit',
    ],
  },
  {
    does: 'swallows the error of a stream',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        await super.write(id, body, info, options).catch(() => undefined)
      }
    },
    noticedBy: [
      'stores nothing of a stream that breaks after several MiB, and rejects with its error',
      'leaves a file as it was where the new stream breaks after several MiB',
      'stores nothing of a stream that is larger than the limit',
    ],
  },
  {
    does: 'throws an error of its own where a stream broke',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        try {
          await super.write(id, body, info, options)
        } catch (cause) {
          throw new Error('upload failed', { cause })
        }
      }
    },
    noticedBy: [
      'stores nothing of a stream that breaks after some bytes, and rejects with its error',
      'rejects with the error of a broken stream whatever code it bears',
    ],
  },
  {
    does: 'looks at no signal',
    Backend: class extends MemoryBackend {
      override write(id: string, body: FileBody, info: FileInfo): Promise<void> {
        return super.write(id, body, info, {})
      }
    },
    noticedBy: [
      'stores nothing where the upload is aborted while bytes flow on',
      'leaves a file as it was where whole bytes come with a signal that is aborted already',
    ],
  },
  {
    does: 'goes on waiting for a body that has failed',
    Backend: class extends MemoryBackend {
      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        await super.write(id, body, info, options).catch(() => new Promise(() => undefined))
      }
    },
    noticedBy: ['gives up an upload whose source hangs after several MiB, as soon as it is aborted'],
  },
  {
    does: 'lists in the order in which files came',
    Backend: class extends MemoryBackend {
      readonly #came = new Set<string>()

      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        await super.write(id, body, info, options)
        this.#came.add(id)
      }

      override async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
        for (const id of this.#came) if (id > after && (await this.stat(id))) yield id
      }
    },
    noticedBy: [
      'lists ids in ascending order, in whatever order they came',
      'lists 1050 files, each once and in order',
      'lists what was there in order while other files come and go',
    ],
  },
  {
    does: 'lists everything whatever it is to list after',
    Backend: class extends MemoryBackend {
      override async *list(): AsyncGenerator<string> {
        yield* super.list()
      }
    },
    noticedBy: [
      'lists only what comes after an id that it has',
      'lists only what comes after an id that it has not',
      'lists after an id through the facade as well',
    ],
  },
  {
    does: 'lists the id as well after which it is to list',
    Backend: class extends MemoryBackend {
      override async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
        for await (const id of super.list()) if (id >= after) yield id
      }
    },
    noticedBy: ['lists only what comes after an id that it has'],
  },
  {
    does: 'lists after an id only where it has that id',
    Backend: class extends MemoryBackend {
      override async *list({ after }: { after?: string | undefined } = {}): AsyncGenerator<string> {
        if (after === undefined || (await this.stat(after))) yield* super.list({ after })
      }
    },
    noticedBy: ['lists only what comes after an id that it has not'],
  },
  {
    does: 'lists the first thousand files only',
    Backend: class extends MemoryBackend {
      override async *list(options?: { after?: string | undefined }): AsyncGenerator<string> {
        let count = 0
        for await (const id of super.list(options)) if (++count <= 1000) yield id
      }
    },
    noticedBy: ['lists 1050 files, each once and in order'],
  },
  {
    does: 'rejects a delete where a file is not there',
    Backend: class extends MemoryBackend {
      override async delete(ids: readonly string[]): Promise<DeleteReport> {
        for (const id of ids) if (!(await this.stat(id))) throw new Error(`no ${id}`)
        return await super.delete(ids)
      }
    },
    noticedBy: [
      'counts a file that is not there as deleted',
      'deletes many files at once, also where most are not there and some are named twice',
    ],
  },
  {
    does: 'deletes the first thousand of many only',
    Backend: class extends MemoryBackend {
      override delete(ids: readonly string[]): Promise<DeleteReport> {
        return super.delete(ids.slice(0, 1000))
      }
    },
    noticedBy: ['deletes many files at once, also where most are not there and some are named twice'],
  },
  {
    does: 'reads the whole file whatever the range',
    Backend: class extends MemoryBackend {
      override read(id: string): Promise<Readable> {
        return super.read(id)
      }
    },
    noticedBy: [
      'reads the first bytes, by a range of a small file',
      'reads bytes from the middle, by a range of a large file',
      'reads the bytes up to the end, by a range of a small file',
      'reads the first byte alone, by a range of a large file',
      'reads a file in parts that add up to the whole',
    ],
  },
  {
    does: 'leaves out the last byte of a range',
    Backend: class extends MemoryBackend {
      override async read(id: string, range?: ByteRange): Promise<Readable> {
        if (range?.end === range?.start) return Readable.from([], { objectMode: false })
        return await super.read(id, range?.end ? { start: range.start, end: range.end - 1 } : range)
      }
    },
    noticedBy: [
      'reads the first bytes, by a range of a small file',
      'reads the last byte alone, by a range of a small file',
      'reads a file in parts that add up to the whole',
    ],
  },
  {
    does: 'rejects a range that ends behind the file',
    Backend: class extends MemoryBackend {
      override async read(id: string, range?: ByteRange): Promise<Readable> {
        const size = (await this.stat(id))?.size ?? 0
        if (range?.end && range.end >= size) throw new RangeError('416')
        return await super.read(id, range)
      }
    },
    noticedBy: [
      'reads what is there where the end lies behind the last byte, by a range of a large file',
      'reads a file in parts that add up to the whole',
    ],
  },
  {
    does: 'reads nothing of a file that is not there',
    Backend: class extends MemoryBackend {
      override async read(id: string, range?: ByteRange): Promise<Readable> {
        return (await this.stat(id)) ? await super.read(id, range) : Readable.from([])
      }
    },
    noticedBy: [
      'rejects reading a file that is not there with FILE_NOT_FOUND',
      'has no file any more that was deleted',
    ],
  },
  {
    does: 'fills a buffer as far as it likes',
    Backend: opening((file) => ({
      read: (into, position) => file.read(into.subarray(0, 65_536), position),
    })),
    noticedBy: ['fills buffers with the bytes of a file that is large, where it opens files'],
  },
  {
    does: 'reads an opened file from where it was',
    Backend: opening((file) => {
      let at = 0
      return { read: async (into) => (at += await file.read(into, at)) }
    }),
    noticedBy: [
      'fills buffers from any position of a file, the last one as far as it goes, where it opens files',
      'opens a file many times, and lets whoever reads it stop, where it opens files',
    ],
  },
  {
    does: 'says the etag of another file',
    Backend: opening(() => ({ etag: 'other' })),
    noticedBy: [
      'fills buffers with the bytes of a file that is empty, where it opens files',
      'fills buffers with the bytes of a file that is small, where it opens files',
    ],
  },
  {
    does: 'reads what an opened file is now',
    Backend: opening((_file, backend, id) => ({
      read: async (into, position) => (await buffer(await backend.read(id))).copy(into, 0, position),
    })),
    noticedBy: ['keeps the bytes of an opened file that is replaced or deleted, where it opens files'],
  },
  {
    does: 'opens what is not there',
    Backend: class extends OpeningBackend {
      override async openFile(id: string): Promise<OpenedFile> {
        if (!(await this.stat(id))) await super.write(id, Buffer.alloc(0), unnamed, {})
        return await super.openFile(id)
      }
    },
    noticedBy: ['rejects opening a file that is not there with FILE_NOT_FOUND, where it opens files'],
  },
  {
    does: 'believes what it is told of the size of a file',
    Backend: class extends OpeningBackend {
      override async readBytes(id: string, { size = Infinity }: ReadBytesOptions = {}): Promise<Buffer> {
        return (await super.readBytes(id)).subarray(0, size)
      }
    },
    noticedBy: ['gives all bytes of a file at once whatever size it had before, where it reads files so'],
  },
  {
    does: 'gives no more than a MiB at once',
    Backend: class extends OpeningBackend {
      override async readBytes(id: string): Promise<Buffer> {
        return (await super.readBytes(id)).subarray(0, 1024 * 1024)
      }
    },
    noticedBy: ['gives all bytes at once of a file that is large, where it reads files so'],
  },
  {
    does: 'gives no bytes of a file that is not there',
    Backend: class extends OpeningBackend {
      override async readBytes(id: string): Promise<Buffer> {
        return (await this.stat(id)) ? await super.readBytes(id) : Buffer.alloc(0)
      }
    },
    noticedBy: [
      'rejects giving all bytes of a file that is not there with FILE_NOT_FOUND, where it reads files so',
    ],
  },
  {
    does: 'gives a byte too many at once',
    Backend: class extends OpeningBackend {
      override async readBytes(id: string): Promise<Buffer> {
        return Buffer.concat([await super.readBytes(id), Buffer.alloc(1)])
      }
    },
    noticedBy: [
      'gives all bytes at once of a file that is empty, where it reads files so',
      'gives all bytes at once of a file that is small, where it reads files so',
    ],
  },
  {
    does: 'forgets names, types and metadata',
    Backend: class extends MemoryBackend {
      override async stat(id: string): Promise<FileStat | undefined> {
        const stat = await super.stat(id)
        return stat && { ...stat, filename: id, contentType: 'application/octet-stream', metadata: {} }
      }
    },
    noticedBy: [
      'keeps the filename and the type',
      'keeps the name and the type that a FileIntent says',
      'keeps a filename that is not Latin',
      'keeps custom metadata, whatever is in it',
      'keeps a type with its parameters',
      'takes a file from another storage under its id',
    ],
  },
  {
    does: 'takes every file for a new one',
    Backend: class extends MemoryBackend {
      override async stat(id: string): Promise<FileStat | undefined> {
        const stat = await super.stat(id)
        return stat && { ...stat, lastModified: new Date() }
      }
    },
    noticedBy: ['says the time that it is given of a copy, to the second at least'],
  },
  {
    does: 'keeps names and metadata in headers that know Latin letters only',
    Backend: class extends MemoryBackend {
      override write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        const latin = (text: string) => Buffer.from(text, 'latin1').toString('latin1').trim()
        const metadata = Object.fromEntries(
          Object.entries(info.metadata).map(([key, value]) => [key.toLowerCase(), latin(value)]),
        )
        const header = Object.defineProperties({}, Object.getOwnPropertyDescriptors(info)) as FileInfo
        return super.write(
          id,
          body,
          Object.defineProperties(header, {
            filename: { value: latin(info.filename) },
            metadata: { value: metadata },
          }),
          options,
        )
      }
    },
    noticedBy: [
      'keeps a filename that is not Latin',
      'keeps a filename of combined characters',
      'keeps a filename of the greatest length',
      'keeps custom metadata, whatever is in it',
      'shows the same metadata on a file',
    ],
  },
  {
    does: 'has one etag for all times',
    Backend: class extends MemoryBackend {
      override async stat(id: string): Promise<FileStat | undefined> {
        const stat = await super.stat(id)
        return stat && { ...stat, etag: id }
      }
    },
    noticedBy: [
      'changes etag, size, hash and time with the bytes',
      'changes the etag with the bytes where nobody says their hash',
    ],
  },
  {
    does: 'leaves the quotes of HTTP around the etag',
    Backend: class extends MemoryBackend {
      override async stat(id: string): Promise<FileStat | undefined> {
        const stat = await super.stat(id)
        return stat && { ...stat, etag: `"${stat.etag}"` }
      }
    },
    noticedBy: ['knows the size, the hash, the time and an etag of whole bytes'],
  },
  {
    does: 'asks a stream for its size before it has ended',
    Backend: class extends MemoryBackend {
      readonly #sizes = new Map<string, number>()

      override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
        const { size = 0 } = info
        await super.write(id, body, info, options)
        this.#sizes.set(id, size)
      }

      override async stat(id: string): Promise<FileStat | undefined> {
        const stat = await super.stat(id)
        return stat && { ...stat, size: this.#sizes.get(id) ?? 0 }
      }
    },
    noticedBy: [
      'stores a stream under the id that it is given, with the size that shows at its end',
      'knows the size, the hash, the time and an etag of a stream',
    ],
  },
  {
    does: 'forgets what it is told of a new file',
    Backend: class extends MemoryBackend {
      override write(
        id: string,
        body: FileBody,
        info: FileInfo,
        options: WriteOptions & { isNew?: boolean },
      ) {
        return super.write(id, body, options.isNew ? { ...info, metadata: {} } : info, options)
      }
    },
    noticedBy: ['stores a file that it is told is new as it stores any other'],
  },
  {
    does: 'holds the bytes of a file in memory',
    Backend: MemoryBackend,
    noticedBy: ['stores and reads 100 MiB in no more than 40 MiB of memory'],
  },
]

describe('describeBackend', () => {
  for (const { does, Backend, noticedBy } of broken) {
    it(`notices a backend that ${does}`, async () => {
      const passed: string[] = []
      for (const name of noticedBy) {
        const outcome = runBackendCase(caseNamed(name), { create: () => new Backend() })
        await outcome.then(
          () => passed.push(name),
          () => undefined,
        )
      }

      expect(passed).toEqual([])
    })
  }

  it('finds nothing wrong with the reference backend in any of these cases', async () => {
    const names = new Set(
      broken.filter(({ Backend }) => Backend !== MemoryBackend).flatMap((one) => one.noticedBy),
    )

    for (const name of names) await runBackendCase(caseNamed(name), { create: () => new OpeningBackend() })

    expect(names.size).toBeGreaterThan(30)
  })

  it('notices what a backend leaves behind where its test can look', async () => {
    const run = (leftovers: string[]) =>
      runBackendCase(caseNamed('deletes a file'), {
        create: () => new MemoryBackend(),
        leftovers: () => Promise.resolve(leftovers),
      })

    await run([])

    await expect(run(['upload.tmp'])).rejects.toThrow(
      "what was left behind: expected [], got [ 'upload.tmp' ]",
    )
  })

  it('destroys a backend also after a case that failed', async () => {
    const destroyed: MemoryBackend[] = []
    const backend = new MemoryBackend()
    const failing = { name: 'fails', run: () => Promise.reject(new Error('broken')) }

    const running = runBackendCase(failing, {
      create: () => backend,
      destroy: (one) => void destroyed.push(one),
    })

    await expect(running).rejects.toThrow('broken')
    expect(destroyed).toEqual([backend])
  })

  it('gives every case a name of its own', () => {
    const names = backendCases.map(({ name }) => name)

    expect(new Set(names).size).toBe(names.length)
  })
})

function caseNamed(name: string): (typeof backendCases)[number] {
  const found = backendCases.find((one) => one.name === name)
  if (!found) throw new Error(`the suite has no case "${name}"`)
  return found
}
