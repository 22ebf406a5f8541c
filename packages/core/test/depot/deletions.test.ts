import { describe, expect, it } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { DeleteReport } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { DepotManager } from '../../src/depot/depot-manager.ts'
import { BrokenBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { thrown } from '../support/failure.ts'
import { HangingBackend } from '../support/hanging-backend.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

describe('DepotManager.deleteFiles', () => {
  it('asks each storage once, and tells what is gone', async () => {
    const asked: (readonly string[])[] = []
    class Counting extends MemoryBackend {
      override delete(ids: readonly string[]): Promise<DeleteReport> {
        asked.push(ids)
        return super.delete(ids)
      }
    }
    const depot = memoryDepot(new Counting())
    depot.configure('other', new Counting())
    const ids = [await depot.get().create(bytesOf(1)), await depot.get().create(bytesOf(2))]
    const other = await depot.get('other').create(bytesOf(3))
    const told: (readonly string[])[] = []
    depot.on('deleted', ({ paths }) => told.push(paths))
    const paths = [...ids.map((id) => `default/${id}`), `other/${other}`]

    await depot.deleteFiles([...paths, ...paths])

    expect(asked).toEqual([ids, [other]])
    expect(told.flat().sort()).toEqual([...paths].sort())
    expect(await pathsOf(depot)).toEqual([])
  })

  it('tells which of them could not be deleted, and never rejects', async () => {
    const backend = new BrokenBackend()
    const depot = memoryDepot(backend)
    const [gone, locked] = [await depot.get().create(bytesOf(1)), await depot.get().create(bytesOf(2))]
    backend.undeletable.add(locked)
    const told: unknown[] = []
    depot.on('deleted', (event) => told.push(event))
    depot.on('deleteFailed', ({ path, error }) => told.push([path, (error as { code?: unknown }).code]))

    await depot.deleteFiles([
      `default/${gone}`,
      `default/${locked}`,
      'default/x',
      'missing/x',
      'nonsense',
      '',
    ])

    expect(told).toHaveLength(6)
    expect(told).toEqual(
      expect.arrayContaining([
        { paths: [`default/${gone}`] },
        [`default/${locked}`, 'DELETE_FAILED'],
        ['default/x', 'INVALID_FILE_ID'],
        ['missing/x', 'STORAGE_NOT_FOUND'],
        ['nonsense', 'INVALID_ARGUMENT'],
        ['', 'INVALID_ARGUMENT'],
      ]),
    )
    expect(await pathsOf(depot)).toEqual([`default/${locked}`])
  })

  it('has nothing to do, and nothing to tell, without paths', async () => {
    const depot = memoryDepot()
    const told: unknown[] = []
    depot.on('deleted', (event) => told.push(event))

    await depot.deleteFiles([])

    expect(told).toEqual([])
  })
})

/** Stores files, and names them. */
async function store(depot: DepotManager, count: number): Promise<string[]> {
  const paths: string[] = []
  for (let i = 0; i < count; i++) paths.push(depot.get().path(await depot.get().create(bytesOf(1))))
  return paths
}

describe('deletions from a storage that hangs', () => {
  it('take four requests; the files of the others wait, and go together', async () => {
    const backend = new HangingBackend()
    const depot = memoryDepot(backend)
    const paths = await store(depot, 30)

    const deleting = paths.map((path) => depot.deleteFiles([path]))
    const hanging = backend.hanging
    backend.open()
    await Promise.all(deleting)

    expect(hanging).toBe(4)
    expect(backend.mostHanging).toBe(4)
    expect(backend.requests.map(({ length }) => length)).toEqual([1, 1, 1, 1, 26])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('go at most a thousand in a request, and the callers hear when theirs are gone', async () => {
    const backend = new HangingBackend()
    const depot = new DepotManager({ deletionConcurrency: 1 })
    depot.configure('default', backend)
    const paths = await store(depot, 2500)

    const deleting = paths.map((path) => depot.deleteFiles([path]))
    backend.open()
    await Promise.all(deleting)

    expect(backend.requests.map(({ length }) => length)).toEqual([1, 1000, 1000, 499])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('are waited for no longer than the caller wants, and go on', async () => {
    const backend = new HangingBackend()
    const depot = memoryDepot(backend)
    const paths = await store(depot, 6)
    const gone: string[] = []
    depot.on('deleted', (event) => gone.push(...event.paths))

    await Promise.all(paths.map((path) => depot.deleteFiles([path], { maxWait: 20 })))
    const goneMeanwhile = [...gone]
    backend.open()
    await depot.close()

    expect(goneMeanwhile).toEqual([])
    expect(gone.sort()).toEqual(paths.sort())
    expect(await pathsOf(depot)).toEqual([])
  })

  it('stop no deletion from another storage', async () => {
    const depot = memoryDepot(new HangingBackend())
    depot.configure('other', new MemoryBackend())
    const paths = await store(depot, 10)
    const other = `other/${await depot.get('other').create(bytesOf(1))}`

    for (const path of paths) void depot.deleteFiles([path])
    await depot.deleteFiles([other])

    expect(await pathsOf(depot)).toEqual(paths.sort())
  })

  it('are refused where too many wait, and the event says so', async () => {
    const backend = new HangingBackend()
    const depot = new DepotManager({ deletionConcurrency: 1, maxPendingDeletions: 3 })
    depot.configure('default', backend)
    const paths = await store(depot, 6)
    const failed: [string, unknown][] = []
    depot.on('deleteFailed', ({ path, error }) => failed.push([path, error]))

    const deleting = paths.map((path) => depot.deleteFiles([path]))
    backend.open()
    await Promise.all(deleting)

    expect(failed.map(([path]) => path)).toEqual(paths.slice(4))
    expect(failed[0]?.[1]).toMatchObject({
      code: 'DELETE_QUEUE_FULL',
      message: expect.stringContaining('Cannot queue the deletion: 3 files already wait') as unknown,
    })
    expect(await pathsOf(depot)).toEqual(paths.slice(4).sort())
  })

  it('keep less than a kilobyte for each file that waits', async () => {
    const depot = memoryDepot(new HangingBackend())
    const heap = (): number => {
      globalThis.gc?.()
      globalThis.gc?.()
      return process.memoryUsage().heapUsed
    }
    const id = (i: number): string => `01890a5d-ac96-774b-bcce-${String(i).padStart(12, '0')}`
    const wait = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, i) =>
          depot.deleteFiles([`default/${id(from + i)}`], { maxWait: 1 }),
        ),
      )
    await wait(0, 1000)
    const before = heap()

    await wait(1000, 21_000)

    expect((heap() - before) / 20_000).toBeLessThan(600)
  })

  it('run in no asynchronous context of another caller', async () => {
    const context = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    class Noting extends HangingBackend {
      override async delete(ids: readonly string[]): Promise<DeleteReport> {
        seen.push(context.getStore())
        return await super.delete(ids)
      }
    }
    const backend = new Noting()
    const depot = new DepotManager({ deletionConcurrency: 1 })
    depot.configure('default', backend)
    const [first = '', second = ''] = await store(depot, 2)

    const one = context.run('first', () => depot.deleteFiles([first]))
    const two = context.run('second', () => depot.deleteFiles([second]))
    backend.open()
    await Promise.all([one, two])

    expect(seen).toEqual(['first', undefined])
  })

  it.each([
    ['deletionConcurrency', 0],
    ['deletionConcurrency', 1.5],
    ['maxPendingDeletions', -1],
  ])('want a good %s, and not %p', (name, value) => {
    const error = thrown(() => new DepotManager({ [name]: value }))

    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`Expected ${name} to be a whole number`) as unknown,
    })
  })
})
