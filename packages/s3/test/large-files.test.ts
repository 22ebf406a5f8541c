import { expect, it } from '@jest/globals'
import { fromPath } from '@filedepot/core'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openUploads } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { failure, MIB } from './support/samples.ts'
import { describeOnServers } from './support/servers.ts'

const GIB = 1024 * MIB

/** The path of a file of that many zeros, which takes no room on the disk. */
async function withSparseFile(size: number, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-sparse-'))
  try {
    const path = join(folder, 'a.bin')
    const file = await open(path, 'w')
    await file.truncate(size)
    await file.close()
    await use(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describeOnServers('a file that needs more than 10,000 parts of the configured size', (server) => {
  it('goes in larger parts from the first one on', async () => {
    await using setup = await proxied(server)
    const { proxy, files, backend } = setup
    const stop = new AbortController()

    await withSparseFile(60 * GIB, async (path) => {
      const storing = failure(files.create(fromPath(path), { signal: stop.signal }))
      while (!proxy.operations.includes('UploadPart')) await sleep(5)
      stop.abort()
      expect((await storing).code).toBe('ABORTED')
    })

    const part = proxy.headers[proxy.operations.indexOf('UploadPart')]
    expect(part?.['content-length']).toBe(String(7 * MIB))
    expect(await openUploads(server, backend.bucket)).toEqual([])
  })

  it('is refused before anything is sent, if no parts can hold it', async () => {
    await using setup = await proxied(server)
    const { proxy, backend } = setup
    const info = { filename: 'a.bin', contentType: 'application/octet-stream', metadata: {} }
    let read = 0
    async function* body(): AsyncGenerator<Uint8Array> {
      read++
      yield await Promise.resolve(new Uint8Array(1))
    }

    const error = await failure(
      backend.write(
        '01890a5d-ac96-774b-bcce-b302099a8057',
        body(),
        { ...info, size: undefined, sha256: undefined },
        { expectedSize: 100_000 * GIB },
      ),
    )

    expect(error.code).toBe('FILE_TOO_LARGE')
    expect([read, proxy.operations]).toEqual([0, []])
  })
})
