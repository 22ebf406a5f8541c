import { describe, expect, it } from '@jest/globals'
import { Pace } from '../../src/storage/pace.ts'

/** A clock that only sleep moves. */
function clock() {
  const slept: number[] = []
  let now = 1000
  return {
    slept,
    later: (ms: number) => (now += ms),
    now: () => now,
    sleep(ms: number, signal?: AbortSignal) {
      signal?.throwIfAborted()
      slept.push(ms)
      now += ms
      return Promise.resolve()
    },
  }
}

describe('a pace', () => {
  it('waits after a file until the time of its bytes is over', async () => {
    const time = clock()
    const pace = new Pace(100, time)

    await pace.wait()
    pace.count(50)
    pace.count(25)
    await pace.wait()
    time.later(10_000)
    await pace.wait()
    pace.count(100)
    time.later(400)
    await pace.wait()

    expect(time.slept).toEqual([750, 600])
  })

  it('waits longer than a timer can', async () => {
    const time = clock()
    const pace = new Pace(1, time)
    pace.count(2 ** 22)

    await pace.wait()

    expect(time.slept).toEqual([2 ** 31 - 1, 2 ** 22 * 1000 - (2 ** 31 - 1)])
  })

  it('does not wait without a limit, and no longer than until the signal', async () => {
    const time = clock()
    const free = new Pace(undefined, time)
    free.count(1e12)
    await free.wait()
    expect(time.slept).toEqual([])

    const pace = new Pace(1, time)
    pace.count(1)
    await expect(pace.wait(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })
})
