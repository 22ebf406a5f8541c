import { describe, expect, it } from '@jest/globals'
import type { StorageBackend } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { FileNotFoundError } from '../../src/errors.ts'
import { failure } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'

/** Copies within a service: from other backends of the same kind, and what was read and written is counted. */
class CopyingBackend extends MemoryBackend {
  copies = 0
  writes = 0
  reads = 0
  copyError: Error | undefined

  override async write(...args: Parameters<MemoryBackend['write']>): Promise<void> {
    this.writes++
    await super.write(...args)
  }

  override async read(...args: Parameters<MemoryBackend['read']>): ReturnType<MemoryBackend['read']> {
    this.reads++
    return await super.read(...args)
  }

  async copy(
    from: StorageBackend,
    id: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    if (!(from instanceof CopyingBackend)) return false
    if (this.copyError) throw this.copyError
    const stat = await from.stat(id)
    if (!stat) throw new FileNotFoundError(id)
    this.copies++
    await super.write(id, from, stat, { signal })
    return true
  }

  // Good enough as a body: the one file that these tests copy.
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const id of this.list()) yield* (await super.read(id)) as AsyncIterable<Uint8Array>
  }
}

async function twoStorages() {
  const [from, to] = [new CopyingBackend(), new CopyingBackend()]
  const [source, backup] = [memoryStorage('source', from), memoryStorage('backup', to)]
  const id = await source.create(Buffer.from('hello'), { filename: 'a.txt', metadata: { author: 'Ada' } })
  return { from, to, source, backup, id, file: await source.get(id) }
}

describe('replace(file, file) within one service', () => {
  it('lets the service copy the bytes, with the id and the metadata', async () => {
    const { from, to, backup, id, file } = await twoStorages()

    expect(await backup.replace(file, file)).toBe(id)

    const copy = await backup.get(id)
    expect(copy).toMatchObject({ filename: 'a.txt', metadata: { author: 'Ada' }, sha256: file.sha256 })
    expect([to.copies, from.reads, to.writes]).toEqual([1, 0, 0])
    expect(await copy.text()).toBe('hello')
  })

  it('sends the bytes where the two are of different services', async () => {
    const { to, backup } = await twoStorages()
    const other = memoryStorage('other')
    const file = await other.get(await other.create(Buffer.from('from elsewhere')))

    await backup.replace(file, file)

    expect([to.copies, to.writes]).toEqual([0, 1])
    expect(await (await backup.get(file.id)).text()).toBe('from elsewhere')
  })

  it('sends the bytes where something is to be changed or checked on the way', async () => {
    const { to, backup, id, file } = await twoStorages()

    await backup.replace(file, file, { filename: 'b.txt' })
    const refused = failure(backup.replace(file, file, { maxSize: 2 }))

    expect((await refused).code).toBe('FILE_TOO_LARGE')
    expect((await backup.get(id)).filename).toBe('b.txt')
    expect([to.copies, to.writes]).toEqual([0, 1])
  })

  it('says which storage has lost the file', async () => {
    const { source, backup, id, file } = await twoStorages()
    await source.delete(id)

    const error = await failure(backup.replace(file, file))

    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', path: `source/${id}` })
    expect(await idsOf(backup)).toEqual([])
  })

  it('says what failed, and stops when it is aborted', async () => {
    const { to, backup, id, file } = await twoStorages()
    to.copyError = new Error('connection lost')

    const failed = await failure(backup.replace(file, file))
    to.copyError = undefined
    const aborted = await failure(backup.replace(file, file, { signal: AbortSignal.abort() }))

    expect(failed).toMatchObject({
      code: 'WRITE_FAILED',
      message: `Cannot write "backup/${id}": connection lost`,
    })
    expect(aborted.code).toBe('ABORTED')
    expect(await idsOf(backup)).toEqual([])
  })

  it('copies no file that was closed', async () => {
    const { backup, file } = await twoStorages()
    await file.close()

    expect((await failure(backup.replace(file, file))).code).toBe('FILE_CLOSED')
  })
})
