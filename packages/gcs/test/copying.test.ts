import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FileStorage, MemoryBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { GcsBackend, type GcsBackendOptions } from '@filedepot/gcs'
import { backendOn, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'
import { objectOf, putObject } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')

let server: GcsServer
let files: FileStorage
beforeAll(async () => {
  server = await startService()
  files = new FileStorage('files', backendOn(server.url))
  await backendOn(server.url, { bucket: 'backup' }).ensureBucket({ uniformAccess: false })
  await backendOn(server.url, { bucket: 'uniform' }).ensureBucket()
})
afterAll(() => server.close())

function backupIn(options: Partial<GcsBackendOptions>): FileStorage {
  return new FileStorage('backup', backendOn(server.url, { bucket: 'backup', ...options }))
}

describe('a copy from another bucket', () => {
  it.each([
    ['with an access list', { bucket: 'backup' }],
    ['without one', { bucket: 'uniform' }],
  ])('is made by the service, %s', async (_, options) => {
    const backup = backupIn(options)
    const id = await files.create(HELLO, { filename: '些公.txt', metadata: { author: 'Ада' } })
    const file = await files.get(id)
    const before = { ...server.requests }

    await backup.replace(file, file)

    const copy = await backup.get(id)
    expect(copy).toMatchObject({
      filename: '些公.txt',
      contentType: 'text/plain',
      sha256: file.sha256,
      metadata: { author: 'Ада' },
    })
    expect(await copy.text()).toBe('hello, world')
    expect(server.requests['objects.insert']).toBe(before['objects.insert'])
  })

  it('is of the storage class, the disposition and the prefix of its new place', async () => {
    const backup = backupIn({ prefix: 'old/', storageClass: 'ARCHIVE', inlineTypes: [] })
    const id = await files.create(HELLO, { filename: 'a.txt' })
    const file = await files.get(id)

    await backup.replace(file, file)

    expect(await objectOf(server, `old/${id}`, 'backup')).toMatchObject({
      storageClass: 'ARCHIVE',
      contentDisposition: 'attachment; filename=a.txt',
      contentType: 'text/plain',
    })
  })

  it("of what Python's DEPOT stored keeps its name", async () => {
    const id = newFileId()
    await putObject(server, id, HELLO, { metadata: { 'x-depot-filename': 'a%20b.txt' } })
    const file = await files.get(id)
    const backup = backupIn({})

    await backup.replace(file, file)

    expect((await backup.get(id)).filename).toBe('a b.txt')
  })

  it('is not made by the service of what is elsewhere', async () => {
    const other = await startService()
    const backend = backupIn({}).backend
    const id = await files.create(HELLO)

    expect(await backend.copy?.(new MemoryBackend(), id)).toBe(false)
    expect(await backend.copy?.(backendOn(other.url), id)).toBe(false)
    await other.close()
  })

  it('sends the bytes where the service does not let it read the source', async () => {
    const backup = backupIn({})
    const file = await files.get(await files.create(HELLO))
    server.failNext({ kind: 'objects.rewrite', status: 403 })

    await backup.replace(file, file)

    expect(await (await backup.get(file.id)).text()).toBe('hello, world')
  })

  it('says where the file has gone, and what failed', async () => {
    const backup = backupIn({})
    const file = await files.get(await files.create(HELLO))
    server.failNext({ kind: 'objects.rewrite', status: 400, message: 'no' })
    const failed = await rejection(backup.replace(file, file))
    // Gone after it was looked at.
    server.failNext({ kind: 'objects.rewrite', delay: 200 })
    const copying = rejection(backup.replace(file, file))
    const before = server.requests['objects.rewrite'] ?? 0
    while (server.requests['objects.rewrite'] === before) await new Promise(setImmediate)
    await files.delete(file)

    expect(said(failed)).toEqual({
      code: 'WRITE_FAILED',
      message: `Cannot write "backup/${file.id}": no (HTTP 400)`,
    })
    expect(said(await copying).code).toBe('FILE_NOT_FOUND')
    expect(said(await rejection(backup.replace(file, file))).code).toBe('FILE_NOT_FOUND')
    expect(await backup.exists(file.id)).toBe(false)
  })

  it('is given up when it is aborted', async () => {
    const backend = new GcsBackend({ bucket: 'backup', apiEndpoint: server.url })
    const signal = AbortSignal.abort(new Error('enough'))

    const copying = backend.copy(files.backend, newFileId(), { signal })

    expect((await rejection(copying)).message).toBe('enough')
  })
})
