import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { DiskPace } from '../../../src/backends/local/disk-pace.ts'
import { loopShare } from '../../../src/loop-share.ts'

let time = 0

beforeEach(() => {
  time = 1_000_000
  jest.spyOn(performance, 'now').mockImplementation(() => time)
})

afterEach(() => {
  jest.restoreAllMocks()
})

const nextTurn = () => loopShare.turn++

/** Calls that take so long each, every one in a turn of its own. */
function call(pace: DiskPace, ...times: number[]): void {
  for (const one of times) {
    nextTurn()
    pace.called(one)
  }
  nextTurn()
}

/** Trips to the thread pool, one after the other. */
function travel(pace: DiskPace, count: number, ms: number): void {
  for (let n = 0; n < count; n++) {
    const over = pace.trip()
    time += ms
    over()
  }
}

const QUICK = 0.01
const SLOW = 20

describe('the pace of a disk', () => {
  it('is quick in the beginning, unless it is known to be slow', () => {
    expect([new DiskPace().isQuick, new DiskPace(true).isQuick]).toEqual([true, false])
  })

  it('is slow after two slow calls among sixteen', () => {
    const [near, far] = [new DiskPace(), new DiskPace()]

    call(near, SLOW, ...Array.from({ length: 14 }, () => QUICK), SLOW)
    call(far, SLOW, ...Array.from({ length: 15 }, () => QUICK), SLOW)

    expect([near.isQuick, far.isQuick]).toEqual([false, true])
  })

  it('rests for the turn in which a call was slow', () => {
    const pace = new DiskPace()
    nextTurn()

    pace.called(SLOW)
    const inTurn = pace.isQuick
    nextTurn()

    expect([inTurn, pace.isQuick]).toEqual([false, true])
  })

  it('is quick again after 64 good trips, and a second', () => {
    const pace = new DiskPace()
    call(pace, SLOW, SLOW)

    travel(pace, 64, 0.1)
    const soon = pace.isQuick
    time += 1000
    const unasked = pace.isQuick
    travel(pace, 1, 0.1)

    expect([soon, unasked, pace.isQuick]).toEqual([false, false, true])
  })

  it('rests twice as long after each relapse, up to a minute, and for a second again after a good time', () => {
    const pace = new DiskPace()
    const rests: number[] = []
    const relapse = () => {
      call(pace, SLOW, SLOW)
      const start = time
      travel(pace, 64, 0.1)
      while (!pace.isQuick) travel(pace, 1, 0.9)
      rests.push(Math.round((time - start) / 1000))
    }

    for (let n = 0; n < 8; n++) relapse()
    time += 120_001
    relapse()

    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 1])
  })

  it('loses sixteen good trips by a slow one', () => {
    const pace = new DiskPace()
    call(pace, SLOW, SLOW)
    time += 1000

    travel(pace, 63, 0.1)
    travel(pace, 1, SLOW)
    travel(pace, 16, 0.1)
    const almost = pace.isQuick
    travel(pace, 1, 0.1)

    expect([almost, pace.isQuick]).toEqual([false, true])
  })

  it('does not take trips for slow that only wait for each other', () => {
    const pace = new DiskPace()
    call(pace, SLOW, SLOW)
    time += 1000

    for (let round = 0; round < 4; round++) {
      const overs = Array.from({ length: 16 }, () => pace.trip())
      time += 0.9
      for (const over of overs) over()
    }

    expect(pace.isQuick).toBe(true)
  })

  it('makes at most two slow calls until a disk that stays slow has had a second, whatever it did before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.constant('call' as const), fc.constant('trip' as const), fc.constant('turn' as const)),
          {
            minLength: 1,
            maxLength: 300,
          },
        ),
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 50 }),
        (steps, before) => {
          const pace = new DiskPace()
          for (const ms of before) if (pace.isQuick) call(pace, ms)
          let slowCalls = 0
          for (const step of steps) {
            if (step === 'turn') nextTurn()
            else if (pace.isQuick) {
              pace.called(SLOW)
              slowCalls++
            } else travel(pace, 1, SLOW)
          }
          expect(slowCalls).toBeLessThanOrEqual(2)
        },
      ),
    )
  })
})
