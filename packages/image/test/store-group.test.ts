import type { StoreFile, StoreOptions } from '@filedepot/core'
import { describe, expect, it } from '@jest/globals'
import { StoreGroup } from '../src/store-group.ts'

/** Stores nothing, and ends some time after it is told to. */
class SlowStore {
  readonly ended: unknown[] = []
  readonly store: StoreFile = (_content, { signal }: StoreOptions = {}) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        setImmediate(() => {
          this.ended.push(signal.reason)
          reject(new Error('given up'))
        })
      })
    })
}

describe('a group', () => {
  it('fails with what came first, when nothing is stored any more', async () => {
    const { store, ended } = new SlowStore()
    const group = new StoreGroup(store, undefined)
    const cause = new Error('damaged')

    const running = group.run(async () => {
      void group.add(Buffer.from('one'))
      void group.add(Buffer.from('two'))
      return await Promise.reject(cause)
    })

    await expect(running).rejects.toBe(cause)
    expect(ended).toEqual([cause, cause])
  })

  it('fails with the first file that could not be stored, and not with what that did to the others', async () => {
    const { store, ended } = new SlowStore()
    const cause = new Error('disk gone')
    const group = new StoreGroup(
      (...args) => (args[1]?.filename ? Promise.reject(cause) : store(...args)),
      undefined,
    )

    const running = group.run(async () => {
      void group.add(Buffer.from('one'))
      void group.add(Buffer.from('two'), { filename: 'a' })
      // As what makes thumbnails does.
      while (!group.signal.aborted) await new Promise((resolve) => setImmediate(resolve))
      throw new Error('Making thumbnails was aborted')
    })

    await expect(running).rejects.toBe(cause)
    expect(ended).toEqual([cause])
  })

  it('ends with the signal of the upload', async () => {
    const { store, ended } = new SlowStore()
    const abort = new AbortController()
    const group = new StoreGroup(store, abort.signal)

    const running = group.run(() => group.add(Buffer.from('one')))
    abort.abort('enough')

    await expect(running).rejects.toThrow('given up')
    expect(ended).toEqual(['enough'])
    expect(group.signal.reason).toBe('enough')
  })
})
