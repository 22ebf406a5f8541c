import { describe, expect, it } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { DepotManager } from '../../src/depot/depot-manager.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { GatedBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { HangingBackend } from '../support/hanging-backend.ts'
import { failure } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

/** What a depot says while it is closed. */
function watch(depot: DepotManager): string[] {
  const told: string[] = []
  depot.on('deleted', ({ paths }) => told.push(...paths.map((path) => `deleted ${path}`)))
  depot.on('unsettled', ({ paths, reason }) => {
    told.push(`unsettled ${(reason as { code: string }).code} ${paths.join()}`)
  })
  depot.on('deleteFailed', ({ path, error }) => told.push(`${(error as { code: string }).code} ${path}`))
  return told
}

describe('DepotManager.onClose', () => {
  it('runs actions when uploads have ended and storages are open, and waits for them', async () => {
    const order: string[] = []
    const backend = Object.assign(new GatedBackend(), {
      close: () => Promise.resolve(void order.push('closed')),
    })
    const depot = new DepotManager()
    depot.configure('default', backend)
    depot.onClose(async () => {
      await depot.deleteFiles(await pathsOf(depot))
      order.push('action')
    })
    depot.onClose(() => Promise.reject(new Error('it reports that itself')))
    const remove = depot.onClose(() => Promise.resolve(void order.push('removed')))
    remove()

    const uploading = depot.upload(UploadedFile.from(bytesOf(1))).then(() => order.push('uploaded'))
    const closing = depot.close()
    backend.open()
    await closing
    await uploading

    expect(order).toEqual(['uploaded', 'action', 'closed'])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('does not wait longer than it may', async () => {
    const depot = new DepotManager()
    depot.onClose(() => new Promise(() => undefined))

    await depot.close({ timeout: 1 })
  })
})

describe('DepotManager.close', () => {
  it('waits for deletions that are on their way, and for those that wait', async () => {
    const order: string[] = []
    const backend = Object.assign(new HangingBackend(), {
      close: () => Promise.resolve(void order.push('closed')),
    })
    const depot = new DepotManager({ deletionConcurrency: 1 })
    depot.configure('default', backend)
    const paths = [await depot.get().create(bytesOf(1)), await depot.get().create(bytesOf(2))].map(
      (id) => `default/${id}`,
    )
    depot.on('deleted', () => order.push('deleted'))

    for (const path of paths) void depot.deleteFiles([path])
    const closing = depot.close()
    setTimeout(() => {
      backend.open()
    }, 30)
    await closing

    expect(order).toEqual(['deleted', 'deleted', 'closed'])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('waits for uploads, and for what becomes of their files', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend)
    const told = watch(depot)

    const uploading = depot
      .upload(UploadedFile.from(Buffer.alloc(10)))
      .then((file) => depot.deleteFiles(file.files))
    const closing = depot.close().then(() => told.push('closed'))
    setTimeout(() => {
      backend.open()
    }, 30)
    await Promise.all([closing, uploading])

    expect(told).toEqual([expect.stringMatching(/^deleted /), 'closed'])
  })

  it('gives up after the timeout, and names every file that is left', async () => {
    const backend = new HangingBackend()
    const depot = new DepotManager({ deletionConcurrency: 1 })
    depot.configure('default', backend)
    const told = watch(depot)
    const paths = [await depot.get().create(bytesOf(1)), await depot.get().create(bytesOf(2))].map(
      (id) => `default/${id}`,
    )

    const deleting = paths.map((path) => depot.deleteFiles([path]))
    await depot.close({ timeout: 20 })
    await Promise.all(deleting)

    expect(told).toEqual(paths.map((path) => `DEPOT_CLOSED ${path}`))
    expect(await pathsOf(depot)).toEqual([...paths].sort())
  })

  it('names the files that were being written after the timeout', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend)
    depot.configure('other', new HangingBackend())
    const told = watch(depot)
    const reasons: unknown[] = []
    depot.on('unsettled', ({ reason }) => reasons.push(reason))

    const uploading = depot.upload(UploadedFile.from(Buffer.alloc(10)))
    await depot.close({ timeout: 20 })
    backend.open()
    const { path } = await uploading

    expect(told).toEqual([`unsettled DEPOT_CLOSED ${path}`])
    expect(reasons).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(
          /after a wait of 20 ms, while 1 uploads were still running/,
        ) as unknown,
      }),
    ])
    expect(depot.get().writing).toEqual([])
  })

  it('says that an upload was on its way which writes nothing yet', async () => {
    const depot = memoryDepot()
    const told = watch(depot)
    const request = new PassThrough()

    const uploading = depot.upload(UploadedFile.from(request))
    await depot.close({ timeout: 20 })
    request.end('late')
    await uploading

    expect(told).toEqual([expect.stringMatching(/^unsettled DEPOT_CLOSED /)])
  })

  it('does not say twice that a file is left', async () => {
    let fail: (error: Error) => void = () => undefined
    const deleting = new Promise<never>((_, reject) => (fail = reject))
    const depot = memoryDepot(Object.assign(new HangingBackend(), { delete: () => deleting }))
    const told = watch(depot)
    const path = `default/${await depot.get().create(bytesOf(1))}`

    void depot.deleteFiles([path])
    await depot.close({ timeout: 0 })
    fail(new Error('the connection is closed'))
    await new Promise((resolve) => setImmediate(resolve))

    expect(told).toEqual([`DEPOT_CLOSED ${path}`])
  })

  it.each([-1, 0.5, '5'])('refuses the timeout %p', async (timeout) => {
    const depot = memoryDepot()

    expect(await failure(depot.close({ timeout: timeout as number }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
