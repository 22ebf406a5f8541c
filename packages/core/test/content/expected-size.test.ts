import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileBody, FileInfo, WriteOptions } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import { fromPath } from '../../src/content/file-intent.ts'
import { FileStorage } from '../../src/storage/file-storage.ts'
import { bytesOf } from '../support/bytes.ts'
import { Source } from '../support/sources.ts'

const SIZE = 200_000
const bytes = bytesOf(SIZE)

/** Remembers what it was told of the last body. */
class Listening extends MemoryBackend {
  heard: number | undefined

  override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
    this.heard = options.expectedSize
    await super.write(id, body, info, options)
  }
}

async function heardOf(content: FileContent): Promise<number | undefined> {
  const backend = new Listening()
  await new FileStorage('docs', backend).create(content)
  return backend.heard
}

describe('the size that a storage is told to expect of a stream', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'filedepot-expected-'))
    await writeFile(join(folder, 'a.bin'), bytes)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is that of a file on disk, a Blob and a stored file', async () => {
    const files = new FileStorage('others', new MemoryBackend())
    const stored = await files.get(await files.create(bytes))

    expect(await heardOf(fromPath(join(folder, 'a.bin')))).toBe(SIZE)
    expect(await heardOf(new Blob([new Uint8Array(bytes)]))).toBe(SIZE)
    expect(await heardOf(stored)).toBe(SIZE)
  })

  it('is the Content-Length of a request', async () => {
    let heard: number | undefined
    const server = createServer((request, response) => {
      void heardOf(request).then((size) => {
        heard = size
        response.end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo

    await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: new Uint8Array(bytes) })

    expect(heard).toBe(SIZE)
    server.close()
  })

  it('is not known of any other stream', async () => {
    expect(await heardOf(new Source([bytes, bytes]).readable())).toBeUndefined()
  })
})
