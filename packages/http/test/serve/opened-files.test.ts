import { createHash } from 'node:crypto'
import { LocalBackend, MemoryBackend } from '@filedepot/core'
import type { OpenedFile } from '@filedepot/core/backend'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFileHandler, toNodeHandler } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

const started = runningServers()
const KIB = 1024
const PATTERN = Buffer.from(Array.from({ length: 65_521 }, (_, n) => (n * 7919) % 251))
const patternOf = (size: number, first = 0) => Buffer.alloc(size, PATTERN.subarray(first))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-http-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

/** Counts what is opened and closed. */
class WatchedBackend extends LocalBackend {
  opened = 0
  closed = 0
  /** Runs before a file is opened. */
  before: (id: string) => Promise<unknown> = () => Promise.resolve()

  constructor(networkMount = false) {
    super(folder, { networkMount })
  }

  override async openFile(id: string): Promise<OpenedFile> {
    await this.before(id)
    const file = await super.openFile(id)
    this.opened++
    return {
      size: file.size,
      etag: file.etag,
      read: (into, position) => file.read(into, position),
      close: () => {
        this.closed++
        return file.close()
      },
    }
  }
}

/** Opens a file that has no end that could be reached, or fails on the way there. */
class EndlessBackend extends MemoryBackend {
  readonly buffers = new Set<ArrayBufferLike>()
  bytesRead = 0
  isClosed = false
  /** How many bytes come before the failure. */
  failsAfter = Infinity
  fail: () => number = () => 0

  override async stat(id: string): ReturnType<MemoryBackend['stat']> {
    const stat = await super.stat(id)
    return stat && { ...stat, size: 1e12 }
  }

  openFile(): Promise<OpenedFile> {
    const read = async (into: Uint8Array, position: number) => {
      await sleep(0)
      if (position >= this.failsAfter) return this.fail()
      this.buffers.add(into.buffer)
      this.bytesRead += into.byteLength
      return into.byteLength
    }
    const close = () => {
      this.isClosed = true
      return Promise.resolve()
    }
    return Promise.resolve({ size: 1e12, etag: this.etag, read, close })
  }

  etag = ''
}

async function serveEndless() {
  const backend = new EndlessBackend()
  const { depot, files, id, path } = await depotWith(Buffer.from('hello'), { backend })
  backend.etag = (await files.get(id)).etag
  const onError = jest.fn()
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true }), { onError })
  const server = await started(createServer((request, response) => void serveFile(request, response)))
  return { backend, server, path, onError }
}

function open({ origin }: { origin: string }, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${origin}${path}`, { agent: false }, resolve).once('error', reject)
  })
}

const SIZES = [0, 1, 8 * KIB, 8 * KIB + 1, 64 * KIB, 64 * KIB + 1, 256 * KIB, 256 * KIB + 1, 3_000_001]

describe.each(['node:http', 'Express', 'Fastify'])('a file that was opened, on %s', (name) => {
  it.each(SIZES)('is sent whole, of %d bytes', async (size) => {
    const backend = new WatchedBackend()
    const { depot, path } = await depotWith(patternOf(size), { backend })
    const server = await started(SERVERS[name]!(createFileHandler(depot, { public: true })))

    const { status, headers, body } = await ask(server, path)

    expect([status, headers['content-length']]).toEqual([200, String(size)])
    expect(body.equals(patternOf(size))).toBe(true)
    expect([backend.opened, backend.closed]).toEqual([1, 1])
  })

  it.each(['0-0', '2999999-', '-1', '1000000-1065535', '1000000-1065536', '5-262148', '5-262149', '7-'])(
    'is sent from the first byte of a range to its last, bytes=%s',
    async (range) => {
      const bytes = patternOf(3_000_000)
      const { depot, path } = await depotWith(bytes, { backend: new WatchedBackend() })
      const server = await started(SERVERS[name]!(createFileHandler(depot, { public: true })))

      const { status, headers, body } = await ask(server, path, { headers: { range: `bytes=${range}` } })

      const [, first, last] = /^bytes (\d+)-(\d+)\/3000000$/.exec(headers['content-range']!)!
      const wanted = bytes.subarray(Number(first), Number(last) + 1)
      expect([status, headers['content-length']]).toEqual([206, String(wanted.byteLength)])
      expect(body.equals(wanted)).toBe(true)
    },
  )
})

it.each([false, true])('many clients get the bytes of their own files, networkMount: %s', async (mount) => {
  const backend = new WatchedBackend(mount)
  const { depot, files } = await depotWith(Buffer.from('hello'), { backend })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))
  const sizes = Array.from({ length: 60 }, (_, n) => [1000, 30_000, 65_536, 200_000, 1_000_003][n % 5]!)

  const same = await Promise.all(
    sizes.map(async (size, n) => {
      const id = await files.create(patternOf(size, n))
      const response = await open(server, `/depot/default/${id}`)
      // The system has to wait for some of them, and holds on to their bytes.
      if (n % 2) await sleep(20)
      return (await buffer(response)).equals(patternOf(size, n))
    }),
  )

  expect(same).toEqual(sizes.map(() => true))
  expect(backend.closed).toBe(backend.opened)
})

it('an answer that waits for another on its connection keeps its bytes', async () => {
  const backend = new WatchedBackend()
  const { depot, files } = await depotWith(Buffer.from('hello'), { backend })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))
  const contents = [patternOf(20_000_000), patternOf(60_000, 1), patternOf(60_000, 2)]
  const paths = (await Promise.all(contents.map((content) => files.create(content)))).map(
    (id) => `/depot/default/${id}`,
  )
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1')

  socket.write(`GET ${paths[0]!} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  socket.write(`GET ${paths[1]!} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  await until(() => backend.closed === 1)
  const { body: meanwhile } = await ask(server, paths[2]!)
  const answers = await buffer(socket)

  const bodies = []
  for (let at = 0; at < answers.byteLength;) {
    const start = answers.indexOf('\r\n\r\n', at) + 4
    const [, length] = /content-length: (\d+)/i.exec(answers.toString('latin1', at, start))!
    at = start + Number(length)
    bodies.push(answers.subarray(start, at))
  }
  expect([...bodies, meanwhile].map((body, n) => body.equals(contents[n]!))).toEqual([true, true, true])
})

it('HEAD, conditions that are met and ranges that are not open nothing', async () => {
  const backend = new WatchedBackend()
  const { depot, path } = await depotWith(patternOf(1000), { backend })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

  const { headers } = await ask(server, path, { method: 'HEAD' })
  await ask(server, path, { headers: { 'if-none-match': headers.etag! } })
  await ask(server, path, { headers: { 'if-match': '"another"' } })
  await ask(server, path, { headers: { range: 'bytes=1000-' } })

  expect(headers).toMatchObject({ 'content-length': '1000' })
  expect(backend.opened).toBe(0)
})

it('a client that goes away has its file closed, and nobody is told', async () => {
  const { backend, server, path, onError } = await serveEndless()

  const response = await open(server, path)
  response.on('error', () => undefined)
  await once(response, 'data')
  response.destroy()

  await until(() => backend.isClosed)
  expect(onError).not.toHaveBeenCalled()
})

it('a hundred clients that go away leave no file open', async () => {
  const backend = new WatchedBackend()
  const { depot, path } = await depotWith(patternOf(20_000_000), { backend })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

  for (let n = 0; n < 100; n++) {
    const response = await open(server, path)
    response.on('error', () => undefined)
    if (n % 2) await once(response, 'data')
    response.destroy()
  }

  await until(() => backend.closed === backend.opened)
  expect(backend.opened).toBe(100)
})

it('a client that takes its time has no more read for it than there is room, into one buffer', async () => {
  const { backend, server, path } = await serveEndless()

  const response = await open(server, path)
  response.on('error', () => undefined)
  let before = -1
  while (before < backend.bytesRead) {
    before = backend.bytesRead
    await sleep(200)
  }
  const pausedAt = backend.bytesRead
  response.resume()
  await until(() => backend.bytesRead > 2 * pausedAt)
  response.destroy()

  // The buffers of the two sockets; the file has a terabyte.
  expect(pausedAt).toBeLessThan(64_000_000)
  expect([...backend.buffers].map((one) => one.byteLength)).toEqual([256 * KIB])
})

describe('the connection is broken', () => {
  it.each([0, 1000])('where a file ends %d bytes after the head, and that is told', async (count) => {
    const { backend, server, path, onError } = await serveEndless()
    backend.failsAfter = 256 * KIB
    backend.fail = () => count

    await expect(ask(server, path)).rejects.toMatchObject({ code: 'ECONNRESET' })

    await until(() => backend.isClosed && onError.mock.calls.length > 0)
    expect(onError.mock.calls).toEqual([
      [expect.objectContaining({ code: 'READ_FAILED' }), expect.anything()],
    ])
  })

  it('where reading fails after the head, and that is told', async () => {
    const { backend, server, path, onError } = await serveEndless()
    const failure = new Error('the disk is gone')
    backend.failsAfter = 512 * KIB
    backend.fail = () => {
      throw failure
    }

    await expect(ask(server, path)).rejects.toMatchObject({ code: 'ECONNRESET' })

    await until(() => backend.isClosed && onError.mock.calls.length > 0)
    expect(onError.mock.calls).toEqual([[failure, expect.anything()]])
  })
})

it('where the first bytes cannot be read, the answer is an error', async () => {
  const { backend, server, path, onError } = await serveEndless()
  backend.failsAfter = 0

  expect(await ask(server, path)).toMatchObject({ status: 500, headers: { 'cache-control': 'no-store' } })
  expect([backend.isClosed, onError.mock.calls.length]).toEqual([true, 1])
})

it('new bytes are not sent under the tag of the old ones, also where they are as many', async () => {
  const backend = new WatchedBackend()
  const { depot, files, path } = await depotWith(Buffer.from('hello'), { backend })
  let count = 0
  backend.before = (id) => files.replace(id, Buffer.from(`wor${count++}d`))
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

  expect(await ask(server, path)).toMatchObject({ status: 500, body: Buffer.from('broken') })
  expect(backend.closed).toBe(backend.opened)
})

it('a file that is replaced between the look at it and its opening is sent as it is then', async () => {
  const backend = new WatchedBackend()
  const { depot, files, path } = await depotWith(Buffer.from('hello'), { backend })
  backend.before = async (id) => {
    backend.before = () => Promise.resolve()
    await files.replace(id, Buffer.from('world'))
  }
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

  const { status, headers, body } = await ask(server, path)

  expect([status, String(body)]).toEqual([200, 'world'])
  expect(headers.etag).toBe(`"${createHash('sha256').update('world').digest('hex')}"`)
  expect(backend.closed).toBe(backend.opened)
})

it('a file that is replaced or deleted while it is sent is sent as it was', async () => {
  const backend = new WatchedBackend()
  const bytes = patternOf(20_000_000)
  const { depot, files, id, path } = await depotWith(bytes, { backend })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

  const first = await open(server, path)
  await files.replace(id, Buffer.from('world'))
  const second = await open(server, path)
  await files.delete(id)

  expect((await buffer(first)).equals(bytes)).toBe(true)
  expect((await buffer(second)).toString()).toBe('world')
  expect(await ask(server, path)).toMatchObject({ status: 404 })
})

it('a middleware may keep the bytes that it is given', async () => {
  const bytes = patternOf(1_000_003)
  const { depot, files, path } = await depotWith(bytes, { backend: new WatchedBackend() })
  const small = `/depot/default/${await files.create(bytes.subarray(0, 60_000))}`
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true }))
  const server = await started(
    createServer((request, response) => {
      keepUntilTheEnd(response)
      void serveFile(request, response)
    }),
  )

  const [answer, other] = await Promise.all([ask(server, path), ask(server, small)])

  expect(answer.body.equals(bytes)).toBe(true)
  expect(other.body.equals(bytes.subarray(0, 60_000))).toBe(true)
})

/** As a middleware that compresses: it calls nobody back. */
function keepUntilTheEnd(response: ServerResponse): void {
  const end = response.end.bind(response)
  const kept: Buffer[] = []
  response.write = (chunk: Buffer) => {
    kept.push(chunk)
    return true
  }
  response.end = (chunk: unknown) => {
    kept.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : (chunk as Buffer))
    setTimeout(() => end(Buffer.concat(kept)), 20)
    return response
  }
}
