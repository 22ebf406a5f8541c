import { LocalBackend, MemoryBackend } from '@filedepot/core'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import cookieSession from 'cookie-session'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createFileHandler, toNodeHandler, type FileHandlerOptions } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { CountingBackend, depotWith } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

const started = runningServers()
const LARGE = Buffer.alloc(3_000_000, '0123456789abcdef-')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-http-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})
afterEach(() => {
  jest.restoreAllMocks()
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Sends an endless file, or one that fails, and says what became of its stream. */
class StreamingBackend extends MemoryBackend {
  readonly streams: Readable[] = []
  readonly signals: (AbortSignal | undefined)[] = []
  failure: Error | undefined
  /** How many chunks come before the failure. */
  chunks = Infinity
  /** More than any buffer between here and the client can take. */
  size = 1e12

  override async stat(id: string): ReturnType<MemoryBackend['stat']> {
    const stat = await super.stat(id)
    return stat && { ...stat, size: this.size }
  }

  override read(
    _id: string,
    _range?: unknown,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Readable> {
    let sent = 0
    const read = function (this: Readable, failure: Error | undefined, chunks: number) {
      if (sent++ < chunks) this.push(Buffer.alloc(64 * 1024))
      else if (failure) this.destroy(failure)
      else this.push(null)
    }
    const { failure, chunks } = this
    const stream = new Readable({
      read() {
        read.call(this, failure, chunks)
      },
    })
    this.streams.push(stream)
    this.signals.push(options?.signal)
    return Promise.resolve(stream)
  }
}

describe('HEAD and conditions', () => {
  it('open no file', async () => {
    const backend = new CountingBackend()
    const { depot, files, id, path } = await depotWith(LARGE, { backend, contentType: 'image/png' })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))
    const { sha256 } = await files.get(id)
    backend.calls.length = 0

    await ask(server, path, { method: 'HEAD' })
    await ask(server, path, { headers: { 'if-none-match': `"${sha256!}"` } })
    await ask(server, path, { headers: { range: 'bytes=9999999-' } })

    expect(backend.calls).toEqual(['stat', 'stat'])
  })

  describe('of a file that was there a moment ago', () => {
    const conditional = async (options: Partial<FileHandlerOptions> = {}) => {
      const backend = new CountingBackend()
      const { depot, files, id, path } = await depotWith(LARGE, { backend })
      const server = await started(
        SERVERS['node:http']!(createFileHandler(depot, { public: true, ...options })),
      )
      const { sha256 } = await files.get(id)
      const headers = { 'if-none-match': `"${sha256!}"` }
      const status = async () => (await ask(server, path, { headers })).status
      expect(await status()).toBe(304)
      backend.calls.length = 0
      return { status, backend, files, id }
    }

    it('are answered without a look at the storage, for a second', async () => {
      const { status, backend, files, id } = await conditional()

      expect([await status(), backend.calls]).toEqual([304, []])
      await files.delete(id)
      await setTimeout(1100)
      expect([await status(), backend.calls.includes('stat')]).toEqual([404, true])
    })

    it('are looked up each time where files may change', async () => {
      const { status, backend, files, id } = await conditional({ immutable: false })

      expect([await status(), backend.calls]).toEqual([304, ['stat']])
      await files.replace(id, Buffer.from('new'))
      expect(await status()).toBe(200)
    })

    it('are refused to whoever may not read it', async () => {
      let mayRead = true
      const { status } = await conditional({ public: false, authorize: () => mayRead })
      mayRead = false

      expect(await status()).toBe(403)
    })
  })
})

describe.each(Object.entries(SERVERS))('on %s', (_name, start) => {
  async function serve(backend: StreamingBackend) {
    const made = await depotWith(LARGE, { backend, contentType: 'video/mp4' })
    return { ...made, server: await started(start(createFileHandler(made.depot, { public: true }))) }
  }

  it('a client that goes away ends the reading', async () => {
    const backend = new StreamingBackend()
    const { server, path } = await serve(backend)

    const response = await new Promise<IncomingMessage>((resolve) => {
      get(`${server.origin}${path}`, resolve).on('error', () => undefined)
    })
    response.on('error', () => undefined)
    await once(response, 'data')
    response.destroy()

    await until(() => backend.streams[0]!.destroyed)
    expect(backend.streams).toHaveLength(1)
  })

  it.each(['fails', 'ends too early', 'has more than it said'])(
    'a storage that %s breaks the connection, so that nobody takes a part for the whole',
    async (how) => {
      jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      jest.spyOn(console, 'error').mockImplementation(() => undefined)
      const backend = new StreamingBackend()
      if (how === 'has more than it said') backend.size = 100_000
      else backend.chunks = 3
      backend.failure = how === 'fails' ? new Error('the disk is gone') : undefined
      const { server, path } = await serve(backend)

      // A connection that would be kept, so that it is not closed by itself.
      const headers = { connection: 'keep-alive' }
      await expect(ask(server, path, { headers })).rejects.toMatchObject({ code: 'ECONNRESET' })

      await until(() => backend.streams[0]!.destroyed)
    },
  )
})

describe('an error of a storage', () => {
  class BrokenBackend extends MemoryBackend {
    override stat(): Promise<never> {
      return Promise.reject(new Error('no connection'))
    }
  }

  it('goes on to the application', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: new BrokenBackend() })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    expect(await ask(server, path)).toMatchObject({ status: 500, body: Buffer.from('broken') })
  })

  it('is answered, and told, where there is none', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: new BrokenBackend() })
    const onError = jest.fn()
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true }), { onError })
    const server = await started(createServer((request, response) => void serveFile(request, response)))

    expect(await ask(server, path)).toMatchObject({
      status: 500,
      body: Buffer.from('Internal Server Error'),
      headers: { 'cache-control': 'no-store' },
    })
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'READ_FAILED' }),
      expect.objectContaining({ url: path }),
    )
  })

  it('in the middle of a file is told, and a client that goes away is not', async () => {
    const backend = new StreamingBackend()
    const { depot, path } = await depotWith(LARGE, { backend, contentType: 'video/mp4' })
    const onError = jest.fn()
    const finished = jest.fn()
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true }), { onError })
    const server = await started(
      createServer((request, response) => void serveFile(request, response).then(finished)),
    )

    const response = await new Promise<IncomingMessage>((resolve) => {
      get(`${server.origin}${path}`, resolve).on('error', () => undefined)
    })
    response.on('error', () => undefined).destroy()
    await until(() => finished.mock.calls.length === 1)
    expect(onError).not.toHaveBeenCalled()
    expect(backend.signals[0]?.aborted).toBe(true)

    backend.chunks = 3
    backend.failure = new Error('the disk is gone')
    await expect(ask(server, path)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await until(() => finished.mock.calls.length === 2)
    expect(onError.mock.calls).toEqual([[backend.failure, expect.objectContaining({ url: path })]])
  })

  it('that a file was deleted between two looks at it is a 404, or breaks the body of a Response', async () => {
    class ForgetfulBackend extends MemoryBackend {
      override async read(id: string): Promise<Readable> {
        await this.delete([id])
        return await super.read(id)
      }
    }
    const { depot, path, files } = await depotWith(LARGE, { backend: new ForgetfulBackend() })
    const handler = createFileHandler(depot, { public: true })
    const server = await started(SERVERS['node:http']!(handler))

    expect(await ask(server, path)).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } })
    const id = await files.create(LARGE)
    const response = await handler(new Request(`http://localhost/depot/default/${id}`))
    await expect(response?.text()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})

describe('a cookie', () => {
  const secret = 's'.repeat(32)
  const MIDDLEWARES: Record<string, () => RequestHandler> = {
    'express-session': () => session({ secret, resave: true, saveUninitialized: true, rolling: true }),
    'cookie-session': () => cookieSession({ secret }),
    'a middleware of the application': () => (_request, response, next) => {
      response.cookie('sid', 'secret')
      next()
    },
  }

  async function cookieOf(middleware: RequestHandler, options: FileHandlerOptions) {
    const { depot, path } = await depotWith(LARGE)
    const app = express()
    app.use(middleware)
    app.use((request, _response, next) => {
      const { session: found } = request as { session?: { seen?: boolean } }
      if (found) found.seen = true
      next()
    })
    app.use(toNodeHandler(createFileHandler(depot, options)))
    const { status, headers, body } = await ask(await started(createServer(app)), path)
    expect({ status, size: body.byteLength }).toEqual({ status: 200, size: LARGE.byteLength })
    return { cookie: headers['set-cookie'], cache: headers['cache-control'] }
  }

  it.each(Object.entries(MIDDLEWARES))(
    'of %s never goes with what caches keep for all',
    async (_name, make) => {
      expect(await cookieOf(make(), { public: true })).toEqual({
        cookie: undefined,
        cache: 'public, max-age=604800, immutable',
      })
    },
  )

  it.each(Object.entries(MIDDLEWARES))('of %s may go with what is for one user', async (_name, make) => {
    expect(await cookieOf(make(), { authorize: () => true })).toEqual({
      cookie: expect.arrayContaining([expect.any(String)]),
      cache: 'private, no-cache',
    })
  })
})

describe('the context of a Node request', () => {
  it('is what a middleware before has found', async () => {
    const { depot, path } = await depotWith(Buffer.from('hello'))
    const handler = createFileHandler<string | undefined>(depot, {
      authorize: (request, _file, user) => user === 'ada' && request.headers.get('X-Letter') === 'a',
    })
    const app = express()
    app.use((request, response, next) => {
      response.locals.user = request.get('x-user')
      next()
    })
    app.use(
      '/depot',
      toNodeHandler(handler, {
        context: (request: express.Request) => request.res?.locals.user as string | undefined,
      }),
    )
    const server = await started(createServer(app))

    expect(await ask(server, path, { headers: { 'x-user': 'ada', 'x-letter': 'a' } })).toMatchObject({
      status: 200,
    })
    expect(await ask(server, path, { headers: { 'x-user': 'bob', 'x-letter': 'a' } })).toMatchObject({
      status: 403,
    })
    expect(await ask(server, path)).toMatchObject({ status: 403 })
  })
})

describe('sending by the web server in front', () => {
  async function serveLocal(sendfile: FileHandlerOptions['sendfile']) {
    const backend = new LocalBackend(join(folder, 'fïles'))
    const made = await depotWith(LARGE, { backend })
    const server = await started(
      SERVERS['node:http']!(createFileHandler(made.depot, { public: true, ...(sendfile && { sendfile }) })),
    )
    return { ...made, server, local: (await backend.localPath(made.id))! }
  }

  it('names the file to Apache and lighttpd, and sends nothing', async () => {
    const { server, path, local } = await serveLocal({ header: 'X-Sendfile' })

    const { status, headers, body } = await ask(server, path)

    expect({ status, size: body.byteLength }).toEqual({ status: 200, size: 0 })
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'inline; filename=hello.txt',
      'cache-control': 'public, max-age=604800, immutable',
    })
    expect(Buffer.from(headers['x-sendfile'] as string, 'latin1').toString()).toBe(local)
    expect((await readFile(local)).equals(LARGE)).toBe(true)
  })

  it('names an internal location to nginx', async () => {
    const { server, path, local } = await serveLocal({
      header: 'X-Accel-Redirect',
      map: (file) => file.replace(folder, '/internal'),
    })

    const { headers } = await ask(server, path)

    expect(headers['x-accel-redirect']).toBe(encodeURI(local.replace(folder, '/internal')))
  })

  it('is not for conditions that are met, and not for other storages', async () => {
    const { server, path, depot } = await serveLocal({ header: 'X-Sendfile' })
    const id = await depot.configure('memory', new MemoryBackend()).create(Buffer.from('hello'))
    const { headers } = await ask(server, path)

    expect(await ask(server, path, { headers: { 'if-none-match': headers.etag! } })).toMatchObject({
      status: 304,
      headers: expect.not.objectContaining({ 'x-sendfile': expect.anything() }) as object,
    })
    expect(await ask(server, `/depot/memory/${id}`)).toMatchObject({
      status: 200,
      body: Buffer.from('hello'),
    })
  })
})

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

describe('curl', () => {
  const here = hasCurl ? it : it.skip

  here('resumes a download that was interrupted', async () => {
    const { depot, path } = await depotWith(LARGE, { backend: new LocalBackend(join(folder, 'curl')) })
    const handler = createFileHandler(depot, { public: true })
    const server = await started(SERVERS['node:http']!(handler))
    const target = join(folder, 'download')
    const url = `${server.origin}${path}`

    // The first connection is broken after about a third.
    const serveFile = toNodeHandler(handler)
    const breaking = await started(
      createServer((request, response) => {
        const write = response.write.bind(response)
        let sent = 0
        response.write = (chunk: Buffer) => {
          sent += chunk.byteLength
          if (sent > 1_000_000) response.socket?.destroySoon()
          return write(chunk.subarray(0, 400_000))
        }
        void serveFile(request, response)
      }),
    )
    await expect(run('curl', ['-sS', '-o', target, `${breaking.origin}${path}`])).rejects.toThrow()
    const { size } = await stat(target)
    await run('curl', ['-sS', '--fail', '-C', '-', '-o', target, url])

    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThan(LARGE.byteLength)
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(sha256(await readFile(target))).toBe(sha256(LARGE))
  })
})
