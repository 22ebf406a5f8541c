import { describe, expect, it } from '@jest/globals'
import type { DeleteReport } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { BrokenBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
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
