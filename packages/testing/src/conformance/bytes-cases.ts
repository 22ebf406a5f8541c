import { newFileId } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectSameBytes } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes } from './sample-content.ts'

const SIZES = { empty: 0, small: 1000, large: 3 * MIB + 11 }

/** Files that are read whole, if the backend reads them so. */
export const bytesCases: readonly BackendCase[] = [
  ...Object.entries(SIZES).map(([which, size]): BackendCase => ({
    name: `gives all bytes at once of a file that is ${which}, where it reads files so`,
    async run({ backend, storage }) {
      if (!backend.readBytes) return
      const bytes = patternBytes(size)

      for (const content of [bytes, chunksOf(bytes)]) {
        const id = await storage.create(content)

        expectSameBytes(await backend.readBytes(id), bytes, 'the bytes of a file of unknown size')
        expectSameBytes(await backend.readBytes(id, { size }), bytes, 'the bytes of a file of this size')
      }
    },
  })),
  {
    name: 'gives all bytes of a file at once whatever size it had before, where it reads files so',
    async run({ backend, storage }) {
      if (!backend.readBytes) return
      const id = await storage.create(HELLO)
      for (const size of [1000, HELLO.byteLength, 2 * MIB, 0]) {
        const bytes = patternBytes(size)
        await storage.replace(id, bytes)

        for (const before of [HELLO.byteLength, 1000, 3 * MIB])
          expectSameBytes(await backend.readBytes(id, { size: before }), bytes, 'the bytes after the change')
      }
    },
  },
  {
    name: 'rejects giving all bytes of a file that is not there with FILE_NOT_FOUND, where it reads files so',
    async run({ backend, storage }) {
      if (!backend.readBytes) return
      const id = await storage.create(HELLO)
      await storage.delete(id)

      for (const gone of [newFileId(), id])
        for (const options of [{}, { size: HELLO.byteLength }])
          await expectCode(
            'FILE_NOT_FOUND',
            backend.readBytes(gone, options),
            'reading a file that is not there',
          )
    },
  },
]
