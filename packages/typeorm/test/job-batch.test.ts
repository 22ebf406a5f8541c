import { describe, expect, it } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import { JobBatch } from '../src/rows/transaction/job-batch.ts'

/** Adds jobs that note what they do. */
function noting(batch: JobBatch) {
  const seen: string[] = []
  const add = (name: string, run: () => Promise<void> | undefined = () => undefined) =>
    batch.add(() => {
      seen.push(`prepare ${name}`)
      return () => {
        seen.push(`run ${name}`)
        return run()
      }
    })
  return { seen, add }
}

function failing(message: string): () => never {
  return () => {
    throw new Error(message)
  }
}

describe('a batch of jobs', () => {
  it('prepares all of them before it runs the first, after the code that has added them', async () => {
    const { seen, add } = noting(new JobBatch())

    const batch = add('a')
    const same = add('b')
    seen.push('added')
    await batch

    expect(same).toBe(batch)
    expect(seen).toEqual(['added', 'prepare a', 'prepare b', 'run a', 'run b'])
  })

  it('is another one for what comes later, also from a job', async () => {
    const batch = new JobBatch()
    const { seen, add } = noting(batch)

    await add('a', () => add('c'))
    await add('b')

    expect(seen).toEqual(['prepare a', 'run a', 'prepare c', 'run c', 'prepare b', 'run b'])
  })

  it('runs none where one cannot be prepared', async () => {
    const batch = new JobBatch()
    const { seen, add } = noting(batch)

    const first = add('a')
    const refused = batch.add(failing('refused'))

    await expect(first).rejects.toThrow('refused')
    expect(refused).toBe(first)
    expect(seen).toEqual(['prepare a'])
  })

  it('begins no other after one that fails, and rejects with its error', async () => {
    const { seen, add } = noting(new JobBatch())

    // The last of them would end the process if nobody heard it.
    const batch = add('a', () => Promise.reject(new Error('later')))
    void add('b', failing('at once'))
    void add('c')

    await expect(batch).rejects.toThrow('at once')
    expect(seen).not.toContain('run c')
  })

  it('waits for those that take time, and rejects where one of them fails', async () => {
    const ended: string[] = []
    const { add } = noting(new JobBatch())

    const batch = add('a', async () => {
      await setImmediate()
      ended.push('a')
    })
    await batch
    const failed = add('b', async () => {
      await setImmediate()
      throw new Error('too bad')
    })

    expect(ended).toEqual(['a'])
    await expect(failed).rejects.toThrow('too bad')
  })

  it('hears of one that fails while others are still to be begun', async () => {
    const unheard: unknown[] = []
    const note = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', note)
    const { add } = noting(new JobBatch())

    const batch = add('fails', () => Promise.reject(new Error('too bad')))
    for (let index = 0; index < 1000; index++) void add(String(index))

    await expect(batch).rejects.toThrow('too bad')
    process.off('unhandledRejection', note)
    expect(unheard).toEqual([])
  })

  it('lets others have their turn in between', async () => {
    const { seen, add } = noting(new JobBatch())

    const batch = Array.from({ length: 1000 }, (_, index) => add(String(index)))
    void setImmediate().then(() => seen.push('other'))
    await batch.at(-1)

    expect(seen.indexOf('other')).toBeGreaterThan(seen.indexOf('run 0'))
    expect(seen.indexOf('other')).toBeLessThan(seen.indexOf('run 200'))
  })
})
