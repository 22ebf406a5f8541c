import { MemoryBackend, UploadedFile, type SignedUrlOptions } from '@filedepot/core'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { createFileHandler, UrlSigner, type FileHandlerOptions } from '../../src/index.ts'
import type { Grant } from '../../src/serve/access.ts'
import { Redirects } from '../../src/serve/redirects.ts'
import { CountingBackend, depotWith } from '../support/depots.ts'

const HELLO = Buffer.from('hello')

/** Signs URLs, and says how often. */
class SigningBackend extends CountingBackend {
  signedUrl(id: string, { expiresIn, disposition, filename }: SignedUrlOptions): Promise<string> {
    this.calls.push('sign')
    const name = filename === undefined ? '' : `&filename=${filename}`
    return Promise.resolve(
      `https://s3.example.com/${id}?expires=${expiresIn!}&disposition=${disposition!}${name}`,
    )
  }
}

afterEach(() => {
  jest.restoreAllMocks()
})

async function setUp(
  options: Partial<FileHandlerOptions> = {},
  backend: MemoryBackend = new SigningBackend(),
) {
  const made = await depotWith(HELLO, { backend })
  if (!options.authorize && !options.signer) options = { public: true, ...options }
  const handler = createFileHandler(made.depot, options)
  const get = async (url: string, init?: RequestInit) => {
    const response = await handler(new Request(new URL(url, 'http://localhost'), init))
    return {
      status: response?.status,
      location: response?.headers.get('location'),
      cache: response?.headers.get('cache-control'),
      body: await response?.text(),
    }
  }
  return { ...made, get, calls: backend instanceof CountingBackend ? backend.calls : [] }
}

describe('a storage that signs URLs', () => {
  it('is where clients are sent, for a while', async () => {
    const { get, path, id } = await setUp()

    expect(await get(path)).toEqual({
      status: 302,
      location: `https://s3.example.com/${id}?expires=300&disposition=inline`,
      cache: 'private, max-age=150',
      body: '',
    })
  })

  it('is asked once for all who come within half of the life of a URL', async () => {
    const { get, path, calls } = await setUp({ redirectExpiresIn: 60 })
    const start = Date.now()
    const now = jest.spyOn(Date, 'now').mockReturnValue(start)

    const first = await get(path)
    now.mockReturnValue(start + 29_000)
    const second = await get(path)
    const asked = [...calls]
    now.mockReturnValue(start + 31_000)
    await get(path)

    expect(second).toEqual({ ...first, cache: 'private, max-age=15' })
    expect(asked).toEqual(['stat', 'sign'])
    expect(calls).toEqual(['stat', 'sign', 'stat', 'sign'])
  })

  it('is told to have what could hold a script saved', async () => {
    const { get, files, id: text } = await setUp()
    const page = await files.create(HELLO, { filename: 'x.html', contentType: 'text/html' })

    expect((await get(`/depot/default/${page}`)).location).toContain('disposition=attachment')
    expect((await get(`/depot/default/${text}`)).location).toContain('disposition=inline')
  })

  it('is not where a HEAD goes: a signed URL is for reading', async () => {
    const { get, path, calls } = await setUp()

    expect(await get(path, { method: 'HEAD' })).toMatchObject({ status: 200, location: null })
    // The look at the start of a text, for its charset.
    expect(calls).toEqual(['stat', 'read'])
  })

  it('is not asked to sign what is not there', async () => {
    const { get, calls } = await setUp()

    expect(await get('/depot/default/01890a5d-ac96-774b-bcce-b302099a8057')).toMatchObject({ status: 404 })
    expect(calls).toEqual(['stat'])
  })

  it('is not where clients are sent where the bytes are to come from here', async () => {
    const { get, path, calls } = await setUp({ delivery: 'proxy' })

    expect(await get(path)).toMatchObject({ status: 200, body: 'hello' })
    // The first is the look at the start of a text, for its charset.
    expect(calls).toEqual(['stat', 'read', 'read'])
  })

  it('is reached only by whom authorize lets through, who asks again each time', async () => {
    let allowed = true
    const { get, path } = await setUp({ authorize: () => allowed })

    expect(await get(path)).toMatchObject({ status: 302, cache: 'private, no-cache' })
    allowed = false
    expect(await get(path)).toMatchObject({ status: 403, location: null })
  })

  it('whose ids may have spaces gives each file its own URL, whatever it is called', async () => {
    const backend = Object.assign(new SigningBackend(), { parseId: (id: string) => id })
    const { depot } = await depotWith(HELLO, { backend })
    const redirects = new Redirects(300)
    const made = { disposition: 'inline', contentType: 'text/plain' } as const
    const grantOf = (filename: string): Grant => ({
      by: 'authorize',
      wish: undefined,
      filename,
      remaining: Infinity,
    })

    const first = await redirects.make(depot.get(), 'a', grantOf('b c'), made)

    expect(redirects.remembered(depot.get(), 'a', grantOf('b c'))?.url).toBe(first?.url)
    expect(redirects.remembered(depot.get(), 'a b', grantOf('c'))).toBeUndefined()
  })

  it('is told the name of the value that authorize answers with, also after another one', async () => {
    let value: UploadedFile | undefined
    const { depot, get } = await setUp({ authorize: () => value ?? false })
    const file = await depot.upload(UploadedFile.from(HELLO, { filename: 'old.txt' }))

    for (const filename of ['a.txt', 'b.txt', 'a.txt']) {
      value = file.with({ filename })
      expect((await get(file.url)).location).toMatch(new RegExp(`&filename=${filename}$`))
    }
  })

  it('signs for no longer than the signature that it stands for, and as that says', async () => {
    const { depot, files, id } = await setUp()
    const signer = new UrlSigner(depot, { keys: ['k'.repeat(32)] })
    const handler = createFileHandler(depot, { signer })
    jest.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000)
    const get = async (options: SignedUrlOptions) => {
      const url = signer.signUrl(files.path(id), options)
      const { headers } = (await handler(new Request(`http://localhost${url}`)))!
      return [headers.get('location'), headers.get('cache-control')]
    }
    const location = (query: string) => `https://s3.example.com/${id}?${query}`

    expect(await get({ expiresIn: 10, disposition: 'attachment' })).toEqual([
      location('expires=10&disposition=attachment'),
      'private, max-age=5',
    ])
    expect(await get({ expiresIn: 3600, disposition: 'attachment' })).toEqual([
      location('expires=300&disposition=attachment'),
      'private, max-age=150',
    ])
    expect(await get({ expiresIn: 3600 })).toEqual([
      location('expires=300&disposition=inline'),
      'private, max-age=150',
    ])
    // Also where a longer one is known already.
    expect(await get({ expiresIn: 20, disposition: 'attachment' })).toEqual([
      location('expires=20&disposition=attachment'),
      'private, max-age=10',
    ])
  })
})

describe('a storage with public URLs', () => {
  class PublicBackend extends MemoryBackend {
    publicUrl(id: string): string {
      return `https://cdn.example.com/${id}`
    }
  }

  it('is where clients are sent, with a HEAD, too', async () => {
    const { get, path, id } = await setUp({}, new PublicBackend())
    const expected = { status: 302, location: `https://cdn.example.com/${id}`, cache: 'public, max-age=300' }

    expect(await get(path)).toMatchObject(expected)
    expect(await get(path, { method: 'HEAD' })).toMatchObject(expected)
  })

  it('is not where they are sent who are to save the file, as a public URL cannot say it', async () => {
    const { depot, files, id } = await setUp({}, new PublicBackend())
    const signer = new UrlSigner(depot, { keys: ['k'.repeat(32)] })
    const url = signer.signUrl(files.path(id), { disposition: 'attachment' })

    const response = await createFileHandler(depot, { signer })(new Request(`http://localhost${url}`))

    expect(response?.status).toBe(200)
    expect(response?.headers.get('content-disposition')).toBe('attachment; filename=hello.txt')
    expect(await response?.text()).toBe('hello')
  })
})
