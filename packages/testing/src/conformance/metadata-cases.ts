import { doesNotMatch, equal, match, ok } from 'node:assert/strict'
import type { StorageBackend } from '@filedepot/core'
import { newFileId, type FileInfo, type FileStat } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectSame } from './expectations.ts'
import { chunksOf, HELLO, infoOf, MIB, patternBytes, sha256Of, streamed } from './sample-content.ts'

/** Clocks of services and of this machine may differ that much. */
const CLOCKS_MS = 60_000

/** What a stat says. */
export const metadataCases: readonly BackendCase[] = [
  {
    name: 'has no stat of a file that is not there',
    async run({ backend }) {
      equal(await backend.stat(newFileId()), undefined, 'there is a stat of a file that is not there')
    },
  },
  {
    name: 'knows the size, the hash, the time and an etag of whole bytes',
    async run({ backend }) {
      const stat = await written(backend, infoOf(HELLO))

      expectFacts(stat, HELLO)
    },
  },
  {
    name: 'knows the size, the hash, the time and an etag of a stream',
    async run({ backend }) {
      const id = newFileId()
      const bytes = patternBytes(2 * MIB)
      const { body, info } = streamed(chunksOf(bytes))

      await backend.write(id, body, info, {})

      expectFacts(await statOf(backend, id), bytes)
    },
  },
  {
    name: 'says the same of a file each time',
    async run({ backend, storage }) {
      const id = await storage.create(HELLO, { metadata: { author: 'Ada' } })

      const [first, second] = [await statOf(backend, id), await statOf(backend, id)]

      expectSame({ ...second }, { ...first }, 'the second stat')
    },
  },
  ...Object.entries({
    'that is not Latin': '些公.pdf',
    'of combined characters': 'e\u0301tude – “naïve” 👩‍🚀.txt',
    'with quotes, percent signs and spaces': `it's "100%25" + more;= (1) .txt`,
    'of the greatest length': `${'些'.repeat(83)}.txt`,
  }).map(([which, filename]): BackendCase => ({
    name: `keeps a filename ${which}`,
    async run({ backend }) {
      const stat = await written(backend, infoOf(HELLO, { filename }))

      expectSame(stat.filename, filename, 'the filename')
    },
  })),
  {
    name: 'keeps a type with its parameters',
    async run({ backend }) {
      const contentType = 'text/html; charset=utf-8'

      const stat = await written(backend, infoOf(HELLO, { contentType }))

      expectSame(stat.contentType, contentType, 'the type')
    },
  },
  {
    name: 'keeps custom metadata, whatever is in it',
    async run({ backend }) {
      const metadata = {
        author: 'Ада Лавлейс',
        Title: ' spaces around ',
        note: 'line\nbreak, "quotes", 100% & más',
        'key with späces': 'x',
        empty: '',
      }

      const stat = await written(backend, infoOf(HELLO, { metadata }))

      expectSame({ ...stat.metadata }, metadata, 'the metadata')
    },
  },
  {
    name: 'has no custom metadata where none was given',
    async run({ backend }) {
      const stat = await written(backend, infoOf(HELLO))

      expectSame({ ...stat.metadata }, {}, 'the metadata')
    },
  },
  {
    name: 'says the time that it is given of a copy, to the second at least',
    async run({ backend }) {
      const lastModified = new Date('2019-03-04T05:06:07.000Z')

      const stat = await written(backend, infoOf(HELLO, { lastModified }))

      expectSame(stat.lastModified.toISOString(), lastModified.toISOString(), 'the time')
    },
  },
  {
    name: 'shows the same metadata on a file',
    async run({ storage }) {
      const metadata = { author: 'Ada' }
      const id = await storage.create(HELLO, { filename: '些公.pdf', metadata })

      const file = await storage.get(id)

      expectSame([file.filename, { ...file.metadata }], ['些公.pdf', metadata], 'the name and the metadata')
      equal(file.name, file.filename, 'name is not the filename')
      equal(file.path, `${storage.name}/${id}`, 'the path is not "storage/id"')
    },
  },
]

async function written(backend: StorageBackend, info: FileInfo): Promise<FileStat> {
  const id = newFileId()
  await backend.write(id, HELLO, info, {})
  return await statOf(backend, id)
}

async function statOf(backend: StorageBackend, id: string): Promise<FileStat> {
  const stat = await backend.stat(id)
  ok(stat, 'a file that was stored has no stat')
  return stat
}

function expectFacts(stat: FileStat, bytes: Uint8Array): void {
  expectSame(stat.size, bytes.byteLength, 'the size')
  if (stat.sha256 !== undefined) expectSame(stat.sha256, sha256Of(bytes), 'the hash')
  match(stat.etag, /./, 'the etag is empty')
  doesNotMatch(stat.etag, /"/, 'the etag has quotes')
  const age = Date.now() - stat.lastModified.getTime()
  ok(Math.abs(age) < CLOCKS_MS, `the file was last modified ${age} ms ago, by its stat`)
}
