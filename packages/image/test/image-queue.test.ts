import { afterEach, describe, expect, it } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import { imageConcurrency, inTurn } from '../src/image-queue.ts'

const usual = imageConcurrency()

afterEach(() => {
  imageConcurrency(usual)
})

describe('inTurn', () => {
  it.each([1, 2, 5])('runs %p at a time, and all of them', async (limit) => {
    imageConcurrency(limit)
    let [running, most] = [0, 0]

    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        inTurn(async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          return index
        }),
      ),
    )

    expect(results).toEqual(Array.from({ length: 12 }, (_, index) => index))
    expect(most).toBe(limit)
  })

  it('goes on after a failure, which is that of its own caller', async () => {
    imageConcurrency(1)

    const outcomes = await Promise.allSettled([
      inTurn(() => Promise.reject(new Error('broken'))),
      inTurn(() => Promise.resolve('made')),
    ])

    expect(outcomes).toEqual([
      { status: 'rejected', reason: new Error('broken') },
      { status: 'fulfilled', value: 'made' },
    ])
  })

  it('keeps the asynchronous context of the call, also of one that had to wait', async () => {
    imageConcurrency(1)
    const request = new AsyncLocalStorage<string>()

    const seen = await Promise.all(
      ['first', 'second', 'third'].map((name) =>
        request.run(name, () =>
          inTurn(async () => {
            await new Promise((resolve) => setImmediate(resolve))
            return request.getStore()
          }),
        ),
      ),
    )

    expect(seen).toEqual(['first', 'second', 'third'])
  })
})
