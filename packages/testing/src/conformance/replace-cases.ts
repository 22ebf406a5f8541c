import { notEqual, ok } from 'node:assert/strict'
import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectEmpty, expectOnly, expectSame, expectSameBytes } from './expectations.ts'
import { chunksOf, HELLO, infoOf, MIB, patternBytes, PNG, sha256Of } from './sample-content.ts'

const WORLD = Buffer.from('another world')

/** New bytes instead of old ones, one after the other. */
export const replaceCases: readonly BackendCase[] = [
  {
    name: 'replaces only a file that is there',
    async run(context) {
      const replacing = context.storage.replace(newFileId(), HELLO)

      await expectCode('FILE_NOT_FOUND', replacing, 'replacing a file that is not there')
      await expectEmpty(context)
    },
  },
  {
    name: 'refuses to replace what is no id',
    async run({ storage }) {
      await expectCode('INVALID_FILE_ID', storage.replace('not-an-id', HELLO), 'replacing "not-an-id"')
    },
  },
  {
    name: 'keeps the name and the type where only bytes are given, and old handles read the new ones',
    async run({ storage }) {
      const id = await storage.create(HELLO, { filename: 'hello.txt' })
      const before = await storage.get(id)

      await storage.replace(id, WORLD)

      const after = await storage.get(id)
      expectSame([after.filename, after.contentType], ['hello.txt', 'text/plain'], 'the name and the type')
      expectSameBytes(await after.bytes(), WORLD, 'the file')
      expectSameBytes(await before.bytes(), WORLD, 'the file as a handle from before reads it')
    },
  },
  {
    name: 'takes the new name, type and metadata where they are given',
    async run({ storage }) {
      const id = await storage.create(HELLO, {
        filename: 'hello.txt',
        metadata: { author: 'Ada', page: '1' },
      })

      await storage.replace(id, PNG, { filename: 'me.png', metadata: { author: 'Eve' } })

      const file = await storage.get(id)
      expectSame(
        [file.filename, file.contentType, { ...file.metadata }],
        ['me.png', 'image/png', { author: 'Eve' }],
        'the name, the type and the metadata',
      )
    },
  },
  {
    name: 'replaces a large file by a small one, and a small one by a large one',
    async run(context) {
      const large = patternBytes(2 * MIB + 1)
      const id = await context.storage.create(chunksOf(large))

      await context.storage.replace(id, HELLO)
      await expectOnly(context, id, HELLO)

      await context.storage.replace(id, chunksOf(large))
      await expectOnly(context, id, large)
    },
  },
  {
    name: 'replaces a file by an empty one',
    async run(context) {
      const id = await context.storage.create(HELLO)

      await context.storage.replace(id, new Uint8Array())

      await expectOnly(context, id, new Uint8Array())
    },
  },
  {
    name: 'changes etag, size, hash and time with the bytes',
    async run({ backend, storage }) {
      const id = await storage.create(HELLO)
      const before = await backend.stat(id)

      // As long as the old ones: a service that looks at the size alone notices nothing.
      const bytes = Buffer.from(HELLO).reverse()
      await storage.replace(id, bytes)

      const after = await backend.stat(id)
      ok(before && after, 'a file that is there has no stat')
      notEqual(after.etag, before.etag, 'the etag did not change with the bytes')
      expectSame(after.size, bytes.byteLength, 'the size')
      if (after.sha256 !== undefined) expectSame(after.sha256, sha256Of(bytes), 'the hash')
      ok(after.lastModified >= before.lastModified, 'the time of the last change went back')
    },
  },
  {
    name: 'changes the etag with the bytes where nobody says their hash',
    async run({ backend }) {
      const id = newFileId()
      const etags = new Set<string | undefined>()

      for (const bytes of [HELLO, WORLD, PNG]) {
        await backend.write(id, bytes, infoOf(bytes, { sha256: undefined }), {})
        etags.add((await backend.stat(id))?.etag)
      }

      expectSame(etags.size, 3, 'the number of etags after three writes')
    },
  },
]
