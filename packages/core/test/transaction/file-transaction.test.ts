import { describe, expect, it } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import { FileTransaction, type TransactionOutcome } from '../../src/transaction/file-transaction.ts'
import type { FileFilter } from '../../src/upload/file-filter.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { BrokenBackend, GatedBackend, StubbornBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure, thrown } from '../support/failure.ts'
import { until } from '../support/sources.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'
import { heardWarnings } from '../support/warnings.ts'

type Backend = Parameters<typeof memoryDepot>[0]

/** A depot with one file that a row holds, a transaction, and what the depot told. */
async function setUp(backend?: Backend, gate?: GatedBackend) {
  const depot = memoryDepot(backend)
  gate?.open()
  const old = await depot.upload(UploadedFile.from(Buffer.from('old')))
  const told: [string, unknown][] = []
  for (const name of ['discarded', 'deleted', 'deleteFailed', 'unsettled'] as const) {
    depot.on(name, (event: unknown) => told.push([name, event]))
  }
  const transaction = new FileTransaction(depot)
  const add = (size = 1) =>
    transaction.add((signal) => depot.upload(UploadedFile.from(bytesOf(size)), { signal }))
  return { depot, transaction, old, told, add }
}

describe('what is to be undone in memory', () => {
  it('is undone by a rollback, the latest first', async () => {
    const { transaction } = await setUp()
    const undone: number[] = []
    for (const number of [1, 2]) transaction.onRollback(() => undone.push(number))

    await transaction.settle('rolledBack')

    expect(undone).toEqual([2, 1])
  })

  it('is undone by a rollback to the savepoint that it came after, and by no other', async () => {
    const { transaction } = await setUp()
    const undone: string[] = []
    transaction.onRollback(() => undone.push('outer'))
    transaction.savepoint()
    transaction.onRollback(() => undone.push('inner'))

    await transaction.rollbackTo()
    await transaction.settle('committed')

    expect(undone).toEqual(['inner'])
  })

  it.each(['committed', 'unknown'] as const)('stays as it is where the outcome is: %s', async (outcome) => {
    const { transaction } = await setUp()
    const undone: string[] = []
    transaction.onRollback(() => undone.push('never'))

    await transaction.settle(outcome)

    expect(undone).toEqual([])
    expect(
      thrown(() => {
        transaction.onRollback(() => undefined)
      }),
    ).toMatchObject({ code: 'TRANSACTION_SETTLED' })
  })
})

describe('a commit', () => {
  it('keeps what was uploaded and deletes what was given up', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const added = await add()
    transaction.discard([old.path])
    const before = await pathsOf(depot)

    await transaction.settle('committed')

    expect(before).toEqual([old.path, added.path])
    expect(await pathsOf(depot)).toEqual([added.path])
    expect(told).toEqual([
      ['discarded', { paths: [old.path] }],
      ['deleted', { paths: [old.path] }],
    ])
  })

  it('deletes nothing that nobody gave up, and tells nothing', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const added = await add()

    await transaction.settle('committed')

    expect(await pathsOf(depot)).toEqual([old.path, added.path])
    expect(told).toEqual([])
  })

  it('deletes a file once that was given up twice', async () => {
    const { transaction, old, told } = await setUp()
    transaction.discard([old.path, old.path])
    transaction.discard(new Set([old.path]))

    await transaction.settle('committed')

    expect(told).toEqual([
      ['discarded', { paths: [old.path] }],
      ['deleted', { paths: [old.path] }],
    ])
  })

  it('deletes a file that was uploaded and given up within it', async () => {
    const { depot, transaction, old, add } = await setUp()
    const first = await add()
    const second = await add()
    transaction.discard(first.files)

    await transaction.settle('committed')

    expect(await pathsOf(depot)).toEqual([old.path, second.path])
  })

  it('does not reject where a storage is down, and tells which files are left', async () => {
    const backend = new BrokenBackend()
    const { depot, transaction, old, told } = await setUp(backend)
    backend.deleteError = new Error('connection lost')
    transaction.discard([old.path, 'gone/01890a5d-ac96-774b-bcce-b302099a8057'])

    await transaction.settle('committed')

    expect(await pathsOf(depot)).toEqual([old.path])
    expect(told.slice(1)).toMatchObject([
      [
        'deleteFailed',
        { path: 'gone/01890a5d-ac96-774b-bcce-b302099a8057', error: { code: 'STORAGE_NOT_FOUND' } },
      ],
      ['deleteFailed', { path: old.path, error: { code: 'DELETE_FAILED', cause: backend.deleteError } }],
    ])
  })

  it('does not reject where a path is none, and deletes the others', async () => {
    const { depot, transaction, old, told } = await setUp()
    transaction.discard(['nonsense', old.path])

    await transaction.settle('committed')

    expect(await pathsOf(depot)).toEqual([])
    expect(told).toContainEqual(['deleted', { paths: [old.path] }])
    expect(told).toContainEqual([
      'deleteFailed',
      { path: 'nonsense', error: expect.objectContaining({ code: 'INVALID_ARGUMENT' }) },
    ])
  })

  it('removes an upload that is still in flight, as no row can have it', async () => {
    const backend = new StubbornBackend()
    const depot = memoryDepot(backend)
    const transaction = new FileTransaction(depot)
    const adding = failure(
      transaction.add((signal) => depot.upload(UploadedFile.from(bytesOf(1)), { signal })),
    )
    await until(() => backend.waiting === 1)

    const settling = transaction.settle('committed')
    backend.open()
    await settling

    expect(await adding).toMatchObject({ code: 'ABORTED' })
    expect(await pathsOf(depot)).toEqual([])
  })
})

describe('a rollback', () => {
  it('deletes what was uploaded and keeps what was given up', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const added = [await add(), await add()]
    transaction.discard([old.path])

    await transaction.settle('rolledBack')

    expect(await pathsOf(depot)).toEqual([old.path])
    expect(told).toEqual([['deleted', { paths: added.map(({ path }) => path) }]])
  })

  it('deletes all files of a value', async () => {
    const { depot, transaction, old } = await setUp()
    const filters: FileFilter[] = [
      {
        async onSave({ store }) {
          await store(Buffer.from('thumb'))
        },
      },
    ]
    await transaction.add((signal) => depot.upload(UploadedFile.from(bytesOf(1)), { filters, signal }))
    const before = await pathsOf(depot)

    await transaction.settle('rolledBack')

    expect(before).toHaveLength(3)
    expect(await pathsOf(depot)).toEqual([old.path])
  })

  it('puts back what was changed, the latest first', async () => {
    const { depot, transaction } = await setUp()
    const order: number[] = []
    const add = (turn: number) =>
      transaction.add(
        () => depot.upload(UploadedFile.from(bytesOf(1))),
        () => order.push(turn),
      )

    await add(1)
    transaction.savepoint()
    await add(2)
    await add(3)
    transaction.release()
    transaction.savepoint()
    await add(4)
    await transaction.settle('rolledBack')

    expect(order).toEqual([4, 3, 2, 1])
  })

  it('puts back nothing where it was committed or where nobody knows', async () => {
    const order: string[] = []
    for (const outcome of ['committed', 'unknown'] as const) {
      const { depot, transaction } = await setUp()
      await transaction.add(
        () => depot.upload(UploadedFile.from(bytesOf(1))),
        () => order.push(outcome),
      )
      await transaction.settle(outcome)
    }

    expect(order).toEqual([])
  })

  it('aborts an upload in flight, waits for it, and lets nothing of it stay', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend)
    const transaction = new FileTransaction(depot)
    let signalled = false
    const adding = failure(
      transaction.add((signal) => {
        signal.addEventListener('abort', () => (signalled = true))
        return depot.upload(UploadedFile.from(bytesOf(1)), { signal })
      }),
    )
    await until(() => backend.waiting === 1)

    let settled = false
    const settling = transaction.settle('rolledBack').then(() => (settled = true))
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    const early = [signalled, settled]
    backend.open()
    await settling

    expect(early).toEqual([true, false])
    expect(await adding).toMatchObject({ code: 'ABORTED' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('removes an upload in flight whose backend ignores the abort', async () => {
    const backend = new StubbornBackend()
    const depot = memoryDepot(backend)
    const transaction = new FileTransaction(depot)
    const told: unknown[] = []
    depot.on('deleted', (event) => told.push(event))
    depot.on('uploaded', ({ path }) => told.push(path))
    const adding = failure(
      transaction.add((signal) => depot.upload(UploadedFile.from(bytesOf(1)), { signal })),
    )
    await until(() => backend.waiting === 1)

    const settling = transaction.settle('rolledBack')
    backend.open()
    await settling

    expect(await adding).toMatchObject({ code: 'ABORTED' })
    expect(told).toEqual([expect.any(String), { paths: [told[0]] }])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('has nothing to remove of an upload that failed', async () => {
    const { depot, transaction, old, told } = await setUp()
    const broken = new Error('not an image')
    const upload = () => Promise.reject(broken)

    await expect(transaction.add(upload)).rejects.toBe(broken)
    await transaction.settle('rolledBack')

    expect(await pathsOf(depot)).toEqual([old.path])
    expect(told).toEqual([])
  })

  it('does not reject where a storage is down, and tells which files are left', async () => {
    const backend = new BrokenBackend()
    const { depot, transaction, old, told, add } = await setUp(backend)
    const added = await add()
    backend.deleteError = new Error('connection lost')

    await transaction.settle('rolledBack')

    expect(await pathsOf(depot)).toEqual([old.path, added.path])
    expect(told).toMatchObject([['deleteFailed', { path: added.path, error: { code: 'DELETE_FAILED' } }]])
  })
})

describe('a rollback in which putting back fails', () => {
  const warnings = heardWarnings()

  it('does not reject, puts back the rest, and removes the files', async () => {
    const { depot, transaction, old } = await setUp()
    const order: number[] = []
    const reverts = [
      () => order.push(1),
      () => {
        throw new Error('the entity is frozen')
      },
      () => order.push(3),
    ]
    for (const revert of reverts) {
      await transaction.add(() => depot.upload(UploadedFile.from(bytesOf(1))), revert)
    }

    await transaction.settle('rolledBack')

    expect(order).toEqual([3, 1])
    expect(await pathsOf(depot)).toEqual([old.path])
    expect(warnings).toEqual([expect.stringContaining('the entity is frozen')])
  })
})

describe('an outcome that nobody knows', () => {
  it('keeps everything, and tells what and why', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const reason = new Error('connection lost in COMMIT')
    const outer = await add()
    transaction.savepoint()
    const inner = await add()
    transaction.discard([old.path])

    await transaction.settle('unknown', reason)
    await setImmediate()

    expect(await pathsOf(depot)).toEqual([old.path, outer.path, inner.path])
    expect(told).toEqual([['unsettled', { paths: [outer.path, inner.path, old.path], reason }]])
  })

  it('is not worth telling where there are no files', async () => {
    const { transaction, told } = await setUp()

    await transaction.settle('unknown')
    await setImmediate()

    expect(told).toEqual([])
  })
})

describe('a savepoint', () => {
  it('that is rolled back to gives up its uploads and forgets what was given up', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const outer = await add()
    transaction.savepoint()
    const inner = await add()
    transaction.discard([old.path, outer.path])

    await transaction.rollbackTo()
    const between = await pathsOf(depot)
    await transaction.settle('committed')

    expect(between).toEqual([old.path, outer.path])
    expect(await pathsOf(depot)).toEqual([old.path, outer.path])
    expect(told).toEqual([['deleted', { paths: [inner.path] }]])
  })

  it('that is released belongs to the transaction, for better', async () => {
    const { depot, transaction, old, add } = await setUp()
    transaction.savepoint()
    const inner = await add()
    transaction.discard([old.path])

    transaction.release()
    const between = await pathsOf(depot)
    await transaction.settle('committed')

    expect(between).toEqual([old.path, inner.path])
    expect(await pathsOf(depot)).toEqual([inner.path])
  })

  it('that is released belongs to the transaction, for worse', async () => {
    const { depot, transaction, old, add } = await setUp()
    transaction.savepoint()
    await add()
    transaction.discard([old.path])

    transaction.release()
    await transaction.settle('rolledBack')

    expect(await pathsOf(depot)).toEqual([old.path])
  })

  it('that is open at the end shares the fate of the transaction', async () => {
    for (const [outcome, kept] of [
      ['committed', 1],
      ['rolledBack', 0],
    ] as const) {
      const { depot, transaction, old, add } = await setUp()
      transaction.savepoint()
      transaction.savepoint()
      await add()
      transaction.discard(outcome === 'committed' ? [old.path] : [])

      await transaction.settle(outcome)

      expect((await pathsOf(depot)).filter((path) => path !== old.path)).toHaveLength(kept)
    }
  })

  it('is counted', async () => {
    const { transaction } = await setUp()

    transaction.savepoint()
    transaction.savepoint()
    const two = transaction.savepoints
    transaction.release()
    await transaction.rollbackTo()

    expect([two, transaction.savepoints]).toEqual([2, 0])
  })

  it('has to be open to be released or rolled back to', async () => {
    const { transaction } = await setUp()
    const expected = {
      code: 'TRANSACTION_SETTLED',
      message: 'Cannot end a savepoint: the transaction has no open savepoint',
    }

    expect(
      thrown(() => {
        transaction.release()
      }),
    ).toMatchObject(expected)
    expect(await failure(transaction.rollbackTo())).toMatchObject(expected)
    expect(transaction.settled).toBe(false)
  })

  it('aborts its own upload in flight only', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend)
    const transaction = new FileTransaction(depot)
    const add = () => transaction.add((signal) => depot.upload(UploadedFile.from(bytesOf(1)), { signal }))
    const outer = add()
    transaction.savepoint()
    const inner = failure(add())
    await until(() => backend.waiting === 2)

    const rollingBack = transaction.rollbackTo()
    backend.open()
    await rollingBack
    const stored = await outer
    await transaction.settle('committed')

    expect(await inner).toMatchObject({ code: 'ABORTED' })
    expect(await pathsOf(depot)).toEqual([stored.path])
  })
})

describe('a transaction that is settled', () => {
  it.each<TransactionOutcome>(['committed', 'rolledBack', 'unknown'])(
    'takes nothing any more: %s',
    async (outcome) => {
      const { depot, transaction, old } = await setUp()
      await transaction.settle(outcome)
      let began = false

      const errors = [
        await failure(
          transaction.add(() => {
            began = true
            return depot.upload(UploadedFile.from(bytesOf(1)))
          }),
        ),
        thrown(() => transaction.adopt(old)),
        thrown(() => {
          transaction.discard([old.path])
        }),
        thrown(() => {
          transaction.savepoint()
        }),
        thrown(() => {
          transaction.release()
        }),
        await failure(transaction.rollbackTo()),
      ]

      expect(errors.map(({ code }) => code)).toEqual(errors.map(() => 'TRANSACTION_SETTLED'))
      expect([transaction.settled, began]).toEqual([true, false])
      expect(await pathsOf(depot)).toEqual([old.path])
    },
  )

  it('is settled once, whatever comes after', async () => {
    const { depot, transaction, old, told, add } = await setUp()
    const added = await add()
    transaction.discard([old.path])

    await Promise.all([transaction.settle('committed'), transaction.settle('rolledBack')])
    await transaction.settle('rolledBack')

    expect(await pathsOf(depot)).toEqual([added.path])
    expect(told).toHaveLength(2)
  })

  it('is settled already where its own events ask', async () => {
    const { depot, transaction, old } = await setUp()
    const seen: boolean[] = []
    transaction.discard([old.path])
    depot.on('discarded', () => {
      seen.push(transaction.settled)
      void transaction.settle('rolledBack')
    })

    await transaction.settle('committed')

    expect(seen).toEqual([true])
    expect(await pathsOf(depot)).toEqual([])
  })
})

describe('a value that was uploaded beforehand', () => {
  it('stays where the transaction is committed', async () => {
    const { depot, transaction, old } = await setUp()

    const adopted = transaction.adopt(old)
    await transaction.settle('committed')

    expect(adopted).toBe(true)
    expect(await pathsOf(depot)).toEqual([old.path])
  })

  it('is given back by a rollback, and can be adopted again', async () => {
    const { depot, transaction, old } = await setUp()
    transaction.adopt(old)

    await transaction.settle('rolledBack')

    expect(new FileTransaction(depot).adopt(old)).toBe(true)
    expect(await pathsOf(depot)).toEqual([old.path])
  })

  it('is given back by the savepoint in which it was adopted', async () => {
    const { transaction, old } = await setUp()
    transaction.savepoint()
    transaction.adopt(old)

    await transaction.rollbackTo()

    expect(transaction.adopt(old)).toBe(true)
  })

  it('has one row only', async () => {
    const { depot, transaction, old, add } = await setUp()
    const added = await add()

    expect(transaction.adopt(old)).toBe(true)
    expect(transaction.adopt(old)).toBe(false)
    expect(new FileTransaction(depot).adopt(old)).toBe(false)
    expect(transaction.adopt(added)).toBe(false)
    expect(transaction.adopt(UploadedFile.fromJSON(old.toJSON()))).toBe(false)
  })
})

describe('a scope', () => {
  it('is open until it is rolled back, also where it was released into another', async () => {
    const { transaction } = await setUp()
    const outermost = transaction.scope
    transaction.savepoint()
    transaction.savepoint()
    const inner = transaction.scope

    transaction.release()
    const afterRelease = transaction.isOpen(inner)
    await transaction.rollbackTo()

    expect(afterRelease).toBe(true)
    expect(transaction.isOpen(inner)).toBe(false)
    expect(transaction.isOpen(outermost)).toBe(true)
    expect(transaction.scope).toBe(outermost)
  })

  it('is not the one of a later savepoint at the same depth', async () => {
    const { transaction } = await setUp()
    transaction.savepoint()
    const first = transaction.scope
    await transaction.rollbackTo()
    transaction.savepoint()

    expect(transaction.scope).not.toBe(first)
    expect(transaction.isOpen(first)).toBe(false)
  })

  it('is there no more when the transaction is settled', async () => {
    const { transaction } = await setUp()
    const { scope } = transaction
    await transaction.settle('committed')

    expect(transaction.isOpen(scope)).toBe(false)
    expect(() => transaction.scope).toThrow(expect.objectContaining({ code: 'TRANSACTION_SETTLED' }))
  })
})
