import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { FileTransaction } from '@filedepot/core/integration'
import { afterAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import multer from 'multer'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  httpStatus,
  multerStorage,
  receiveFiles,
  type ArrivalTimeouts,
  type StoredUpload,
} from '../../src/index.ts'
import { multipart, post } from '../support/forms.ts'
import { storedIn } from '../support/stored.ts'

const FORM = [{ name: 'photo', filename: 'a.txt', type: 'text/plain', content: 'hello' }]
const HALF =
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\n' +
  '--b\r\nContent-Disposition: form-data; name="photo"; filename="slow.txt"\r\n\r\nx'

const servers: Server[] = []
const sockets: Socket[] = []
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

type Save = (file: UploadedFile) => Promise<unknown>

/** Express with one of the receivers; `save` gets the file. */
async function start(kind: string, timeouts: ArrivalTimeouts = {}, save: Save = () => Promise.resolve()) {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  const app = express()
  const upload = multer({ storage: multerStorage({ depot, ...timeouts }) })
  if (kind === 'multer') app.use(upload.single('photo'))
  app.post('/', async (request, response) => {
    if (kind === 'multer') await save((request.file as unknown as StoredUpload).uploaded)
    else {
      await using form = await receiveFiles(request, { photo: {} }, { depot, ...timeouts })
      await save(form.file('photo')!)
    }
    response.json('saved')
  })
  app.use(((error, _request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(httpStatus(error)).json({ code: (error as { code?: string }).code })
  }) as express.ErrorRequestHandler)
  const server = createServer(app)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const half = () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
    socket.write(HALF)
    sockets.push(socket)
    return socket
  }
  return { depot, server, half }
}

async function untilEmpty(depot: DepotManager): Promise<void> {
  while (Object.keys(await storedIn(depot)).length > 0) await sleep(5)
}

describe.each(['receiveFiles', 'multer'])('%s', (kind) => {
  it('has slow clients that stop no upload and no save', async () => {
    const { depot, server, half } = await start(kind)
    for (let n = 0; n < 40; n++) half()
    await sleep(200)

    const saved = await depot.upload(UploadedFile.from(Buffer.from('row'), { filename: 'row' }))
    expect(saved.size).toBe(3)
    expect(await post(server, multipart(FORM))).toMatchObject({ status: 200, json: 'saved' })
  })

  it.each([
    ['sends nothing', { idleTimeout: 80 }, 0],
    ['drips', { idleTimeout: 1000, totalTimeout: 300 }, 30],
  ])('gives up a client that %s, and stores nothing', async (_name, timeouts, every) => {
    const { depot, half } = await start(kind, timeouts)
    const socket = half()
    const dripping = every ? setInterval(() => socket.write('x'), every) : undefined
    let answer = ''
    socket.on('data', (data) => (answer += String(data)))
    const done = once(socket, kind === 'multer' ? 'close' : 'data')

    await done
    clearInterval(dripping)
    // multer's own error comes first, and the connection is cut with it.
    if (kind === 'multer') expect(answer).not.toContain('HTTP/1.1 2')
    else expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*UPLOAD_TIMED_OUT/)
    await untilEmpty(depot)
  })

  it('deletes what no row has taken when a save fails', async () => {
    const { depot, server } = await start(kind, {}, () => Promise.reject(new Error('unique')))

    expect((await post(server, multipart(FORM))).status).toBe(500)
    await untilEmpty(depot)
  })

  it('keeps what a row has taken', async () => {
    const started: Awaited<ReturnType<typeof start>> = await start(kind, {}, async (file) => {
      const transaction = new FileTransaction(started.depot)
      transaction.adopt(file)
      await transaction.settle('committed')
    })
    const { depot } = started

    expect((await post(started.server, multipart(FORM))).status).toBe(200)
    await sleep(30)
    expect(await storedIn(depot)).toEqual({ 'a.txt': 'hello' })
  })

  it('leaves a file to the transaction that has it when the response ends, and deletes it at its rollback', async () => {
    const transactions: FileTransaction[] = []
    const started: Awaited<ReturnType<typeof start>> = await start(kind, {}, (file) => {
      transactions.push(new FileTransaction(started.depot))
      transactions[0]!.adopt(file)
      return Promise.resolve()
    })
    const { depot } = started

    expect((await post(started.server, multipart(FORM))).status).toBe(200)
    await sleep(30)
    expect(await storedIn(depot)).toEqual({ 'a.txt': 'hello' })
    await transactions[0]!.settle('rolledBack')
    await untilEmpty(depot)
  })
})

it('a client that goes away leaves nothing', async () => {
  const { depot, half } = await start('multer')
  half().end()
  await sleep(50)
  await untilEmpty(depot)
  expect(await storedIn(depot)).toEqual({})
})

it('an upload that waits for its turn hears its abort at once', async () => {
  class HangingBackend extends MemoryBackend {
    override write(): Promise<never> {
      return new Promise(() => undefined)
    }
  }
  const depot = new DepotManager({ uploadConcurrency: 1 })
  depot.configure('default', new HangingBackend())
  void depot.upload(UploadedFile.from(Buffer.from('a')))
  const stop = new AbortController()
  const waiting = depot.upload(UploadedFile.from(Buffer.from('b')), { signal: stop.signal })
  stop.abort(new Error('gone'))

  await expect(waiting).rejects.toMatchObject({
    code: 'ABORTED',
    message: 'An upload that was waiting was aborted',
  })
})
