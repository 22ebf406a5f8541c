import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { WriteUncertainError } from '../../src/errors.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { failure } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

/** Stores the file, and does not know that it has. */
class Uncertain extends MemoryBackend {
  override async write(...args: Parameters<MemoryBackend['write']>): Promise<void> {
    const [id, body, info, { signal }] = args
    await super.write(id, body, info, {})
    if (signal) await once(signal, 'abort')
    throw new WriteUncertainError(id, { cause: new Error('no answer came') })
  }
}

describe('a write whose outcome the storage does not know', () => {
  it('rejects with the path, and the event names what may be left', async () => {
    const depot = memoryDepot(new Uncertain())
    const told: unknown[] = []
    depot.on('unsettled', (event) => told.push(event))

    const error = await failure(depot.upload(UploadedFile.from(Buffer.from('hello'))))

    const [path = ''] = await pathsOf(depot)
    expect(error).toMatchObject({
      code: 'WRITE_UNCERTAIN',
      path,
      message: `Cannot tell whether "${path}" was stored: no answer came. Delete it later`,
    })
    expect(told).toEqual([{ paths: [path], reason: error }])
    await depot.deleteFiles([path])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('is told, too, where its transaction was rolled back meanwhile', async () => {
    const depot = memoryDepot(new Uncertain())
    const told: (readonly string[])[] = []
    depot.on('unsettled', ({ paths }) => told.push(paths))
    const transaction = new FileTransaction(depot)

    const uploading = failure(
      transaction.add((signal) => depot.upload(UploadedFile.from(Buffer.from('hello')), { signal })),
    )
    await new Promise((resolve) => setTimeout(resolve, 10))
    await transaction.settle('rolledBack')

    expect(await uploading).toMatchObject({ code: 'ABORTED', cause: { code: 'WRITE_UNCERTAIN' } })
    expect(told).toEqual([await pathsOf(depot)])
  })
})
