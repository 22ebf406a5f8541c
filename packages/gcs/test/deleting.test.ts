import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { GcsBackend, GcsError } from '@filedepot/gcs'
import { backendOn, startService } from './support/gcs-service.ts'
import { objectOf, putObject } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')

let server: GcsServer
let backend: GcsBackend
beforeEach(async () => {
  server = await startService()
  backend = backendOn(server.url)
})
afterEach(async () => {
  await backend.close()
  await server.close()
})

async function stored(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newFileId())
  await Promise.all(ids.map((id) => putObject(server, id, HELLO)))
  return ids
}

describe('deleting', () => {
  it('sends one request for each file, once where it is named twice', async () => {
    const ids = await stored(30)

    expect(await backend.delete([...ids, ...ids])).toEqual({ failed: [] })

    expect(server.requests['objects.delete']).toBe(30)
    expect(server.requests['objects.get']).toBeUndefined()
  })

  it('sends no more of them at the same time than the option says', async () => {
    backend = backendOn(server.url, { deletesAtOnce: 3 })
    const ids = await stored(9)
    server.failNext({ kind: 'objects.delete', delay: 500, times: 9 })
    const start = performance.now()

    await backend.delete(ids)

    // Three turns of three.
    expect(performance.now() - start).toBeGreaterThan(1_490)
    expect(performance.now() - start).toBeLessThan(4_500)
  })

  it('says of each file that is still there why', async () => {
    const ids = await stored(3)
    server.failNext({ kind: 'objects.delete', status: 403, message: 'no storage.objects.delete access' })

    const { failed } = await backend.delete(ids)

    expect(failed).toHaveLength(1)
    expect(failed[0]?.error).toMatchObject({
      code: 403,
      message: 'no storage.objects.delete access (HTTP 403)',
    })
    expect(failed[0]?.error).toBeInstanceOf(GcsError)
    expect(await backend.stat(failed[0]!.id)).toBeDefined()
  })

  it('does not take a missing bucket for missing files', async () => {
    backend = backendOn(server.url, { bucket: 'no-such-bucket' })
    const id = newFileId()

    const { failed } = await backend.delete([id])

    expect(failed).toMatchObject([{ id, error: { code: 404 } }])
  })

  it('tries again what fails in a way that passes', async () => {
    const [id] = await stored(1)
    server.failNext({ kind: 'objects.delete', status: 503, times: 2 })

    expect(await backend.delete([id!])).toEqual({ failed: [] })

    expect(await backend.stat(id!)).toBeUndefined()
    expect(server.requests['objects.delete']).toBe(3)
  })

  it('has deleted a file whose answer was lost', async () => {
    const [id] = await stored(1)
    server.failNext({ kind: 'objects.delete', reset: 'after' })

    expect(await backend.delete([id!])).toEqual({ failed: [] })

    expect(server.requests['objects.delete']).toBe(1)
  })

  it('leaves a file that has come into the place of the one that was found', async () => {
    const [id] = await stored(1)
    server.failNext({ kind: 'objects.delete', status: 503 })
    // The second try is held up at the server; meanwhile the file is replaced.
    server.failNext({ kind: 'objects.delete', delay: 300 })
    const { generation } = await objectOf(server, id!)

    const deleting = backend.delete([id!])
    while ((server.requests['objects.delete'] ?? 0) < 2) await new Promise(setImmediate)
    await putObject(server, id!, Buffer.from('a newer file'))

    expect(await deleting).toEqual({ failed: [] })
    const now = await objectOf(server, id!)
    expect([now.size, now.generation === generation]).toEqual(['12', false])
  })
})
