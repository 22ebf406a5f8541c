import { equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { isUint8Array } from 'node:util/types'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectOnly, expectSame, expectSameBytes, readBytes } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes } from './sample-content.ts'

/** Reading files, and files that are not there. */
export const readCases: readonly BackendCase[] = [
  {
    name: 'rejects reading a file that is not there with FILE_NOT_FOUND',
    async run({ backend }) {
      await expectCode('FILE_NOT_FOUND', backend.read(newFileId()), 'reading a file that is not there')
    },
  },
  {
    name: 'has no file any more that was deleted',
    async run({ backend, storage }) {
      const id = await storage.create(HELLO)

      await storage.delete(id)

      await expectCode('FILE_NOT_FOUND', storage.get(id), 'getting a deleted file')
      await expectCode('FILE_NOT_FOUND', backend.read(id), 'reading a deleted file')
    },
  },
  {
    name: 'gives back a file under its id only',
    async run({ storage }) {
      const [first, second] = [await storage.create(HELLO), await storage.create(Buffer.from('second'))]

      expectSameBytes(await readBytes(storage.backend, first), HELLO, 'the first file')
      expectSameBytes(await readBytes(storage.backend, second), Buffer.from('second'), 'the second file')
    },
  },
  {
    name: 'refuses to get what is no id',
    async run({ storage }) {
      await expectCode('INVALID_FILE_ID', storage.get('../../etc/passwd'), 'getting "../../etc/passwd"')
    },
  },
  {
    name: 'knows which files exist',
    async run({ storage }) {
      const id = await storage.create(HELLO)

      equal(await storage.exists(id), true, 'a stored file does not exist')
      equal(await storage.exists(newFileId()), false, 'a file that was never stored exists')
    },
  },
  {
    name: 'refuses to look for what is no id',
    async run({ storage }) {
      await expectCode('INVALID_FILE_ID', storage.exists('not-an-id'), 'looking for "not-an-id"')
    },
  },
  {
    name: 'reads as a stream of bytes',
    async run({ backend, storage }) {
      const id = await storage.create(chunksOf(patternBytes(MIB)))

      for await (const chunk of await backend.read(id)) {
        ok(isUint8Array(chunk), `a chunk is no bytes, but ${typeof chunk}`)
      }
    },
  },
  {
    name: 'gives stored files that can only be read',
    async run({ storage }) {
      const file = await storage.get(await storage.create(HELLO))

      expectSame(
        ['write', 'end', 'truncate'].filter((method) => method in file),
        [],
        'the methods that change a stored file',
      )
    },
  },
  {
    name: 'gives readers bytes of their own',
    async run(context) {
      const id = await context.storage.create(HELLO)

      const bytes = (await context.backend.read(id)) as AsyncIterable<Buffer>
      for await (const chunk of bytes) chunk.fill(0)

      await expectOnly(context, id, HELLO)
    },
  },
  {
    name: 'serves many readers of one file at the same time',
    async run({ backend, storage }) {
      const bytes = patternBytes(MIB + 1)
      const id = await storage.create(chunksOf(bytes))

      const read = await Promise.all(Array.from({ length: 8 }, () => readBytes(backend, id)))

      for (const one of read) expectSameBytes(one, bytes, 'what one of eight readers read')
    },
  },
  {
    name: 'lets a reader stop half-way',
    async run(context) {
      const bytes = patternBytes(4 * MIB)
      const id = await context.storage.create(chunksOf(bytes))

      const stream = await context.backend.read(id)
      await once(stream, 'readable')
      stream.read(1)
      stream.destroy()
      if (!stream.closed) await once(stream, 'close')

      await expectOnly(context, id, bytes)
    },
  },
  {
    name: 'reads no more of a file that was closed',
    async run({ storage }) {
      const file = await storage.get(await storage.create(HELLO))

      await file.close()

      equal(file.closed, true, 'a closed file does not say so')
      await expectCode('FILE_CLOSED', file.bytes(), 'reading a closed file')
    },
  },
  {
    name: 'closes a file at the end of its block',
    async run({ storage }) {
      const id = await storage.create(chunksOf(patternBytes(4 * MIB)))
      const file = await storage.get(id)

      const stream = await file.stream()
      await file[Symbol.asyncDispose]()

      equal(stream.destroyed, true, 'the stream of a closed file is still open')
      await expectCode('FILE_CLOSED', file.stream(), 'reading a closed file')
    },
  },
  {
    name: 'lets a reader finish whose file is replaced meanwhile',
    async run({ backend, storage }) {
      const bytes = patternBytes(4 * MIB)
      const id = await storage.create(chunksOf(bytes))

      const stream = await backend.read(id)
      await storage.replace(id, HELLO)

      expectSameBytes(await buffer(stream), bytes, 'the file that was replaced while it was read')
    },
  },
]
