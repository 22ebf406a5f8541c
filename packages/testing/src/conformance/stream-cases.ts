import { equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { BackendCase } from './backend-case.ts'
import { expectOnly } from './expectations.ts'
import { PeakMemory } from './peak-memory.ts'
import { chunksOf, MIB, patternBytes } from './sample-content.ts'

const LARGE_MIB = 100
/** What may live at one time of a file that passes: some parts of an upload, some chunks under way. */
const MOST_MIB = 40

/** Large files. */
export const streamCases: readonly BackendCase[] = [
  {
    name: 'stores 20 MiB as a stream and gives back every byte',
    async run(context) {
      const bytes = patternBytes(20 * MIB + 3)

      const id = await context.storage.create(chunksOf(bytes), { filename: 'large.bin' })

      await expectOnly(context, id, bytes)
    },
  },
  {
    name: `stores and reads ${LARGE_MIB} MiB in no more than ${MOST_MIB} MiB of memory`,
    constantMemory: true,
    async run({ storage }) {
      const sent = createHash('sha256')
      const part = patternBytes(MIB)
      const memory = new PeakMemory()
      async function* large(): AsyncGenerator<Uint8Array> {
        for (let n = 0; n < LARGE_MIB; n++) {
          for await (const chunk of chunksOf(part)) {
            sent.update(chunk)
            yield chunk
          }
          if (n % 5 === 4) memory.sample()
        }
      }

      const id = await storage.create(large(), { filename: 'large.bin' })
      const stored = memory.growth

      const received = createHash('sha256')
      let size = 0
      let sampledAt = 0
      const file = await storage.get(id)
      for await (const chunk of file) {
        if (size >= sampledAt) {
          memory.sample()
          sampledAt += 5 * MIB
        }
        received.update(chunk)
        size += chunk.byteLength
      }

      equal(size, LARGE_MIB * MIB, 'the file has not the size that was stored')
      equal(received.digest('hex'), sent.digest('hex'), 'the bytes are not those that were stored')
      ok(stored <= MOST_MIB * MIB, `while ${LARGE_MIB} MiB were stored, memory grew by ${inMib(stored)} MiB`)
      ok(
        memory.growth <= MOST_MIB * MIB,
        `while ${LARGE_MIB} MiB were read, memory grew by ${inMib(memory.growth)} MiB`,
      )
    },
  },
]

function inMib(bytes: number): number {
  return Math.round(bytes / MIB)
}
