import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { MAX_PARTS, PartPlan } from '../src/writing/part-plan.ts'
import { MIB } from './support/samples.ts'

const GIB = 1024 * MIB
const TIB = 1024 * GIB
const MIN = 5 * MIB

/** How many bytes fit into all the parts of a plan, and the largest of them. */
function capacityOf(plan: PartPlan): { total: number; largest: number } {
  const sizes = Array.from({ length: MAX_PARTS }, (_, index) => plan.sizeOf(index + 1))
  return { total: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(...sizes) }
}

const planFor = (partSize: number, expectedSize?: number): PartPlan =>
  new PartPlan(partSize, { filename: 'a.bin', expectedSize })

describe('the parts of a file of known size', () => {
  it.each([
    [1 * MIB, MIN],
    [10_000 * MIN, MIN],
    [10_000 * MIN + 1, 6 * MIB],
    [60 * GIB, 7 * MIB],
    [1 * TIB, 105 * MIB],
    [5 * TIB, 525 * MIB],
  ])('of %p bytes have %p bytes, all of them', (size, partSize) => {
    const plan = planFor(MIN, size)

    const count = Math.ceil(size / partSize)
    expect(count).toBeLessThanOrEqual(MAX_PARTS)
    expect([1, Math.ceil(count / 2), count].map((number) => plan.sizeOf(number))).toEqual(
      Array<number>(3).fill(partSize),
    )
  })

  it('are as large as the option says, if that is enough', () => {
    expect(planFor(64 * MIB, 60 * GIB).sizeOf(1)).toBe(64 * MIB)
  })

  it('grow if it was larger than its size said', () => {
    const { total } = capacityOf(planFor(MIN, 1 * GIB))

    expect(total).toBeGreaterThan(5 * TIB)
  })

  it('do not exist for what no parts can hold', () => {
    expect(() => planFor(MIN, 49 * TIB)).toThrow(expect.objectContaining({ code: 'FILE_TOO_LARGE' }))
  })
})

describe('the parts of a stream of unknown length', () => {
  it('hold 5 TiB, whatever the part size', () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN, max: 5 * GIB }), (partSize) => {
        const { total, largest } = capacityOf(planFor(partSize))
        expect(total).toBeGreaterThan(5 * TIB)
        expect(largest).toBeLessThanOrEqual(Math.max(partSize, 1280 * MIB))
      }),
      { numRuns: 20 },
    )
  })

  it('are of one size for the first 4,000, and never become smaller', () => {
    const plan = planFor(MIN)
    const sizes = Array.from({ length: MAX_PARTS }, (_, index) => plan.sizeOf(index + 1))

    expect(new Set(sizes.slice(0, 4000))).toEqual(new Set([MIN]))
    expect(sizes[4000]).toBe(2 * MIN)
    expect(sizes).toEqual([...sizes].sort((one, other) => one - other))
  })
})

describe('the parts on their way', () => {
  it('are four, but of enlarged parts 128 MiB or a single part', () => {
    expect(planFor(MIN).atOnce(MIN)).toBe(4)
    expect(planFor(64 * MIB).atOnce(64 * MIB)).toBe(4)
    expect(planFor(MIN, 500 * GIB).atOnce(52 * MIB)).toBe(2)
    expect(planFor(MIN, 5 * TIB).atOnce(525 * MIB)).toBe(1)
  })
})
