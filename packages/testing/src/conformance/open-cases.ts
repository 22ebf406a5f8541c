import { newFileId, type OpenedFile } from '@filedepot/core/backend'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectOnly, expectSame, expectSameBytes } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes } from './sample-content.ts'

const SIZES = { empty: 0, small: 1000, large: 3 * MIB + 11 }

/** Files that are read into buffers, if the backend opens any. */
export const openCases: readonly BackendCase[] = [
  ...Object.entries(SIZES).map(([which, size]): BackendCase => ({
    name: `fills buffers with the bytes of a file that is ${which}, where it opens files`,
    async run({ backend, storage }) {
      const bytes = patternBytes(size)
      const id = await storage.create(chunksOf(bytes))

      const file = await backend.openFile?.(id)
      if (!file) return
      const read = await readAll(file, 300_000).finally(() => file.close())

      expectSameBytes(read, bytes, 'what was read')
      const stat = await backend.stat(id)
      expectSame([file.size, file.etag], [stat?.size, stat?.etag], 'the size and the etag of the opened file')
    },
  })),
  {
    name: 'fills buffers from any position of a file, the last one as far as it goes, where it opens files',
    async run({ backend, storage }) {
      const bytes = patternBytes(100_000)
      const file = await backend.openFile?.(await storage.create(bytes))
      if (!file) return

      const parts = []
      for (const position of [99_990, 50_000, 0, 100_000, 200_000])
        parts.push(await readAt(file, position, 100))
      await file.close()

      const wanted = [bytes.subarray(-10), bytes.subarray(50_000, 50_100), bytes.subarray(0, 100)]
      expectSame(
        parts.map((part) => part.toString('hex')),
        [...wanted.map((part) => part.toString('hex')), '', ''],
        'what was read of five positions',
      )
    },
  },
  {
    name: 'keeps the bytes of an opened file that is replaced or deleted, where it opens files',
    async run({ backend, storage }) {
      const bytes = patternBytes(2 * MIB)
      const id = await storage.create(bytes)
      const file = await backend.openFile?.(id)
      if (!file) return

      await storage.replace(id, HELLO)
      const second = await backend.openFile?.(id)
      const afterReplacing = await readAll(file, MIB)
      await storage.delete(id)
      const afterDeleting = await readAll(file, MIB).finally(() => file.close())
      const replacement = second && (await readAll(second, MIB).finally(() => second.close()))

      expectSameBytes(afterReplacing, bytes, 'the opened file after it was replaced')
      expectSameBytes(afterDeleting, bytes, 'the opened file after it was deleted')
      expectSameBytes(replacement ?? Buffer.alloc(0), HELLO, 'the file that was opened when it was replaced')
    },
  },
  {
    name: 'rejects opening a file that is not there with FILE_NOT_FOUND, where it opens files',
    async run({ backend, storage }) {
      if (!backend.openFile) return
      const id = await storage.create(HELLO)
      await storage.delete(id)

      await expectCode('FILE_NOT_FOUND', backend.openFile(newFileId()), 'opening a file that was never there')
      await expectCode('FILE_NOT_FOUND', backend.openFile(id), 'opening a deleted file')
    },
  },
  {
    name: 'opens a file many times, and lets whoever reads it stop, where it opens files',
    async run(context) {
      const { backend, storage } = context
      const bytes = patternBytes(MIB + 1)
      const id = await storage.create(bytes)

      await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          const file = await backend.openFile?.(id)
          if (!file) return
          const part = await readAt(file, n, 1000).finally(() => file.close())
          expectSameBytes(part, bytes.subarray(n, n + 1000), `what reader ${n} of eight read`)
        }),
      )

      await expectOnly(context, id, bytes)
    },
  },
]

async function readAt(file: OpenedFile, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  return buffer.subarray(0, await file.read(buffer, position))
}

async function readAll(file: OpenedFile, step: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let position = 0
  for (;;) {
    const part = await readAt(file, position, step)
    parts.push(part)
    position += part.byteLength
    if (part.byteLength < step) return Buffer.concat(parts)
  }
}
