import type { ByteRange } from '@filedepot/core'
import type { BackendCase } from './backend-case.ts'
import { expectCode, expectSameBytes, readBytes } from './expectations.ts'
import { chunksOf, HELLO, MIB, patternBytes } from './sample-content.ts'

const SIZES = { small: 1000, large: 3 * MIB + 11 }

/** Parts of a file of so many bytes; as in HTTP, both ends are included. */
function partsOf(size: number): Record<string, ByteRange> {
  return {
    'the first bytes': { start: 0, end: 99 },
    'bytes from the middle': { start: Math.floor(size / 2), end: size - 100 },
    'the bytes up to the end': { start: size - 321 },
    'all bytes from the first on': { start: 0 },
    'the first byte alone': { start: 0, end: 0 },
    'the last byte alone': { start: size - 1, end: size - 1 },
    'what is there where the end lies behind the last byte': { start: size - 50, end: size + 1000 },
  }
}

/** Parts of files. */
export const rangeCases: readonly BackendCase[] = [
  ...Object.entries(SIZES).flatMap(([which, size]) =>
    Object.entries(partsOf(size)).map(([part, range]): BackendCase => ({
      name: `reads ${part}, by a range of a ${which} file`,
      async run({ backend, storage }) {
        const bytes = patternBytes(size)
        const id = await storage.create(chunksOf(bytes))

        const read = await readBytes(backend, id, range)

        const wanted = bytes.subarray(range.start, (range.end ?? size) + 1)
        expectSameBytes(read, wanted, `the range ${range.start}-${range.end ?? ''} of ${size} bytes`)
      },
    })),
  ),
  {
    name: 'reads a file in parts that add up to the whole',
    async run({ backend, storage }) {
      const bytes = patternBytes(2 * MIB + 5)
      const id = await storage.create(chunksOf(bytes))

      const parts: Buffer[] = []
      for (let start = 0; start < bytes.byteLength; start += 300_000) {
        parts.push(await readBytes(backend, id, { start, end: start + 299_999 }))
      }

      expectSameBytes(Buffer.concat(parts), bytes, 'the parts together')
    },
  },
  {
    name: 'refuses a range outside the file',
    async run({ storage }) {
      const file = await storage.get(await storage.create(HELLO))
      const empty = await storage.get(await storage.create(new Uint8Array()))

      for (const range of [
        { start: HELLO.byteLength },
        { start: -1 },
        { start: 5, end: 4 },
        { start: 0.5 },
      ]) {
        const what = `reading the range ${range.start}-${range.end ?? ''}`
        await expectCode('INVALID_ARGUMENT', file.stream(range), what)
      }
      await expectCode('INVALID_ARGUMENT', empty.stream({ start: 0 }), 'reading a range of an empty file')
    },
  },
]
