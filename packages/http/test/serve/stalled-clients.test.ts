import { LocalBackend } from '@filedepot/core'
import type { OpenedFile } from '@filedepot/core/backend'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFileHandler, toNodeHandler } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers } from '../support/servers.ts'

const started = runningServers()
/** More than the buffers of two sockets hold. */
const LARGE = Buffer.alloc(30_000_000, 'x')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-stalled-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** How many files of the folder this process has open. */
async function openFiles(): Promise<number> {
  const links = await readdir('/proc/self/fd')
  const targets = await Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(folder)).length
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}

/** Gives its files as streams only. */
class StreamingBackend extends LocalBackend {
  override openFile = undefined as unknown as (id: string) => Promise<OpenedFile>
}

describe.each([
  ['opened', () => new LocalBackend(folder)],
  ['streamed', () => new StreamingBackend(folder)],
])('a client that does not read a file that is %s', (_name, backendOf) => {
  it('loses its connection, and the file is closed', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: backendOf() })
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true, stallTimeout: 300 }))
    const server = await started(createServer((request, response) => void serveFile(request, response)))
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1').on('error', () => undefined)
    const closed = once(socket, 'close')
    socket.pause().write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)

    await until(async () => (await openFiles()) === 1)
    await until(async () => (await openFiles()) === 0)
    let received = 0
    socket.on('data', (chunk) => (received += chunk.byteLength)).resume()
    await closed
    expect(received).toBeLessThan(LARGE.byteLength)
  })

  it('that reads slowly gets all of it', async () => {
    const { depot, path } = await depotWith(LARGE.subarray(0, 6_000_000), { backend: backendOf() })
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true, stallTimeout: 2000 }))
    const server = await started(createServer((request, response) => void serveFile(request, response)))
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)

    let received = 0
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received += chunk.byteLength
      await sleep(40)
    }
    expect(received).toBeGreaterThan(6_000_000)
    await until(async () => (await openFiles()) === 0)
  })
})

describe('the body of a Response', () => {
  it('that nobody reads holds no file open', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: new LocalBackend(folder) })
    const handler = createFileHandler(depot, { public: true })

    const responses = await Promise.all(
      Array.from({ length: 20 }, () => handler(new Request(`http://x${path}`))),
    )
    await sleep(100)

    expect(responses.map((response) => response?.status)).toEqual(Array(20).fill(200))
    expect(await openFiles()).toBe(0)
  })

  it('that nobody reads on closes the file', async () => {
    const { depot, path, files, id } = await depotWith(LARGE, { backend: new LocalBackend(folder) })
    const handler = createFileHandler(depot, { public: true, stallTimeout: 100 })
    const response = await handler(new Request(`http://x${path}`))
    const reader = response!.body!.getReader()
    await reader.read()
    expect(await openFiles()).toBe(1)

    await until(async () => (await openFiles()) === 0)
    await expect(reader.read()).rejects.toMatchObject({
      code: 'ABORTED',
      message: `Sending "${files.path(id)}", whose reader took nothing for 100 ms, was aborted`,
    })
  })

  it.each(['before the first read', 'during the first read', 'after the first read'])(
    'that is cancelled %s closes the file',
    async (moment) => {
      const { depot, path } = await depotWith(LARGE, { backend: new LocalBackend(folder) })
      const handler = createFileHandler(depot, { public: true })
      const response = await handler(new Request(`http://x${path}`))
      const reader = response!.body!.getReader()
      if (moment !== 'before the first read') {
        const reading = reader.read()
        if (moment === 'after the first read') await reading
      }
      await reader.cancel()

      await until(async () => (await openFiles()) === 0)
    },
  )

  it('comes whole', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: new LocalBackend(folder) })
    const response = await createFileHandler(depot, { public: true })(new Request(`http://x${path}`))

    expect(Buffer.from(await response!.arrayBuffer()).equals(LARGE)).toBe(true)
    expect(await openFiles()).toBe(0)
  })
})

it('an option that is no time is refused', async () => {
  const { depot } = await depotWith(LARGE.subarray(0, 1))
  for (const stallTimeout of [0, -1, 1.5, NaN]) {
    expect(() => createFileHandler(depot, { public: true, stallTimeout })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  }
  expect(() => createFileHandler(depot, { public: true, stallTimeout: Infinity })).not.toThrow()
})

it('a client that takes the last bytes keeps its connection', async () => {
  const { depot, path } = await depotWith(LARGE.subarray(0, 100_000))
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true, stallTimeout: 50 }))
  const server = await started(createServer((request, response) => void serveFile(request, response)))
  for (let n = 0; n < 3; n++) {
    expect((await ask(server, path)).body.byteLength).toBe(100_000)
    await sleep(60)
  }
})
