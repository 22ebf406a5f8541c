import { equal, ok } from 'node:assert/strict'
import { FileIntent } from '@filedepot/core'
import { newFileId, type FileStat } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectOnly, expectSame, expectSameBytes, idsOf, readBytes } from './expectations.ts'
import { chunksOf, HELLO, infoOf, MIB, patternBytes, PNG, streamed } from './sample-content.ts'

/** What comes back of a file that was stored, whatever it was stored from. */
export const createCases: readonly BackendCase[] = [
  {
    name: 'gives back the bytes that were stored',
    async run({ storage }) {
      const id = await storage.create(HELLO, { filename: 'hello.txt' })

      const file = await storage.get(id)
      expectSameBytes(await file.bytes(), HELLO, 'the stored file')
    },
  },
  {
    name: 'stores whole bytes under the id that it is given',
    async run(context) {
      const id = newFileId()

      await context.backend.write(id, HELLO, infoOf(HELLO), {})

      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'stores a file that it is told is new as it stores any other',
    async run({ backend }) {
      const info = {
        filename: 'hello.txt',
        contentType: 'text/plain',
        metadata: { author: 'Ada' },
        lastModified: new Date('2026-01-01T00:00:00Z'),
      }
      const large = patternBytes(3 * MIB + 17)
      const ids: string[] = []
      for (const isNew of [false, true]) {
        const [whole, streaming] = [newFileId(), newFileId()]
        const { body, info: streamInfo } = streamed(chunksOf(large))
        ids.push(whole, streaming)

        await backend.write(whole, HELLO, infoOf(HELLO, info), { isNew })
        await backend.write(streaming, body, streamInfo, { isNew })

        expectSameBytes(await readBytes(backend, whole), HELLO, 'the file')
        expectSameBytes(await readBytes(backend, streaming), large, 'the file that came as a stream')
      }
      const [any, , whole] = ids
      expectSame(
        described(await backend.stat(whole ?? '')),
        described(await backend.stat(any ?? '')),
        'the new file',
      )
      expectSame(await idsOf(backend), ids.sort(), 'the ids of all files')
    },
  },
  {
    name: 'stores a stream under the id that it is given, with the size that shows at its end',
    async run(context) {
      const id = newFileId()
      const bytes = patternBytes(3 * MIB + 17)
      const { body, info } = streamed(chunksOf(bytes))

      await context.backend.write(id, body, info, {})

      await expectOnly(context, id, bytes)
    },
  },
  {
    name: 'stores a stream without a single chunk as an empty file',
    async run(context) {
      const id = newFileId()
      const { body, info } = streamed(chunksOf(new Uint8Array()))

      await context.backend.write(id, body, info, {})

      await expectOnly(context, id, new Uint8Array())
    },
  },
  {
    name: 'stores a stream whose chunks are small, large and empty',
    async run(context) {
      const id = newFileId()
      const bytes = patternBytes(7 * MIB)
      const cuts = [0, 1, 1, 3, 1000, 70_000, 6 * MIB, bytes.byteLength]
      async function* uneven(): AsyncGenerator<Uint8Array> {
        for (const [index, end] of cuts.entries()) {
          yield await Promise.resolve(bytes.subarray(cuts[index - 1] ?? 0, end))
        }
      }
      const { body, info } = streamed(uneven())

      await context.backend.write(id, body, info, {})

      await expectOnly(context, id, bytes)
    },
  },
  {
    name: 'stores an empty file, and gives it back empty',
    async run(context) {
      const id = await context.storage.create(new Uint8Array(), { filename: 'empty' })

      await expectOnly(context, id, new Uint8Array())
      equal((await context.storage.get(id)).size, 0, 'an empty file has another size than 0')
    },
  },
  {
    name: 'stores files of the sizes around which services change their ways',
    async run({ storage }) {
      const edges = [1, 64 * 1024, MIB, 5 * MIB, 8 * MIB, 16 * MIB]
      const sizes = edges.flatMap((edge) => [edge - 1, edge, edge + 1])

      for (const size of sizes) {
        const bytes = patternBytes(size)
        const id = await storage.create(chunksOf(bytes))

        expectSameBytes(await readBytes(storage.backend, id), bytes, `a file of ${size} bytes`)
        await storage.delete(id)
      }
    },
  },
  {
    name: 'keeps its own copy of the bytes and the metadata',
    async run({ backend }) {
      const id = newFileId()
      const bytes = Buffer.from(HELLO)
      const metadata: Record<string, string> = { author: 'Ada' }

      await backend.write(id, bytes, infoOf(bytes, { metadata }), {})
      bytes.fill(0)
      metadata.author = 'Eve'

      expectSameBytes(await readBytes(backend, id), HELLO, 'the file after its source was overwritten')
      expectSame(
        { ...(await backend.stat(id))?.metadata },
        { author: 'Ada' },
        'the metadata after the change',
      )
    },
  },
  {
    name: 'keeps the filename and the type',
    async run({ storage }) {
      const id = await storage.create(PNG, { filename: 'me.png' })

      const file = await storage.get(id)
      expectSame([file.filename, file.contentType], ['me.png', 'image/png'], 'the name and the type')
    },
  },
  {
    name: 'finds the type by the name where the bytes do not tell it',
    async run({ storage }) {
      const typeOf = async (filename: string, bytes: Uint8Array) =>
        (await storage.get(await storage.create(bytes, { filename }))).contentType

      const bytes = Buffer.from([0, 1, 2, 3])
      expectSame(await typeOf('noextension', HELLO), 'text/plain', 'the type of a text without an extension')
      expectSame(await typeOf('noextension', bytes), 'application/octet-stream', 'the type of unknown bytes')
      expectSame(await typeOf('picture.png', PNG), 'image/png', 'the type of a PNG picture')
      expectSame(await typeOf('picture.png', HELLO), 'text/plain', 'the type of a text with a false name')
      expectSame(
        await typeOf('picture.png', bytes),
        'application/octet-stream',
        'the type of bytes with a false name',
      )
      expectSame(await typeOf('people.csv', HELLO), 'text/csv', 'the type of a table')
      expectSame(await typeOf('notes.txt', HELLO), 'text/plain', 'the type of a text')
    },
  },
  {
    name: 'names a file that nobody named "unnamed"',
    async run({ storage }) {
      const id = await storage.create(HELLO)

      expectSame((await storage.get(id)).filename, 'unnamed', 'the name')
    },
  },
  {
    name: 'keeps the name and the type that a FileIntent says',
    async run({ storage }) {
      const intent = new FileIntent(HELLO, { filename: 'people.csv', contentType: 'text/csv; charset=utf-8' })

      const id = await storage.create(intent)

      const file = await storage.get(id)
      expectSame(
        [file.filename, file.contentType],
        ['people.csv', 'text/csv; charset=utf-8'],
        'the name and the type',
      )
    },
  },
  {
    name: 'gives every file an id of its own, and lists all of them',
    async run({ storage }) {
      const ids: string[] = []
      for (let n = 0; n < 5; n++) ids.push(await storage.create(Buffer.from(`file ${n}`)))

      const listed: string[] = []
      for await (const id of storage.list()) listed.push(id)

      equal(new Set(ids).size, 5, 'two files were given the same id')
      ok(
        ids.every((id) => listed.includes(id)),
        'a file that was created is not listed',
      )
    },
  },
]

function described(stat: FileStat | undefined): unknown {
  const { filename, contentType, size, sha256, lastModified, metadata } = stat ?? {}
  return { filename, contentType, size, sha256, lastModified, metadata: { ...metadata } }
}
