import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { setTimeout as sleep } from 'node:timers/promises'
import { abortable } from '../src/client/abortable.ts'
import { PartPlan } from '../src/writing/part-plan.ts'
import { PartReader } from '../src/writing/part-reader.ts'
import { bytesOf, chunksOf, failure, hangingAfter, MIB } from './support/samples.ts'

const planOf = (partSize: number): PartPlan =>
  new PartPlan(partSize, { filename: 'a.bin', expectedSize: undefined })

async function partsOf(reader: PartReader): Promise<Buffer[]> {
  const parts: Buffer[] = []
  for (let part = await reader.next(); part; part = await reader.next()) {
    parts.push(Buffer.from(part))
    reader.release(part)
  }
  return parts
}

describe('the parts of a body', () => {
  it('are all of one size but the last, however the body was cut', async () => {
    const sizes = fc.array(fc.nat(700), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 500 }), async (cuts, partSize) => {
        const whole = bytesOf(cuts.reduce((sum, cut) => sum + cut, 0))
        async function* body(): AsyncGenerator<Uint8Array> {
          let start = 0
          for (const cut of cuts) yield await Promise.resolve(whole.subarray(start, (start += cut)))
        }

        const parts = await partsOf(new PartReader(body(), planOf(partSize)))

        expect(Buffer.compare(Buffer.concat(parts), whole)).toBe(0)
        expect(parts.length).toBe(Math.ceil(whole.byteLength / partSize))
        expect(parts.slice(0, -1).every((part) => part.byteLength === partSize)).toBe(true)
      }),
    )
  })

  it('are right also where the body uses one buffer for all its chunks', async () => {
    const whole = bytesOf(3 * MIB + 5)
    async function* body(): AsyncGenerator<Uint8Array> {
      const shared = Buffer.alloc(100_000)
      for (let start = 0; start < whole.byteLength; start += shared.byteLength) {
        const length = whole.copy(shared, 0, start)
        yield await Promise.resolve(shared.subarray(0, length))
        shared.fill(0)
      }
    }

    const parts = await partsOf(new PartReader(body(), planOf(MIB)))

    expect(Buffer.compare(Buffer.concat(parts), whole)).toBe(0)
  })

  it('grow as the plan says, and are complete', async () => {
    const whole = bytesOf(1000)
    const plan = { sizeOf: (number: number) => (number < 3 ? 100 : 250), atOnce: () => 4 }

    const parts = await partsOf(new PartReader(chunksOf(whole), plan))

    expect(parts.map((part) => part.byteLength)).toEqual([100, 100, 250, 250, 250, 50])
    expect(Buffer.concat(parts).equals(whole)).toBe(true)
  })

  it('lie in the memory of parts that were given back', async () => {
    const reader = new PartReader(chunksOf(bytesOf(20 * MIB)), planOf(MIB))
    const memory = new Set<ArrayBufferLike>()

    for (let part = await reader.next(); part; part = await reader.next()) {
      memory.add(part.buffer)
      reader.release(part)
    }

    expect(memory.size).toBe(1)
  })
})

describe('a body that can be aborted', () => {
  it('ends with the reason of the signal, also where it hangs', async () => {
    const controller = new AbortController()
    const body = abortable(hangingAfter(bytesOf(10)), controller.signal)
    expect((await body.next()).value).toHaveLength(10)

    const next = failure(body.next())
    await sleep(5)
    controller.abort(new Error('enough'))

    expect((await next).message).toBe('enough')
  })

  it('tells its source to end where the reader stops, and not where the source has failed', async () => {
    let ended = 0
    const source = (error?: Error): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => (error ? Promise.reject(error) : Promise.resolve({ done: false, value: bytesOf(1) })),
        return: () => {
          ended++
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    })
    const { signal } = new AbortController()

    for await (const chunk of abortable(source(), signal)) if (chunk.byteLength > 0) break
    expect(ended).toBe(1)

    const error = await failure(abortable(source(new Error('broke')), signal).next())
    expect([error.message, ended]).toEqual(['broke', 1])
  })
})
