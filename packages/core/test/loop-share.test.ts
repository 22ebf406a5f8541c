import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { LoopShare } from '../src/loop-share.ts'

afterEach(() => {
  jest.restoreAllMocks()
})

/** A share whose actions take as many milliseconds as they are told, and what ran in which turn of the loop. */
function setUp() {
  let time = 1000
  jest.spyOn(performance, 'now').mockImplementation(() => time)
  const share = new LoopShare()
  const log: { name: number; turn: number; ms: number }[] = []
  const run = (name: number, ms: number) =>
    share.run(() => {
      time += ms
      log.push({ name, turn: share.turn, ms })
      return name
    })
  return { share, log, run }
}

describe('the share of the event loop', () => {
  it('is a millisecond in a turn, and the order is that of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 60 }),
        async (times) => {
          const { log, run } = setUp()

          const results = await Promise.all(times.map(async (ms, name) => await run(name, ms)))

          expect(results).toEqual(times.map((_, name) => name))
          expect(log.map(({ name }) => name)).toEqual(results)
          for (const turn of new Set(log.map((one) => one.turn))) {
            const inTurn = log.filter((one) => one.turn === turn)
            // The last one may have begun with a little left.
            expect(inTurn.slice(0, -1).reduce((sum, { ms }) => sum + ms, 0)).toBeLessThan(1)
          }
          jest.restoreAllMocks()
        },
      ),
      { numRuns: 200 },
    )
  })

  it('returns a value if there is time left, and a promise if there is none', async () => {
    const { run } = setUp()

    const first = run(1, 1)
    const second = run(2, 0)

    expect(first).toBe(1)
    expect(second).toBeInstanceOf(Promise)
    expect(await second).toBe(2)
  })

  it('holds actions within actions for a part of them', () => {
    const { share, run } = setUp()

    expect(share.run(() => [run(1, 2), run(2, 2)])).toEqual([1, 2])
  })

  it('hands on what an action throws, at once or later, and goes on', async () => {
    const { share, run } = setUp()
    const failing = () =>
      share.run(() => {
        throw new Error('broken')
      })

    expect(failing).toThrow('broken')
    void run(1, 5)
    const later = failing()

    await expect(later).rejects.toThrow('broken')
    expect(await run(2, 0)).toBe(2)
  })

  it('runs what had to wait in the asynchronous context of its call', async () => {
    const { share, run } = setUp()
    const context = new AsyncLocalStorage<string>()

    void run(1, 5)
    const seen = await Promise.all(
      ['a', 'b'].map((name) => context.run(name, async () => await share.run(() => context.getStore()))),
    )

    expect(seen).toEqual(['a', 'b'])
  })
})
