import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Storage } from '@google-cloud/storage'
import { randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { startGcsServer, type GcsServer } from '@filedepot/testing/gcs-server'
import { GcsBackend, type GcsBackendOptions } from '@filedepot/gcs'
import { backendOn, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'
import { hanging, streamOf } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')
const BLOCK = 256 * 1024
/** Of these, a file of 3 blocks and a byte is sent in four parts. */
const IN_PARTS = { resumableAbove: BLOCK, chunkSize: BLOCK }
const LARGE = randomBytes(3 * BLOCK + 1)

let server: GcsServer
const open: GcsBackend[] = []
beforeEach(async () => {
  server = await startService()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((backend) => backend.close()))
  await server.close()
})

function filesOn(url: string, options: Partial<GcsBackendOptions> = {}): FileStorage {
  const backend = backendOn(url, options)
  open.push(backend)
  return new FileStorage('files', backend)
}

async function idsOf(files: FileStorage): Promise<string[]> {
  const ids: string[] = []
  for await (const id of files.list()) ids.push(id)
  return ids
}

describe('a bucket that is not there', () => {
  it('is an error of everything, and never looks like a missing file', async () => {
    const files = filesOn(server.url, { bucket: 'nothing', ...IN_PARTS })
    const id = newFileId()
    const missing = 'The specified bucket does not exist. (HTTP 404)'

    expect(said(await rejection(files.get(id)))).toEqual({
      code: 'READ_FAILED',
      message: `Cannot read "files/${id}": ${missing}`,
    })
    expect(said(await rejection(files.read(id))).code).toBe('READ_FAILED')
    expect(said(await rejection(files.delete(id))).code).toBe('DELETE_FAILED')
    expect(said(await rejection(idsOf(files)))).toEqual({
      code: 'READ_FAILED',
      message: `Cannot list "files": ${missing}`,
    })
    for (const content of [HELLO, LARGE]) {
      const error = await rejection(files.create(content))
      expect(said(error).code).toBe('WRITE_FAILED')
      expect(error.cause).toMatchObject({ name: 'GcsError', code: 404, reason: 'notFound' })
    }
  })
})

describe('what is not allowed', () => {
  it('is said with the words of the service, and not tried again', async () => {
    const files = filesOn(server.url)
    const message = 'tester does not have storage.objects.create access to the object.'
    server.failNext({ kind: 'objects.insert', status: 403, message, times: 9 })

    const error = await rejection(files.create(HELLO))

    expect(said(error).message).toMatch(new RegExp(`^Cannot write "files/.{36}": ${message} \\(HTTP 403\\)$`))
    expect(error.cause).toMatchObject({ code: 403 })
    expect(server.requests['objects.insert']).toBe(1)
  })

  it('is asked for with the token of the credentials', async () => {
    const guarded = await startGcsServer({ buckets: ['files'], token: 'secret' })
    const filesWith = (token: () => Promise<Record<string, string>>): FileStorage => {
      const storage = new Storage({
        apiEndpoint: guarded.url,
        projectId: 'test',
        useAuthWithCustomEndpoint: true,
      })
      storage.authClient.getRequestHeaders = token
      const backend = new GcsBackend({ bucket: 'files', storage })
      open.push(backend)
      return new FileStorage('files', backend)
    }

    const good = filesWith(() => Promise.resolve({ authorization: 'Bearer secret' }))
    const wrong = filesWith(() => Promise.resolve({ authorization: 'Bearer stolen' }))
    const none = filesWith(() => Promise.reject(new Error('Could not load the default credentials.')))

    await good.create(HELLO)
    const refused = await rejection(wrong.create(HELLO))
    expect([said(refused).code, refused.cause]).toMatchObject(['WRITE_FAILED', { code: 401 }])
    expect(JSON.stringify(refused.cause)).not.toContain('stolen')
    expect(said(await rejection(none.create(HELLO))).message).toContain('default credentials')
    expect(guarded.requests['objects.insert']).toBe(2)
    await guarded.close()
  })
})

describe('a service that nobody reaches', () => {
  it('is said after some tries', async () => {
    const { url } = server
    await server.close()
    const files = filesOn(url)
    const id = newFileId()

    const errors = [
      await rejection(files.create(HELLO)),
      await rejection(files.get(id)),
      await rejection(files.delete(id)),
    ]

    expect(errors.map(({ code }) => code)).toEqual(['WRITE_FAILED', 'READ_FAILED', 'DELETE_FAILED'])
    for (const { cause } of errors) expect(cause).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a service that falls silent', () => {
  it('is not waited for longer than the option says', async () => {
    const silent = await silentServer()
    const files = filesOn(silent.url, { timeout: 50 })

    const errors = [await rejection(files.create(HELLO)), await rejection(files.get(newFileId()))]

    for (const { cause } of errors) expect(cause).toMatchObject({ code: 'ETIMEDOUT' })
    expect(errors[0]?.message).toMatch(/127.0.0.1:\d+ was silent for 50 ms/)
    await silent.close()
  })

  it('is not blamed for a reader that is slow', async () => {
    const bytes = randomBytes(5_000_000)
    const id = await filesOn(server.url).create(bytes)
    const stream = await filesOn(server.url, { timeout: 200 }).read(id)

    await sleep(700)

    expect((await buffer(stream)).equals(bytes)).toBe(true)
  })
})

describe('a service that is busy', () => {
  it.each([429, 500, 502, 503, 504])('is asked again after status %i', async (status) => {
    const files = filesOn(server.url, IN_PARTS)
    for (const kind of ['objects.insert', 'uploads.start', 'uploads.put', 'objects.get'] as const) {
      server.failNext({ kind, status, times: 2 })
    }
    server.failNext({ kind: 'objects.list', status, times: 2 })
    server.failNext({ kind: 'objects.download', status, times: 2 })

    const ids = [await files.create(HELLO), await files.create(LARGE)]

    expect(await (await files.get(ids[0]!)).text()).toBe('hello, world')
    expect((await (await files.get(ids[1]!)).bytes()).equals(LARGE)).toBe(true)
    expect(await idsOf(files)).toEqual(ids)
    expect(server.requests).toMatchObject({ 'objects.insert': 3, 'uploads.start': 3, 'objects.list': 3 })
  })

  it('is asked no more than so often', async () => {
    const files = filesOn(server.url, IN_PARTS)
    for (const kind of ['objects.insert', 'uploads.put', 'uploads.status'] as const) {
      server.failNext({ kind, status: 503, times: 99 })
    }

    const errors = [await rejection(files.create(HELLO)), await rejection(files.create(LARGE))]

    for (const error of errors)
      expect([said(error).code, error.cause]).toMatchObject(['WRITE_FAILED', { code: 503 }])
    expect(server.requests).toMatchObject({ 'objects.insert': 4, 'uploads.put': 1, 'uploads.status': 3 })
    expect([await idsOf(files), server.openUploads]).toEqual([[], 0])
  })

  it('is not asked again where the options say so', async () => {
    const files = filesOn(server.url, { retryOptions: { autoRetry: false } })
    server.failNext({ kind: 'objects.insert', status: 503 })

    expect(said(await rejection(files.create(HELLO))).code).toBe('WRITE_FAILED')
    expect(server.requests['objects.insert']).toBe(1)
  })
})

describe('an upload whose connection breaks', () => {
  it.each(['before', 'after'] as const)('%s the request was carried out is sent again', async (reset) => {
    const files = filesOn(server.url)
    server.failNext({ kind: 'objects.insert', reset })

    const id = await files.create(HELLO)

    expect(await (await files.get(id)).text()).toBe('hello, world')
    expect(await idsOf(files)).toEqual([id])
  })

  it.each([
    ['of the first part', { after: 0 }],
    ['of a part in the middle', { after: 2 }],
    ['of the last part', { after: 3 }],
  ])('in the middle %s goes on where it was', async (_, { after }) => {
    const files = filesOn(server.url, IN_PARTS)
    server.failNext({ kind: 'uploads.put', resetAfterBytes: after === 3 ? 1 : 100_000, after })

    const id = await files.create(streamOf(LARGE))

    expect((await (await files.get(id)).bytes()).equals(LARGE)).toBe(true)
    expect(server.requests).toMatchObject({ 'uploads.put': 5, 'uploads.status': 1 })
    expect(server.openUploads).toBe(0)
  })

  it('so that the last answer is lost has stored the file once', async () => {
    const files = filesOn(server.url, IN_PARTS)
    server.failNext({ kind: 'uploads.put', reset: 'after', after: 3 })

    const id = await files.create(streamOf(LARGE))

    expect((await (await files.get(id)).bytes()).equals(LARGE)).toBe(true)
    expect(server.requests).toMatchObject({ 'uploads.put': 4, 'uploads.status': 1 })
  })

  it('for good leaves nothing, and what was there as it was', async () => {
    const files = filesOn(server.url, IN_PARTS)
    const id = await files.create(HELLO)
    server.failNext({ kind: 'uploads.put', resetAfterBytes: 1000, times: 99, after: 1 })
    server.failNext({ kind: 'uploads.status', reset: 'before', times: 99 })

    const errors = [
      await rejection(files.replace(id, streamOf(LARGE))),
      await rejection(files.create(streamOf(LARGE))),
    ]

    for (const error of errors) expect(said(error).code).toBe('WRITE_FAILED')
    expect(await (await files.get(id)).text()).toBe('hello, world')
    expect([await idsOf(files), server.openUploads]).toEqual([[id], 0])
  })
})

describe('an upload of which every answer is lost', () => {
  it.each([
    ['at once', {}, 'objects.insert', HELLO],
    ['in parts', IN_PARTS, 'uploads.put', LARGE],
  ] as const)('%s has stored the file, as a look shows', async (_, options, kind, bytes) => {
    const files = filesOn(server.url, options)
    const after = kind === 'uploads.put' ? 3 : 0
    server.failNext({ kind, reset: 'after', times: 99, after })
    server.failNext({ kind: 'uploads.status', reset: 'before', times: 99 })

    const id = await files.create(kind === 'uploads.put' ? streamOf(bytes) : bytes)

    const file = await files.get(id)
    expect((await file.bytes()).equals(bytes)).toBe(true)
    expect(file.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect([await idsOf(files), server.openUploads]).toEqual([[id], 0])
  })

  it('and that cannot be looked up, is uncertain', async () => {
    const files = filesOn(server.url)
    server.failNext({ kind: 'objects.insert', reset: 'after', times: 99 })
    server.failNext({ kind: 'objects.get', reset: 'before', times: 99 })

    const error = await rejection(files.create(HELLO))

    const [id] = await idsOf(files)
    expect(error).toMatchObject({ code: 'WRITE_UNCERTAIN', path: `files/${id}` })
  })
})

describe('bytes that are changed on their way', () => {
  it('are refused by the service, and nothing is stored', async () => {
    const backend = backendOn(server.url, IN_PARTS)
    open.push(backend)
    const bytes = Buffer.from(LARGE)
    const info = { filename: 'a', contentType: 'a/b', size: undefined, sha256: undefined, metadata: {} }
    server.failNext({ kind: 'uploads.put', status: 503 })

    const writing = backend.write(newFileId(), streamOf(bytes), info, {})
    // As a broken memory would, between the first try, when the checksum was taken, and the second.
    while (!server.requests['uploads.put']) await sleep(1)
    bytes.fill(0, 1000, 2000)

    expect(await rejection(writing)).toMatchObject({ name: 'GcsError', code: 400 })
    expect(server.openUploads).toBe(0)
    for await (const id of backend.list()) throw new Error(`${id} was stored`)
  })
})

describe('a download', () => {
  it('says how far it came when its connection breaks', async () => {
    const files = filesOn(server.url)
    const id = await files.create(LARGE)
    server.failNext({ kind: 'objects.download', truncate: 100_000 })

    const error = await rejection((await files.get(id)).bytes())

    expect(said(error)).toEqual({
      code: 'READ_FAILED',
      message: `Cannot read "files/${id}": the connection broke after 100000 of ${LARGE.byteLength} bytes`,
    })
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' })
  })

  it('of a file that has gone since its stat says that it is not there', async () => {
    const files = filesOn(server.url)
    const file = await files.get(await files.create(HELLO))
    await files.delete(file)

    expect(said(await rejection(file.bytes())).code).toBe('FILE_NOT_FOUND')
  })

  it('of a part that is not there any more says so', async () => {
    const files = filesOn(server.url)
    const file = await files.get(await files.create(LARGE))
    await files.replace(file, HELLO)

    const error = await rejection(file.stream({ start: 100, end: 200 }))

    expect(said(error)).toEqual({
      code: 'INVALID_ARGUMENT',
      message: `Expected range to be within the file "${file.id}", got 100-200`,
    })
  })

  it('ends when it is aborted, and its connection with it', async () => {
    const files = filesOn(server.url)
    const id = await files.create(randomBytes(20_000_000))
    const controller = new AbortController()
    const before = await server.connections()

    const file = await files.get(id)
    const stream = await file.stream(undefined, { signal: controller.signal })
    stream.once('data', () => {
      controller.abort()
    })
    const error = await rejection(buffer(stream))

    expect(error.name).toBe('AbortError')
    await until(async () => (await server.connections()) < before + 1)
  })

  it('that is given up half-way leaves the others alone, and no connection open', async () => {
    const files = filesOn(server.url)
    const bytes = randomBytes(20_000_000)
    const id = await files.create(bytes)

    const readers = await Promise.all(Array.from({ length: 4 }, () => files.read(id)))
    for (const reader of readers.slice(1)) reader.once('data', () => reader.destroy())

    expect((await buffer(readers[0]!)).equals(bytes)).toBe(true)
    // At once, and not when the server grows tired of them, after five seconds.
    const start = performance.now()
    await until(async () => (await server.connections()) <= 1)
    expect(performance.now() - start).toBeLessThan(4_500)
  })
})

describe('an abort', () => {
  it('ends an upload at once, and the service forgets it', async () => {
    const files = filesOn(server.url, IN_PARTS)
    const controller = new AbortController()

    const creating = files.create(hanging(LARGE), { signal: controller.signal })
    while (server.openUploads === 0) await sleep(1)
    controller.abort()

    expect(said(await rejection(creating)).code).toBe('ABORTED')
    expect([await idsOf(files), server.openUploads]).toEqual([[], 0])
  })

  it('ends a raw write whose body knows nothing of the signal', async () => {
    const backend = backendOn(server.url, IN_PARTS)
    open.push(backend)
    const controller = new AbortController()
    const info = {
      filename: 'a',
      contentType: 'a/b',
      size: undefined,
      sha256: undefined,
      metadata: {},
    }

    const writing = backend.write(newFileId(), hanging(LARGE), info, { signal: controller.signal })
    // All parts that can be known not to be the last have gone; the source has no more to say.
    while ((server.requests['uploads.put'] ?? 0) < 3) await sleep(1)
    await sleep(50)
    controller.abort(new Error('enough'))

    expect((await rejection(writing)).message).toBe('enough')
    expect(server.openUploads).toBe(0)
  })

  it('ends the waiting for the next try', async () => {
    const files = filesOn(server.url, { retryOptions: { maxRetryDelay: 60, retryDelayMultiplier: 60 } })
    server.failNext({ kind: 'objects.insert', status: 503, times: 2 })
    const controller = new AbortController()

    const creating = files.create(HELLO, { signal: controller.signal })
    while (!server.requests['objects.insert']) await sleep(1)
    controller.abort()

    expect(said(await rejection(creating)).code).toBe('ABORTED')
    expect(server.requests['objects.insert']).toBe(1)
  })

  it('ends reads and writes at a service that never answers', async () => {
    const silent = await silentServer()
    const files = filesOn(silent.url, IN_PARTS)
    const start = performance.now()
    const soon = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(100) })

    const errors = await Promise.all([
      rejection(files.create(HELLO, soon())),
      rejection(files.create(LARGE, soon())),
      rejection(files.read(newFileId(), undefined, soon())),
    ])

    expect(errors.map(({ code }) => code)).toEqual(['ABORTED', 'ABORTED', 'ABORTED'])
    // What was sent whole may have been done, so its answer is waited for a little.
    expect(performance.now() - start).toBeLessThan(20_000)
    await silent.close()
  })

  it('that comes when the service has the whole file lets the answer come', async () => {
    const files = filesOn(server.url)
    server.failNext({ kind: 'objects.insert', delay: 300 })
    const controller = new AbortController()

    const creating = files.create(HELLO, { signal: controller.signal })
    while (!server.requests['objects.insert']) await sleep(1)
    await sleep(50)
    controller.abort()

    expect(await idsOf(files)).toEqual([])
    const id = await creating
    expect(await idsOf(files)).toEqual([id])
  })
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}

/** Accepts connections, and says nothing. */
async function silentServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const silent: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).resume()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        silent.close(() => {
          resolve()
        })
      }),
  }
}
