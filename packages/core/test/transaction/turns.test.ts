import { describe, expect, it } from '@jest/globals'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { TurnsOnOneConnection } from '../../src/transaction/turns.ts'

/** An action that says when it begins and ends, and takes a while. */
function noting(seen: string[], name: string, result: () => string = () => name) {
  return async () => {
    seen.push(`begin ${name}`)
    await setImmediate()
    seen.push(`end ${name}`)
    return result()
  }
}

function failing(message: string): () => never {
  return () => {
    throw new Error(message)
  }
}

describe('turns on one connection', () => {
  it('follow each other, and say what came of each', async () => {
    const seen: string[] = []
    const turns = new TurnsOnOneConnection()

    const results = await Promise.allSettled([
      turns.run(noting(seen, 'a'), false),
      turns.run(noting(seen, 'b', failing('b failed')), false),
      turns.run(failing('c threw at once'), false),
      turns.run(noting(seen, 'd'), false),
    ])

    expect(seen).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin d', 'end d'])
    expect(results).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: new Error('b failed') },
      { status: 'rejected', reason: new Error('c threw at once') },
      { status: 'fulfilled', value: 'd' },
    ])
  })

  it.each([
    ['succeeds', () => 'a'],
    ['fails', failing('a failed')],
  ])('end with what is to be done last, also of one that %s', async (_, result) => {
    const seen: string[] = []
    const turns = new TurnsOnOneConnection(async () => {
      await setImmediate()
      seen.push('last')
    })

    await Promise.allSettled([
      turns.run(noting(seen, 'a', result), false).finally(() => seen.push('heard')),
      turns.run(noting(seen, 'b'), false),
    ])

    expect(seen.slice(0, 3)).toEqual(['begin a', 'end a', 'last'])
    expect(seen.indexOf('heard')).toBeGreaterThan(seen.indexOf('last'))
    expect(seen).toContain('end b')
    expect(seen.indexOf('last')).toBeLessThan(seen.indexOf('begin b'))
  })

  it.each([
    ['succeeds', () => 'a'],
    ['fails', failing('a failed')],
  ])('go on where what is to be done last of one that %s fails', async (_, result) => {
    const seen: string[] = []
    const turns = new TurnsOnOneConnection(() =>
      seen.length < 3 ? Promise.reject(new Error('the last failed')) : undefined,
    )

    const first = turns.run(noting(seen, 'a', result), true)
    const second = turns.run(noting(seen, 'b'), true)

    await expect(first).rejects.toThrow('the last failed')
    await expect(second).resolves.toBe('b')
    expect(turns.isInside).toBe(false)
    await expect(turns.run(noting(seen, 'c'), true)).resolves.toBe('c')
  })

  it('go on at once within the one that is entered, and wait in what it has left running', async () => {
    const seen: string[] = []
    const turns = new TurnsOnOneConnection()
    let left: Promise<unknown> | undefined

    await turns.run(async () => {
      await turns.run(noting(seen, 'inside'), false)
      left = setImmediate()
        .then(() => setImmediate())
        .then(() => turns.run(noting(seen, 'left'), false))
    }, true)
    await turns.run(noting(seen, 'next'), false)
    await left

    expect(seen.slice(0, 2)).toEqual(['begin inside', 'end inside'])
    expect(seen.slice(2).join()).toMatch(
      /^(begin next,end next,begin left,end left|begin left,end left,begin next,end next)$/,
    )
  })

  it('are over for others before their callers have what they wait for afterwards', async () => {
    const seen: string[] = []
    const turns = new TurnsOnOneConnection()
    let finish: () => void = () => undefined
    const deleting = new Promise<void>((resolve) => (finish = resolve))

    const first = turns.run(async () => {
      await setImmediate()
      seen.push(`in place: ${turns.afterwards(deleting) !== undefined}`)
      return 'a'
    }, true)
    const heard = first.then((value) => seen.push(`heard ${value}`))
    await turns.run(noting(seen, 'b'), true)
    finish()
    await heard

    expect(seen).toEqual(['in place: false', 'begin b', 'end b', 'heard a'])
  })

  it('let what fails wait, too, and wait in place where none goes on', async () => {
    const turns = new TurnsOnOneConnection()
    let isDone = false
    const deleting = setImmediate().then(() => {
      isDone = true
    })

    const failed = turns.run(() => {
      void turns.afterwards(deleting)
      return Promise.reject(new Error('a failed'))
    }, false)

    await expect(failed).rejects.toThrow('a failed')
    expect(isDone).toBe(true)
    expect(turns.afterwards(deleting)).toBe(deleting)
  })
})

describe('a turn that does not end', () => {
  it('is waited for as long as `timeout` says, by each that waits; then those after it have theirs', async () => {
    const turns = new TurnsOnOneConnection(undefined, { timeout: 60, what: 'the pen' })
    let end: () => void = () => undefined
    const endless = turns.run(() => new Promise<void>((resolve) => (end = resolve)), false)

    const early = turns.run(() => Promise.resolve('early'), false)
    await setTimeout(30)
    const late = turns.run(() => Promise.resolve('late'), false)
    const settled = Promise.allSettled([early, late])
    await expect(early).rejects.toMatchObject({
      code: 'TURN_TIMEOUT',
      message: expect.stringContaining('Waited 60 ms for the pen'),
    })
    expect(await Promise.race([late.catch(() => 'refused'), setImmediate('waits')])).toBe('waits')
    await settled
    await expect(late).rejects.toMatchObject({ code: 'TURN_TIMEOUT' })
    const last = turns.run(() => Promise.resolve('last'), false)
    end()
    await endless

    expect(await last).toBe('last')
  })

  it('is one turn: a long queue of short ones is waited for', async () => {
    const turns = new TurnsOnOneConnection(undefined, { timeout: 50 })

    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => turns.run(() => setTimeout(15, index), false)),
    )

    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('takes its time while it is busy', async () => {
    let isBusy = true
    const turns = new TurnsOnOneConnection(undefined, { timeout: 30, isBusy: () => isBusy })
    let end: () => void = () => undefined
    const uploading = turns.run(() => new Promise<void>((resolve) => (end = resolve)), false)
    const waiting = turns.run(() => Promise.resolve('done'), false)

    await setTimeout(100)
    isBusy = false
    end()
    await uploading

    expect(await waiting).toBe('done')
  })
})
