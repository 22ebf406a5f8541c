import { LocalBackend } from '@filedepot/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, constants, createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFileHandler, toNodeHandler } from '../../src/index.ts'
import { depotWith } from '../support/depots.ts'

let folder: string
let server: Http2Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-http2-'))
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

/** Descriptors of the process that are files of the storage. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(folder)
    } catch {
      return false
    }
  }).length
}

describe('a client of HTTP/2 that cancels a download', () => {
  it('leaves no file open', async () => {
    const { depot, path } = await depotWith(Buffer.alloc(5_000_000, 3), { backend: new LocalBackend(folder) })
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true }))
    server = createServer((request, response) => void serveFile(request as never, response as never))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

    for (let count = 0; count < 5; count++) {
      const client = connect(origin).on('error', () => undefined)
      const stream = client.request({ ':path': path }).on('error', () => undefined)
      await once(stream, 'data')
      stream.close(constants.NGHTTP2_CANCEL)
      await sleep(20)
      client.destroy()
    }

    const deadline = Date.now() + 10_000
    while (openFiles() > 0 && Date.now() < deadline) await sleep(10)
    expect(openFiles()).toBe(0)
  })
})
