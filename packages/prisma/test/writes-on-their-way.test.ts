import { describe, expect, it } from '@jest/globals'
import { ActiveWrites, type ActiveWrite } from '../src/rows/writes/active-writes.ts'

const parts = {
  internals: { provider: 'postgresql' },
  later: { seeWrites: true },
} as unknown as ConstructorParameters<typeof ActiveWrites>[0]

function newWrite(): ActiveWrite {
  return { name: 'user.update()', link: undefined, rows: [], uploads: new Set() }
}

describe('a chain of writes, each begun by a task that the one before it has left behind', () => {
  it('keeps none that is over', async () => {
    const onTheirWay = new ActiveWrites(parts)
    const writes: WeakRef<ActiveWrite>[] = []
    let last: () => void = () => undefined
    const done = new Promise<void>((resolve) => (last = resolve))
    let isWithin: boolean | undefined

    const begin = (count: number) => {
      void onTheirWay.run(
        () => {
          const write = newWrite()
          writes.push(new WeakRef(write))
          return write
        },
        () => {
          setTimeout(() => {
            if (count > 0) begin(count - 1)
            else {
              isWithin = onTheirWay.isWithinOne
              last()
            }
          })
          return Promise.resolve()
        },
      )
    }
    begin(10)
    await done
    globalThis.gc?.()

    expect(isWithin).toBe(false)
    expect(writes.slice(0, -2).filter((write) => write.deref())).toEqual([])
  })
})
