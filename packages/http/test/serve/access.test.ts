import type { DepotManager, FileContent, ProcessedFile, StoreFile, UploadedFile } from '@filedepot/core'
import { UploadedFile as Upload } from '@filedepot/core'
import { bindManager, readRowValue } from '@filedepot/core/integration'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { createFileHandler, UrlSigner, type FileHandlerOptions, type Verdict } from '../../src/index.ts'
import { CountingBackend, depotWith } from '../support/depots.ts'

const HELLO = Buffer.from('hello')
const OLD_KEY = 'o'.repeat(32)
const NEW_KEY = 'n'.repeat(32)

afterEach(() => {
  jest.restoreAllMocks()
})

/** Lets time pass for the code under test. */
function later(seconds: number): void {
  const now = Date.now() + seconds * 1000
  jest.spyOn(Date, 'now').mockReturnValue(now)
}

function signerOf(depot: DepotManager, ...keys: string[]): UrlSigner {
  return new UrlSigner(depot, { keys })
}

/** What a handler with these options answers to a URL. */
async function answer(depot: DepotManager, url: string, options: FileHandlerOptions) {
  const response = await createFileHandler(depot, options)(new Request(new URL(url, 'http://localhost')))
  return {
    status: response?.status,
    body: await response?.text(),
    cache: response?.headers.get('cache-control'),
    disposition: response?.headers.get('content-disposition'),
  }
}

/** The last of the 43 characters of a signature has two bits that no byte is made of. */
function sameBytes(url: string): string {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return url.slice(0, -1) + characters.charAt(characters.indexOf(url.slice(-1)) + 1)
}

const FORBIDDEN = { status: 403, body: 'Forbidden', cache: 'no-store' }

describe('who may read files', () => {
  it('has to be said', async () => {
    const { depot } = await depotWith(HELLO)

    expect(() => createFileHandler(depot, {})).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message:
          'Expected options to say who may read files: public: true, authorize or signer, got none of them',
      }),
    )
    expect(() => createFileHandler(depot, { public: false })).toThrow(/who may read files/)
  })

  it('cannot be said in two ways', async () => {
    const { depot } = await depotWith(HELLO)

    expect(() => createFileHandler(depot, { public: true, authorize: () => true })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

describe('authorize', () => {
  it.each<[Verdict, object]>([
    [true, { status: 200, body: 'hello', cache: 'private, no-cache' }],
    [false, FORBIDDEN],
    [401, { status: 401, body: 'Unauthorized', cache: 'no-store' }],
    [403, FORBIDDEN],
    [404, { status: 404, body: 'Not Found', cache: 'no-store' }],
  ])('that answers %p', async (verdict, expected) => {
    const { depot, path } = await depotWith(HELLO)

    expect(await answer(depot, path, { authorize: () => verdict })).toMatchObject(expected)
    expect(await answer(depot, path, { authorize: () => Promise.resolve(verdict) })).toMatchObject(expected)
  })

  it('that answers with the value of a row has the file saved under the name in the row', async () => {
    const { depot } = await depotWith(HELLO)
    const file = await depot.upload(Upload.from(HELLO, { filename: 'old.txt' }))
    const value = file.with({ filename: 'new 1.txt' })
    const handler = createFileHandler(depot, { authorize: () => value })
    const get = async (headers: Record<string, string> = {}) =>
      (await handler(new Request(`http://localhost${file.url}`, { headers })))!

    const first = await get()
    expect([first.status, first.headers.get('content-disposition')]).toEqual([
      200,
      'inline; filename="new 1.txt"',
    ])
    // A browser that has the bytes already learns the name, too.
    const second = await get({ 'if-none-match': first.headers.get('etag')! })
    expect([second.status, second.headers.get('content-disposition')]).toEqual([
      304,
      'inline; filename="new 1.txt"',
    ])
  })

  it('that answers with the value of a row serves what was derived from its file, under its own name', async () => {
    class WithText extends Upload {
      override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
        const file = await store(content)
        await store(Buffer.from('text'), { filename: 'text.txt' })
        return { file }
      }
    }
    const { depot } = await depotWith(HELLO)
    const value = (await depot.upload(WithText.from(HELLO))).with({ filename: 'new.txt' })

    expect(await answer(depot, depot.urlFor(value.files[1]!), { authorize: () => value })).toMatchObject({
      body: 'text',
      disposition: 'inline; filename=text.txt',
    })
  })

  it.each<[string, (file: UploadedFile) => UploadedFile]>([
    ['of another file', (file) => file.with({})],
    ['that is pending', () => Upload.from(HELLO)],
    ['that somebody has sent as JSON', (file) => Upload.fromJSON(file.toJSON())],
    ['that cannot be read', () => readRowValue(Upload, 'none')],
  ])('that answers with a value %s opens nothing, and is reported', async (name, make) => {
    const { depot, path } = await depotWith(HELLO)
    const file = await depot.upload(Upload.from(HELLO))
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const url = name === 'of another file' ? path : file.url

    expect(await answer(depot, url, { authorize: () => make(file), onError })).toMatchObject(FORBIDDEN)
    expect(errors).toMatchObject([{ code: 'INVALID_VERDICT' }])
  })

  it('is asked with the request, the real path and the context, before the storage is', async () => {
    const backend = new CountingBackend()
    const { depot, files, id } = await depotWith(HELLO, { backend })
    depot.alias('uploads', 'default')
    const authorize = jest.fn<NonNullable<FileHandlerOptions<{ user: string }>['authorize']>>(() => false)
    const handler = createFileHandler<{ user: string }>(depot, { authorize })
    const request = new Request(`http://localhost/depot/uploads/${id}`, { headers: { cookie: 'a=b' } })

    const response = await handler(request, { user: 'ada' })

    expect(response?.status).toBe(403)
    expect(backend.calls).toEqual([])
    const [asked, file, context] = authorize.mock.calls[0]!
    expect(asked.headers.get('cookie')).toBe('a=b')
    expect(file).toMatchObject({ path: files.path(id), storage: 'default', id })
    expect(context).toEqual({ user: 'ada' })
  })

  it('may look at the file itself', async () => {
    const { depot, path } = await depotWith(HELLO)
    const authorize: FileHandlerOptions['authorize'] = async (_request, file) =>
      (await file.open()).contentType === 'image/png'

    expect(await answer(depot, path, { authorize })).toMatchObject(FORBIDDEN)
  })

  it('is asked about a range, a HEAD and a condition, too', async () => {
    const { depot, files, id, path } = await depotWith(HELLO)
    const handler = createFileHandler(depot, { authorize: () => false })
    const { sha256 } = await files.get(id)

    for (const [method, headers] of [
      ['HEAD', {}],
      ['GET', { range: 'bytes=0-1' }],
      ['GET', { 'if-none-match': `"${sha256!}"` }],
    ] as const) {
      const response = await handler(new Request(`http://localhost${path}`, { method, headers }))
      expect(response?.status).toBe(403)
      expect(response?.headers.get('etag')).toBeNull()
    }
  })

  it('that fails, fails the request', async () => {
    const { depot, path } = await depotWith(HELLO)
    const authorize = () => Promise.reject(new Error('no database'))

    await expect(answer(depot, path, { authorize })).rejects.toThrow('no database')
  })
})

describe('a signed URL', () => {
  it('lets anyone read the file until it expires', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const url = signer.signUrl(path.slice('/depot/'.length), { expiresIn: 60 })

    expect(url).toMatch(/^\/depot\/default\/[\w-]+\?expires=\d+&signature=[\w-]{43}$/)
    expect(await answer(depot, url, { signer })).toMatchObject({ status: 200, body: 'hello' })
    later(58)
    expect(await answer(depot, url, { signer })).toMatchObject({ status: 200 })
    later(61)
    expect(await answer(depot, url, { signer })).toMatchObject(FORBIDDEN)
  })

  it('is good for a quarter of an hour by default', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const url = signer.signUrl(path.slice('/depot/'.length))

    later(898)
    expect(await answer(depot, url, { signer })).toMatchObject({ status: 200 })
    later(901)
    expect(await answer(depot, url, { signer })).toMatchObject(FORBIDDEN)
  })

  it('may be kept by the browser alone, and not longer than it is good', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000)
    const url = signer.signUrl(path.slice('/depot/'.length), { expiresIn: 60 })

    expect((await answer(depot, url, { signer })).cache).toBe('private, max-age=60, immutable')
    expect((await answer(depot, url, { signer, maxAge: 10 })).cache).toBe('private, max-age=10, immutable')
  })

  it('is needed where nothing else is allowed', async () => {
    const { depot, path } = await depotWith(HELLO)

    expect(await answer(depot, path, { signer: signerOf(depot, NEW_KEY) })).toMatchObject(FORBIDDEN)
  })

  it('stands beside authorize, which is not asked about it', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const authorize = jest.fn(() => false)
    const url = signer.signUrl(path.slice('/depot/'.length))

    expect(await answer(depot, url, { signer, authorize })).toMatchObject({ status: 200 })
    expect(authorize).not.toHaveBeenCalled()
    expect(await answer(depot, path, { signer, authorize })).toMatchObject(FORBIDDEN)
  })

  it('that is not good is refused, also where everybody may read', async () => {
    const { depot, path } = await depotWith(HELLO)
    const options = { public: true, signer: signerOf(depot, NEW_KEY) }

    expect(await answer(depot, `${path}?expires=9999999999&signature=x`, options)).toMatchObject(FORBIDDEN)
    expect(await answer(depot, path, options)).toMatchObject({ status: 200 })
  })

  it('can be changed in no part', async () => {
    const { depot, files, path } = await depotWith(HELLO)
    const other = await files.create(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const url = signer.signUrl(path.slice('/depot/'.length), { disposition: 'attachment' })
    const [, expires = ''] = /expires=(\d+)/.exec(url) ?? []
    depot.alias('uploads', 'default')

    for (const changed of [
      url.replace(/signature=./, (start) => (start.endsWith('_') ? 'signature=-' : 'signature=_')),
      sameBytes(url),
      `${url}=`,
      `${url}%0A`,
      url.replace(/signature=.*/, 'signature='),
      url.replace(/.$/, ''),
      url.replace(expires, String(Number(expires) + 1)),
      url.replace(expires, `0${expires}`),
      url.replace(expires, `${expires}.0`),
      url.replace(expires, `%2B${expires}`),
      url.replace('disposition=attachment', 'disposition=inline'),
      url.replace('&disposition=attachment', ''),
      url.replace('disposition=attachment', 'disposition=x'),
      url.replace('/default/', '/uploads/'),
      url.replace(/[\w-]+\?/, `${other}?`),
      `${url}&expires=9999999999`,
      `${url}&disposition=inline`,
      url.replace('?', '?signature=x&'),
      url.replace('?', '%0A1?'),
    ]) {
      const { status, body } = await answer(depot, changed, { signer })
      expect({ changed, status: status === 404 ? 403 : status }).toEqual({ changed, status: 403 })
      expect(body).not.toContain('hello')
    }
    expect(await answer(depot, `${url}&utm_source=mail`, { signer })).toMatchObject({ status: 200 })
  })

  it('of one depot means nothing to another with other keys', async () => {
    const { depot, path } = await depotWith(HELLO)
    const url = signerOf(depot, OLD_KEY).signUrl(path.slice('/depot/'.length))

    expect(await answer(depot, url, { signer: signerOf(depot, NEW_KEY) })).toMatchObject(FORBIDDEN)
  })

  it('stays good while its key is still among the keys, of which the first one signs', async () => {
    const { depot, path } = await depotWith(HELLO)
    const file = path.slice('/depot/'.length)
    const before = signerOf(depot, OLD_KEY)
    const between = signerOf(depot, NEW_KEY, OLD_KEY)
    const after = signerOf(depot, NEW_KEY)

    const old = before.signUrl(file)
    const current = between.signUrl(file)

    expect(await answer(depot, old, { signer: between })).toMatchObject({ status: 200 })
    expect(await answer(depot, old, { signer: after })).toMatchObject(FORBIDDEN)
    expect(await answer(depot, current, { signer: after })).toMatchObject({ status: 200 })
    expect(await answer(depot, current, { signer: before })).toMatchObject(FORBIDDEN)
  })

  it('says how the file is shown, but shows nothing in the window that could hold a script', async () => {
    const { depot, files, path } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const page = await files.create(HELLO, { filename: 'x.html', contentType: 'text/html' })
    const dispositionOf = async (file: string, disposition: 'inline' | 'attachment') =>
      (await answer(depot, signer.signUrl(file, { disposition }), { signer })).disposition

    expect(await dispositionOf(path.slice('/depot/'.length), 'attachment')).toBe(
      'attachment; filename=hello.txt',
    )
    expect(await dispositionOf(path.slice('/depot/'.length), 'inline')).toBe('inline; filename=hello.txt')
    expect(await dispositionOf(files.path(page), 'inline')).toBe('attachment; filename=x.html')
  })

  it('is had from a value', async () => {
    const { depot } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    const file: UploadedFile = await depot.upload(Upload.from(HELLO, { filename: 'a.txt' }))

    expect(await answer(depot, signer.signUrl(file), { signer })).toMatchObject({
      status: 200,
      body: 'hello',
    })
    await expect(file.signedUrl()).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    depot.urlSigner = signer
    const url = await file.signedUrl({ expiresIn: 60, disposition: 'attachment' })
    expect(await answer(depot, url, { signer })).toMatchObject({
      status: 200,
      disposition: 'attachment; filename=a.txt',
    })
    expect(() => signer.signUrl(Upload.from(HELLO))).toThrow(
      expect.objectContaining({ code: 'PENDING_FILE' }),
    )
  })

  it('of a value says the name that the value has, or another one, and nobody can change it', async () => {
    const { depot } = await depotWith(HELLO)
    const signer = signerOf(depot, NEW_KEY)
    depot.urlSigner = signer
    const file = await depot.upload(Upload.from(HELLO, { filename: 'old.txt' }))
    const unverified = Upload.fromJSON(file.with({ filename: 'a.exe' }).toJSON())
    bindManager(unverified, depot)
    const renamed = file.with({ filename: 'grün & 1.txt' })
    const dispositionOf = async (url: string) => (await answer(depot, url, { signer })).disposition
    const name = `filename="grun & 1.txt"; filename*=UTF-8''gr%C3%BCn%20%26%201.txt`

    expect(await dispositionOf(await renamed.signedUrl())).toBe(`inline; ${name}`)
    expect(await dispositionOf(signer.signUrl(renamed))).toBe(`inline; ${name}`)
    expect(await dispositionOf(await file.signedUrl({ filename: '../a\nb.txt' }))).toBe(
      'inline; filename=ab.txt',
    )
    expect(await dispositionOf(await unverified.signedUrl())).toBe('inline; filename=old.txt')
    expect(await dispositionOf(signer.signUrl(file.path))).toBe('inline; filename=old.txt')

    const url = await file.signedUrl()
    const without = signer.signUrl(file.path)
    for (const forged of [
      url.replace('old.txt', 'old.exe'),
      url.replace('filename=old.txt&', ''),
      `${url}&filename=a.exe`,
      `${without}&filename=a.exe`,
    ]) {
      expect(await answer(depot, forged, { signer })).toMatchObject(FORBIDDEN)
    }
  })

  it('needs a key that cannot be guessed, and a time that can be', async () => {
    const { depot, path } = await depotWith(HELLO)

    expect(() => signerOf(depot)).toThrow('Expected keys to be secrets of at least 32 bytes, got none')
    expect(() => signerOf(depot, NEW_KEY, 'short')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'Expected keys to be secrets of at least 32 bytes, got one of 5',
      }),
    )
    for (const expiresIn of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => signerOf(depot, NEW_KEY).signUrl(path, { expiresIn })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
  })

  it('is as good with a key of bytes', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = new UrlSigner(depot, { keys: [Buffer.from(NEW_KEY)] })
    const url = signerOf(depot, NEW_KEY).signUrl(path.slice('/depot/'.length))

    expect(await answer(depot, url, { signer })).toMatchObject({ status: 200 })
  })
})

describe('the options', () => {
  it.each<[Partial<FileHandlerOptions>, string]>([
    [{ maxAge: -1 }, 'Expected maxAge to be a whole number of seconds from 0 up, got -1'],
    [{ maxAge: 1.5 }, 'Expected maxAge to be a whole number of seconds from 0 up, got 1.5'],
    [{ redirectExpiresIn: 0 }, 'Expected redirectExpiresIn to be a whole number of seconds from 1 up, got 0'],
    [{ delivery: 'send' as never }, 'Expected delivery to be "redirect" or "proxy", got send'],
    [{ mountPath: '/a?b' }, 'Expected mountPath to be a path that starts with a slash, got /a?b'],
  ])('%p are refused', async (options, message) => {
    const { depot } = await depotWith(HELLO)

    expect(() => createFileHandler(depot, { public: true, ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    )
  })

  it('say how long files are kept', async () => {
    const { depot, path } = await depotWith(HELLO)
    const cacheOf = async (options: Partial<FileHandlerOptions>) =>
      (await answer(depot, path, { public: true, ...options })).cache

    expect(await cacheOf({ maxAge: 60 })).toBe('public, max-age=60, immutable')
    expect(await cacheOf({ immutable: false })).toBe('public, max-age=604800')
  })

  it('may have a mount path with a slash at its end, or the root', async () => {
    const { depot, id } = await depotWith(HELLO)
    const statusOf = async (mountPath: string, url: string) =>
      (await answer(depot, url, { public: true, mountPath })).status

    expect(await statusOf('/files/', `/files/default/${id}`)).toBe(200)
    expect(await statusOf('/', `/default/${id}`)).toBe(200)
  })
})
