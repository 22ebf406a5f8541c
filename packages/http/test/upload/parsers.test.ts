import { Busboy } from '@fastify/busboy'
import fastifyMultipart from '@fastify/multipart'
import { DepotManager, MemoryBackend, UploadedFile, type FileContent } from '@filedepot/core'
import { afterAll, describe, expect, it } from '@jest/globals'
import express, { type ErrorRequestHandler } from 'express'
import fastify from 'fastify'
import formidable from 'formidable'
import { createServer, type Server } from 'node:http'
import multer from 'multer'
import {
  formFiles,
  httpStatus,
  multerStorage,
  receiveFiles,
  type MulterStorageOptions,
  type StoredUpload,
} from '../../src/index.ts'
import { breakOff, multipart, post } from '../support/forms.ts'
import { storedIn } from '../support/stored.ts'

// Each parser as its users have it, over a real socket: what comes is an UploadedFile, and no file is in memory whole.

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function listening(server: Server): Promise<Server> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function memoryDepot(): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  return depot
}

const LIMIT = 300_000
const form = (size = 200_000, name = 'grüße.txt') =>
  multipart([
    { name: 'name', content: 'Ada' },
    { name: 'photo', filename: name, type: 'text/plain', content: Buffer.alloc(size, 'hello ') },
  ])

const whatCame = ({ isPending, filename, contentType, size }: UploadedFile) => ({
  isPending,
  filename,
  contentType,
  size,
})
const GOOD = { isPending: false, filename: 'grüße.txt', contentType: 'text/plain', size: 200_000 }

const onError: ErrorRequestHandler = (error: { code?: string }, _request, response, next) => {
  if (response.headersSent) next(error)
  else response.status(httpStatus(error)).json({ code: error.code })
}

describe('multer, and the interceptors of Nest', () => {
  async function serve(options: MulterStorageOptions = {}, limits: multer.Options['limits'] = {}) {
    const depot = memoryDepot()
    const upload = multer({
      storage: multerStorage({ depot, maxSize: LIMIT, ...options }),
      limits,
      defParamCharset: 'utf8',
    })
    const app = express()
    app.post('/', upload.array('photo'), (request, response) => {
      const files = request.files as unknown as StoredUpload[]
      response.json({
        name: (request.body as { name: string }).name,
        files: files.map(({ uploaded, size }) => ({ ...whatCame(uploaded), same: size === uploaded.size })),
      })
    })
    app.use(onError)
    return { depot, server: await listening(createServer(app)) }
  }

  it('hand over stored files', async () => {
    const { depot, server } = await serve()

    const { json } = await post(server, form())

    expect(json).toEqual({ name: 'Ada', files: [{ ...GOOD, same: true }] })
    // No row has taken it.
    while (Object.keys(await storedIn(depot)).length > 0)
      await new Promise((resolve) => setImmediate(resolve))
  })

  it('refuse a file that is too large while it arrives', async () => {
    const { depot, server } = await serve()

    expect(await post(server, form(LIMIT + 1))).toEqual({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    expect(await storedIn(depot)).toEqual({})
  })

  it('keep nothing of a form that multer itself refuses', async () => {
    for (const limits of [{ fileSize: 100_000 }, { fields: 0 }, { files: 0 }]) {
      const { depot, server } = await serve({}, limits)

      expect(await post(server, form())).toMatchObject({ status: 500 })
      expect(await storedIn(depot)).toEqual({})
    }
  })

  it('keep nothing of the files before one that is refused', async () => {
    const { depot, server } = await serve()
    const file = (size: number) => ({ name: 'photo', filename: 'a', content: Buffer.alloc(size) })

    expect(await post(server, multipart([file(10), file(20), file(LIMIT + 1)]))).toMatchObject({
      status: 413,
    })
    expect(await storedIn(depot)).toEqual({})
  })

  it('keep nothing where the client hangs up', async () => {
    const depot = memoryDepot()
    const upload = multer({ storage: multerStorage({ depot }) }).single('photo')
    const failed = new Promise((resolve) => {
      void listening(
        createServer((request, response) => {
          upload(request as never, response as never, resolve)
        }),
      ).then((server) => {
        breakOff(server, form().subarray(0, 150_000))
      })
    })

    expect(await failed).toBeDefined()
    expect(await storedIn(depot)).toEqual({})
  })
})

describe('a part of @fastify/multipart', () => {
  async function serve() {
    const depot = memoryDepot()
    const app = fastify()
    await app.register(fastifyMultipart, { limits: { fileSize: 10_000_000 } })
    app.post('/', async (request) => {
      const part = await request.file()
      return whatCame(await depot.upload(UploadedFile.from(part as FileContent), { maxSize: LIMIT }))
    })
    app.setErrorHandler((error: { code: string }, _request, reply) =>
      reply.code(httpStatus(error)).send({ code: error.code }),
    )
    await app.ready()
    return { depot, server: await listening(app.server) }
  }

  it('is the content of a value', async () => {
    const { server } = await serve()

    expect(await post(server, form())).toEqual({ status: 200, json: GOOD })
  })

  it('that is too large is refused while it arrives', async () => {
    const { depot, server } = await serve()

    expect(await post(server, form(LIMIT + 1))).toEqual({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    expect(await storedIn(depot)).toEqual({})
  })
})

describe('Fastify without a plugin', () => {
  it('receives files by its raw request', async () => {
    const depot = memoryDepot()
    const app = fastify()
    app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => {
      done(null)
    })
    app.post('/', async (request) => {
      const received = await receiveFiles(request.raw, { photo: {} }, { depot })
      return { name: received.get('name'), ...whatCame(received.file('photo')!) }
    })
    await app.ready()

    expect(await post(await listening(app.server), form())).toEqual({
      status: 200,
      json: { name: 'Ada', ...GOOD },
    })
  })
})

describe('Express without multer', () => {
  it('receives files by its request', async () => {
    const depot = memoryDepot()
    const app = express()
    app.post('/', async (request, response) => {
      const received = await receiveFiles(request, { photo: { maxSize: LIMIT } }, { depot })
      response.json(whatCame(received.file('photo')!))
    })
    app.use(onError)
    const server = await listening(createServer(app))

    expect(await post(server, form())).toEqual({ status: 200, json: GOOD })
    expect(await post(server, form(LIMIT + 1))).toEqual({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    expect(Object.keys(await storedIn(depot))).toHaveLength(1)
  })
})

describe('a file of busboy', () => {
  it('is the content of a value', async () => {
    const depot = memoryDepot()
    const server = await listening(
      createServer((request, response) => {
        const parser = new Busboy({ headers: request.headers as { 'content-type': string } })
        parser.on('file', (_name, file, filename, _encoding, mimetype) => {
          void depot.upload(UploadedFile.from({ filename, mimetype, file })).then((uploaded) => {
            response.end(JSON.stringify(whatCame(uploaded)))
          })
        })
        request.pipe(parser)
      }),
    )

    expect(await post(server, form())).toEqual({ status: 200, json: GOOD })
  })
})

describe('a file of formidable', () => {
  it('is the content of a value, from the disk', async () => {
    const depot = memoryDepot()
    const server = await listening(
      createServer((request, response) => {
        void (async () => {
          const [, files] = await formidable({}).parse(request)
          const uploaded = await depot.upload(UploadedFile.from(files.photo![0] as FileContent))
          response.end(JSON.stringify(whatCame(uploaded)))
        })()
      }),
    )

    expect(await post(server, form())).toEqual({ status: 200, json: GOOD })
  })
})

describe('a FormData', () => {
  it('has files as pending values', async () => {
    const depot = memoryDepot()
    const data = new FormData()
    data.append('photo', new File(['a'], 'a.txt', { type: 'text/plain' }))
    data.append('photo', new File(['b'], 'b.txt', { type: 'text/plain' }))
    data.append('photo', new File([], '', { type: 'application/octet-stream' }))
    data.append('name', 'Ada')
    class Picture extends UploadedFile {}

    const files = formFiles(data, 'photo', Picture)

    expect(files.map((file) => [file instanceof Picture, file.isPending])).toEqual([
      [true, true],
      [true, true],
    ])
    for (const file of files) await depot.upload(file)
    expect(await storedIn(depot)).toEqual({ 'a.txt': 'a', 'b.txt': 'b' })
    expect(formFiles(data, 'missing')).toEqual([])
    expect(() => formFiles(data, 'name')).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_UPLOAD',
        message: 'Expected files in "name", got a text',
      }),
    )
  })
})
