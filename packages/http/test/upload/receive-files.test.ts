import { allowTypes, DepotManager, FiledepotError, MemoryBackend, UploadedFile } from '@filedepot/core'
import { FileTransaction, isRevoked } from '@filedepot/core/integration'
import { ChaosBackend } from '@filedepot/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Readable } from 'node:stream'
import {
  httpStatus,
  receiveFiles,
  type FileRules,
  type ReceivedForm,
  type ReceiveOptions,
} from '../../src/index.ts'
import { breakOff, FORM_TYPE, multipart, post, type FormPart } from '../support/forms.ts'
import { storedIn } from '../support/stored.ts'

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

/** What the server does with a request; a test sets it. */
let receive: (request: IncomingMessage) => Promise<unknown>
let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    receive(request).then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => {
        const { code, message } = error as { code: string; message: string }
        response.writeHead(httpStatus(error)).end(JSON.stringify({ code, message }))
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function memoryDepot(backend = new MemoryBackend()): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', backend)
  return depot
}

type Rules = Record<string, FileRules>

/** Sends a form to a depot, and tells the answer and what is stored then. */
async function send(
  body: readonly FormPart[] | Uint8Array | Iterable<Uint8Array>,
  rules: Rules = { photo: {} },
  options: ReceiveOptions & { depot?: DepotManager; type?: string } = {},
) {
  const { depot = memoryDepot(), type = FORM_TYPE, ...rest } = options
  let form: ReceivedForm | undefined
  receive = async (request) => {
    form = await receiveFiles(request, rules, { depot, ...rest })
    return 'received'
  }
  const bytes = Array.isArray(body) ? multipart(body as FormPart[]) : (body as Uint8Array)
  const answer = await post(server, bytes, { type })
  return { depot, form, answer, stored: await storedIn(depot) }
}

const photo = (content: string | Uint8Array, filename = 'a.txt'): FormPart => ({
  name: 'photo',
  filename,
  type: 'text/plain',
  content,
})

describe('a form', () => {
  it('brings texts, and files that are stored', async () => {
    const { form, stored } = await send([
      { name: 'name', content: 'Ada' },
      { name: 'tag', content: 'a' },
      photo('hello', 'grüße 些公.txt'),
      { name: 'tag', content: 'b' },
    ])

    expect(form?.get('name')).toBe('Ada')
    expect(form?.getAll('tag')).toEqual(['a', 'b'])
    expect(form?.get('missing')).toBeUndefined()
    expect(form?.file('missing')).toBeUndefined()
    expect(form?.files('photo')).toEqual([form?.file('photo')])
    expect(form?.file('photo')).toBeInstanceOf(UploadedFile)
    expect(form?.file('photo')).toMatchObject({
      isPending: false,
      filename: 'grüße 些公.txt',
      contentType: 'text/plain',
      declaredType: 'text/plain',
      size: 5,
    })
    expect(stored).toEqual({ 'grüße 些公.txt': 'hello' })
  })

  it.each([
    ['..', 'unnamed'],
    ['/', 'unnamed'],
    ['folder/', 'folder'],
  ])('brings a file whose name is only a folder: %s', async (filename, stored) => {
    const { form } = await send([photo('hello', filename)])

    expect(form?.file('photo')).toMatchObject({ filename: stored, size: 5 })
  })

  it('brings the name of a file without its folders', async () => {
    const { form } = await send([photo('hello', 'C:\\\\fakepath\\\\a.txt')])

    expect(form?.file('photo')).toMatchObject({ filename: 'a.txt' })
  })

  it.each([
    ['quoted', `name="photo"; filename="a.txt"; filename*=utf-8''%C3%BCber.txt`, 'a.txt'],
    [
      'quoted, the other way round',
      `name="photo"; filename*=utf-8''%C3%BCber.txt; filename="a.txt"`,
      'a.txt',
    ],
    [
      'as .NET writes it',
      `name=photo; filename="=?utf-8?B?w7xiZXI=?="; filename*=utf-8''%C3%BCber.txt`,
      'über.txt',
    ],
  ])('takes filename*, which RFC 7578 forbids, only without quotes: %s', async (_, disposition, name) => {
    const part = `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\nhello\r\n--b--\r\n`

    const { form } = await send(Buffer.from(part), undefined, { type: 'multipart/form-data; boundary=b' })

    expect(form?.file('photo')).toMatchObject({ filename: name, size: 5 })
  })

  it('brings several files, in their order', async () => {
    const { form } = await send(
      ['a', 'b', 'c'].map((name) => photo(name, name)),
      { photo: { maxFiles: 3 } },
    )

    expect(form?.files().map(({ filename }) => filename)).toEqual(['a', 'b', 'c'])
  })

  it('brings no file where none was chosen', async () => {
    const { form, answer, stored } = await send([
      { name: 'photo', filename: '', type: 'application/octet-stream', content: '' },
    ])

    expect(answer.json).toBe('received')
    expect(form?.file('photo')).toBeUndefined()
    expect(stored).toEqual({})
  })

  it('has the upload types, storages, filters and validators of its fields', async () => {
    class Picture extends UploadedFile {}
    const depot = memoryDepot()
    depot.configure('pictures', new MemoryBackend())
    const { form } = await send(
      [
        { name: 'photo', filename: 'a.png', content: PNG },
        { name: 'cv', filename: 'b.txt', content: 'hello' },
      ],
      {
        photo: {
          type: Picture,
          storage: 'pictures',
          validators: [allowTypes('image/png')],
          filters: [
            {
              onSave({ metadata }) {
                metadata.seen = true
              },
            },
          ],
        },
        cv: {},
      },
      { depot },
    )

    expect(form?.file('photo')).toBeInstanceOf(Picture)
    expect(form?.file('photo')).toMatchObject({
      storage: 'pictures',
      contentType: 'image/png',
      metadata: { seen: true },
    })
    expect(form?.file('cv')).toMatchObject({ storage: 'default', metadata: {} })
  })

  it('may be of a web request', async () => {
    const depot = memoryDepot()
    const body = new FormData()
    body.set('name', 'Ada')
    body.set('photo', new File(['hello'], 'a.txt', { type: 'text/plain' }))
    const request = new Request('http://localhost/', { method: 'POST', body })

    const form = await receiveFiles(request, { photo: {} }, { depot })

    expect(form.get('name')).toBe('Ada')
    expect(await storedIn(depot)).toEqual({ 'a.txt': 'hello' })
  })
})

describe('a form that is refused', () => {
  it.each<[string, FormPart[], Rules, ReceiveOptions, number, string, string]>([
    [
      'a file that is too large',
      [photo('12345')],
      { photo: { maxSize: 4 } },
      {},
      413,
      'FILE_TOO_LARGE',
      '"a.txt" is larger than 4 bytes',
    ],
    [
      'a file of the wrong type',
      [photo('hello')],
      { photo: { validators: [allowTypes('image/png')] } },
      {},
      415,
      'FILE_REFUSED',
      'Expected "a.txt" to be image/png, got text/plain',
    ],
    [
      'a file in a field that is for none',
      [photo('hello'), { name: 'x', filename: 'x', content: 'x' }],
      { photo: {} },
      {},
      415,
      'FILE_REFUSED',
      'Expected files in photo, got one in "x"',
    ],
    [
      'a file in a field of every object',
      [{ name: '__proto__', filename: 'x', content: 'x' }],
      { photo: {} },
      {},
      415,
      'FILE_REFUSED',
      'Expected files in photo, got one in "__proto__"',
    ],
    [
      'a second file',
      [photo('a'), photo('b')],
      { photo: {} },
      {},
      413,
      'TOO_MANY_PARTS',
      'The form has more than 1 files in "photo". Send fewer, or raise maxFiles',
    ],
    [
      'too many fields',
      [photo('a'), { name: 'a', content: '' }, { name: 'b', content: '' }],
      { photo: {} },
      { maxFields: 1 },
      413,
      'TOO_MANY_PARTS',
      'The form has more than 1 fields. Send fewer, or raise maxFields',
    ],
    [
      'a text that is too long',
      [photo('a'), { name: 'a', content: '12345' }],
      { photo: {} },
      { maxFieldSize: 4 },
      413,
      'TOO_MANY_PARTS',
      'The field "a" is larger than 4 bytes. Send less text, or raise maxFieldSize',
    ],
  ])('for %s leaves nothing behind', async (_title, parts, rules, options, status, code, message) => {
    const { answer, stored, form } = await send(parts, rules, options)

    expect(answer).toEqual({ status, json: { code, message } })
    expect(stored).toEqual({})
    expect(form).toBeUndefined()
  })

  it('is refused while it arrives: a file without end is read to its limit only', async () => {
    let taken = 0
    const endless = function* () {
      yield multipart([photo('')]).subarray(0, -'\r\n------filedepot--\r\n'.length)
      for (;;) {
        taken++
        yield Buffer.alloc(64 * 1024)
      }
    }
    const body = Readable.toWeb(Readable.from(endless())) as never
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body,
      duplex: 'half',
    } as RequestInit)
    const depot = memoryDepot()

    await expect(receiveFiles(request, { photo: { maxSize: 1_000_000 } }, { depot })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    })

    expect(taken).toBeLessThan(100)
    expect(await storedIn(depot)).toEqual({})
  })

  it('gets its answer although the client is still sending', async () => {
    const large = Buffer.alloc(8_000_000)
    const { answer, stored } = await send([photo(large)], { photo: { maxSize: 10 } })

    expect(answer).toMatchObject({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    expect(stored).toEqual({})
  })

  it('has the rest of it thrown away, so that a client that sends first gets to reading', async () => {
    const depot = memoryDepot()
    receive = async (request) => {
      const outcome = await receiveFiles(request, { photo: { maxSize: 10 } }, { depot }).catch(
        (error: unknown) => (error as { code: string }).code,
      )
      if (!request.readableEnded) await once(request, 'end')
      return outcome
    }

    expect((await post(server, multipart([photo(Buffer.alloc(8_000_000))]))).json).toBe('FILE_TOO_LARGE')
  })

  it.each([
    [
      'JSON',
      Buffer.from('{}'),
      'application/json',
      /Expected a request of the type multipart\/form-data, got application\/json/,
    ],
    [
      'a form without a boundary',
      multipart([photo('a')]),
      'multipart/form-data',
      /with a boundary, got none/,
    ],
    [
      'a form that ends too early',
      multipart([photo('a')]).subarray(0, -10),
      FORM_TYPE,
      /Cannot read the form/,
    ],
    ['no form at all', Buffer.from('hello'), FORM_TYPE, /Cannot read the form/],
  ])('for being %s', async (_title, body, type, message) => {
    const { answer, stored } = await send(body, { photo: {} }, { type })

    expect(answer).toEqual({
      status: 400,
      json: { code: 'MALFORMED_UPLOAD', message: expect.stringMatching(message) },
    })
    expect(stored).toEqual({})
  })

  it('for having been read by somebody else', async () => {
    const request = new Request('http://localhost/', { method: 'POST', body: new FormData() })
    await request.formData()

    await expect(receiveFiles(request, { photo: {} })).rejects.toMatchObject({
      code: 'MALFORMED_UPLOAD',
      message: expect.stringContaining('a second time') as unknown,
    })
  })

  it('leaves nothing behind where the client hangs up', async () => {
    const depot = memoryDepot()
    const failed = new Promise<unknown>((resolve) => {
      receive = async (request) => {
        await receiveFiles(request, { photo: { maxFiles: 2 } }, { depot }).catch(resolve)
      }
    })
    breakOff(server, multipart([photo('hello'), photo(Buffer.alloc(200_000), 'b')]).subarray(0, -100))

    expect(await failed).toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await storedIn(depot)).toEqual({})
  })

  it('leaves nothing behind where a storage fails', async () => {
    const chaos = new ChaosBackend(new MemoryBackend())
    chaos.fail('write', { from: 2 })
    const depot = new DepotManager()
    depot.configure('default', chaos)

    const { answer, stored } = await send(
      [photo('a'), photo('b', 'b')],
      { photo: { maxFiles: 2 } },
      { depot },
    )

    expect(answer).toMatchObject({ status: 500, json: { code: 'WRITE_FAILED' } })
    expect(stored).toEqual({})
  })

  it('leaves nothing behind where it is aborted', async () => {
    const depot = memoryDepot()
    const controller = new AbortController()
    depot.on('uploaded', () => {
      controller.abort(new Error('enough'))
    })
    const { answer, stored } = await send(
      [photo('a'), photo(Buffer.alloc(300_000), 'b')],
      { photo: { maxFiles: 2 } },
      { depot, signal: controller.signal },
    )

    expect(answer).toMatchObject({ status: 500, json: { code: 'ABORTED' } })
    expect(stored).toEqual({})
  })
})

describe('discarding', () => {
  it('deletes what no row has taken', async () => {
    const { depot, form } = await send([photo('a'), photo('b', 'b.txt')], { photo: { maxFiles: 2 } })
    const [first, second] = form!.files()
    const transaction = new FileTransaction(depot)
    transaction.adopt(second!)
    await transaction.settle('committed')

    await form!.discard()

    expect(await storedIn(depot)).toEqual({ 'b.txt': 'b' })
    expect([isRevoked(first!), isRevoked(second!)]).toEqual([true, false])
  })

  it('is what `await using` does', async () => {
    const { depot, form } = await send([photo('a')])

    await (async () => {
      await using held = form!
      expect(held.files()).toHaveLength(1)
    })()

    expect(await storedIn(depot)).toEqual({})
  })
})

describe('httpStatus', () => {
  it.each([
    ['FILE_TOO_LARGE', 413],
    ['TOO_MANY_PIXELS', 413],
    ['FILE_REFUSED', 415],
    ['NOT_AN_IMAGE', 415],
    ['UNSUPPORTED_FORMAT', 415],
  ] as const)('of %s is %i', (code, status) => {
    expect(httpStatus(new FiledepotError(code, 'x'))).toBe(status)
  })

  it('is 500 for all that is not the doing of a client', () => {
    expect(httpStatus(new Error('x'))).toBe(500)
    expect(httpStatus(undefined)).toBe(500)
  })
})
