import { MemoryBackend } from '@filedepot/core'
import { cleanFilename } from '@filedepot/core/backend'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'content-disposition'
import fc from 'fast-check'
import { Readable } from 'node:stream'
import { createFileHandler, UrlSigner, type FileHandlerOptions } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { CountingBackend, depotWith, ForeignBackend } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

const started = runningServers()
const HELLO = Buffer.from('hello')

/** What is answered of a file of which its storage says this. */
async function headersOf(
  said: {
    filename?: string
    contentType?: string
    etag?: string
    sha256?: undefined
    lastModified?: Date
  },
  options: Partial<FileHandlerOptions> = {},
) {
  const { depot, path } = await depotWith(HELLO, { backend: new ForeignBackend(said) })
  const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true, ...options })))
  const { status, headers } = await ask(server, path)
  expect(status).toBe(200)
  return headers
}

describe('the disposition', () => {
  it.each([
    'image/png',
    'image/jpeg',
    'image/gif',
    'image/webp',
    'image/avif',
    'video/mp4',
    'audio/mpeg',
    'text/plain',
    'TEXT/PLAIN; charset=utf-8',
  ])('of %s is inline', async (contentType) => {
    expect((await headersOf({ contentType }))['content-disposition']).toMatch(/^inline/)
  })

  it.each([
    'text/html',
    'Text/HTML; charset=utf-8',
    'application/xhtml+xml',
    'image/svg+xml',
    'text/xml',
    'application/xml',
    'application/pdf',
    'text/javascript',
    'text/css',
    'text/markdown',
    'application/octet-stream',
    'multipart/x-mixed-replace',
    'image/png,text/html',
    'image',
    '',
  ])('of %p is attachment', async (contentType) => {
    const headers = await headersOf({ contentType })

    expect(headers['content-disposition']).toMatch(/^attachment/)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
    })
  })

  it('is that of the file and of its URL, whatever was asked before', async () => {
    const { depot, files } = await depotWith(HELLO)
    const signer = new UrlSigner(depot, { keys: ['k'.repeat(32)] })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true, signer })))
    const FILES = [
      ['one', 'image/png'],
      ['one', 'image/jpeg'],
      ['one', 'text/html'],
      ['two', 'image/png'],
    ] as const

    const seen = []
    for (const [filename, contentType] of [...FILES, ...FILES]) {
      const path = files.path(await files.create(HELLO, { filename, contentType }))
      for (const url of [depot.urlFor(path), signer.signUrl(path, { disposition: 'attachment' })]) {
        const { headers } = await ask(server, url)
        seen.push(`${headers['content-type']!} ${headers['content-disposition']!}`)
      }
    }

    const wanted = [
      ['image/png inline; filename=one', 'image/png attachment; filename=one'],
      ['image/jpeg inline; filename=one', 'image/jpeg attachment; filename=one'],
      [
        'text/html; charset=utf-8 attachment; filename=one',
        'text/html; charset=utf-8 attachment; filename=one',
      ],
      ['image/png inline; filename=two', 'image/png attachment; filename=two'],
    ].flat()
    expect(seen).toEqual([...wanted, ...wanted])
  })

  it('can be allowed for more types', async () => {
    const options = {
      inlineTypes: ['application/pdf', 'image/*'],
      contentSecurityPolicy: "default-src 'none'",
    }

    expect(await headersOf({ contentType: 'application/pdf' }, options)).toMatchObject({
      'content-disposition': 'inline; filename=hello.txt',
      'content-security-policy': "default-src 'none'",
    })
    expect((await headersOf({ contentType: 'image/tiff' }, options))['content-disposition']).toMatch(
      /^inline/,
    )
    expect((await headersOf({ contentType: 'text/plain' }, options))['content-disposition']).toMatch(
      /^attachment/,
    )
  })

  it.each([
    ['Крупный.pdf', 'Krupnyy.pdf'],
    ['àèìòù.pdf', 'aeiou.pdf'],
    ['Übersicht.txt', 'Ubersicht.txt'],
    ['日本.png', 'Ri Ben.png'],
    ['½ "x".txt', '1_2 _x_.txt'],
    ['\u2024\u2024', 'unnamed'],
    ['\u200b\u00ad', 'unnamed'],
  ])('names %s in ASCII for clients that know nothing else', async (filename, ascii) => {
    const { 'content-disposition': disposition } = await headersOf({ filename })

    expect(disposition).toMatch(/; filename\*=UTF-8''/)
    expect(/; filename="?([^";]*)/.exec(disposition!)?.[1]).toBe(ascii)
  })

  it('carries any name so that it is read back, and never anything else', async () => {
    let name = ''
    class Named extends ForeignBackend {
      constructor() {
        super({
          get filename() {
            return name
          },
        })
      }
    }
    const { depot, path } = await depotWith(HELLO, { backend: new Named() })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 60 }), async (filename) => {
        name = filename
        const { status, headers } = await ask(server, path)

        expect(status).toBe(200)
        expect(parse(headers['content-disposition']!)).toEqual({
          type: 'inline',
          parameters: expect.objectContaining({ filename: cleanFilename(filename) }) as unknown,
        })
      }),
      {
        numRuns: 150,
        examples: [
          ['a"; filename="b.exe'],
          ['a\r\nSet-Cookie: a=b'],
          ['a\\"b.png'],
          ['100%.png'],
          ['%41.png'],
          ["it's*.png"],
          ['../../etc/passwd'],
          ['\u202egnp.exe'],
          ['😀 näme.png'],
          ['x; y=z.png'],
          [' '],
        ],
      },
    )
  })
})

describe('a header', () => {
  it('is not split by what a storage says of a file', async () => {
    const headers = await headersOf({
      filename: 'a\r\nX-Evil: 1\r\n\r\n<script>',
      contentType: 'text/plain\r\nX-Evil: 1',
      etag: 'a"\r\nX-Evil: 1',
      sha256: undefined,
    })

    expect(headers).toMatchObject({
      'content-disposition': expect.not.stringMatching(/[\r\n]/) as unknown,
      'content-type': 'application/octet-stream',
      etag: '"aX-Evil:1"',
    })
    expect(headers).not.toHaveProperty('x-evil')
  })
})

describe('the type', () => {
  it.each([
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/csv', 'text/csv; charset=utf-8'],
    ['text/plain; charset=iso-8859-1', 'text/plain; charset=iso-8859-1'],
    ['image/png', 'image/png'],
    ['application/json', 'application/json'],
    ['image/svg+xml', 'image/svg+xml'],
    // What another page could load as its own script or style.
    ['text/javascript', 'application/octet-stream'],
    ['application/javascript; charset=utf-8', 'application/octet-stream'],
    ['application/x-javascript', 'application/octet-stream'],
    ['text/ecmascript', 'application/octet-stream'],
    ['text/css', 'application/octet-stream'],
    ['application/wasm', 'application/octet-stream'],
    // What is none.
    ['', 'application/octet-stream'],
    ['text', 'application/octet-stream'],
    ['text/html, image/png', 'application/octet-stream'],
    ['text/plain; a=b, text/html', 'text/plain; charset=utf-8'],
    ['text/plain; a=", text/html"', 'text/plain; charset=utf-8'],
    ['image/png; a=b, text/html', 'image/png'],
  ])('%p is sent as %p', async (contentType, expected) => {
    expect((await headersOf({ contentType }))['content-type']).toBe(expected)
  })
})

describe('the charset', () => {
  const latin1 = Buffer.from('Grüße', 'latin1')
  const long = '€'.repeat(50_000)

  it.each([
    ['of UTF-8 is UTF-8', Buffer.from('Grüße'), 'text/plain; charset=utf-8'],
    ['of ASCII is UTF-8', Buffer.from('hello'), 'text/plain; charset=utf-8'],
    ['of a long text may be cut', Buffer.from(`a${long}`), 'text/plain; charset=utf-8'],
    ['of a long text may be cut later', Buffer.from(`ab${long}`), 'text/plain; charset=utf-8'],
    ['is what a mark says', Buffer.from('\ufeffGrüße', 'utf16le'), 'text/plain; charset=utf-16le'],
    [
      'is what another mark says',
      Buffer.from('\ufeffGrüße', 'utf16le').swap16(),
      'text/plain; charset=utf-16be',
    ],
    ['of Latin-1 is not said', latin1, 'text/plain'],
    ['of a text with half a character at its end is not said', Buffer.from('€').subarray(0, 2), 'text/plain'],
    ['of nothing is UTF-8', Buffer.alloc(0), 'text/plain; charset=utf-8'],
  ])('%s', async (_, content, type) => {
    const { depot, path } = await depotWith(content)
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    for (const options of [{}, { method: 'HEAD' }, {}])
      expect((await ask(server, path, options)).headers['content-type']).toBe(type)
  })

  it('is that of the program, if it says one', async () => {
    const { depot, path } = await depotWith(latin1, { contentType: 'text/csv; charset=iso-8859-1' })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    expect((await ask(server, path)).headers['content-type']).toBe('text/csv; charset=iso-8859-1')
  })

  it('is found without reading on, if a storage sends more than it was asked for', async () => {
    class EndlessBackend extends MemoryBackend {
      override read(): Promise<Readable> {
        const hello = function* () {
          for (;;) yield Buffer.from('hello')
        }
        return Promise.resolve(Readable.from(hello()))
      }
    }
    const { depot, path } = await depotWith(Buffer.from('hello'), { backend: new EndlessBackend() })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    const { headers } = await ask(server, path, { method: 'HEAD' })

    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('costs one look at a file, and none at a picture', async () => {
    const backend = new CountingBackend()
    const { depot, files, path } = await depotWith(latin1, { backend })
    const picture = files.path(await files.create(latin1, { contentType: 'image/png' }))
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    const reads = []
    for (const one of [path, path, picture]) {
      backend.calls.length = 0
      await ask(server, one, { method: 'HEAD' })
      reads.push(backend.calls.filter((call) => call === 'read').length)
    }

    expect(reads).toEqual([1, 0, 0])
  })
})

describe('the path', () => {
  it('leads nowhere else', async () => {
    const { depot, id } = await depotWith(HELLO)
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    for (const path of [
      '/depot/../../etc/passwd',
      '/depot/default/../../../etc/passwd',
      '/depot/default/..%2f..%2f..%2fetc%2fpasswd',
      '/depot/default/..%5c..%5cetc',
      `/depot/default/${id}%00`,
      `/depot/default/${id}.json`,
      `/depot/default/${id}%2f..%2f${id}`,
      '/depot/default/%',
      '/depot/default/%e0%a4%a',
      '/depot/%2e%2e/default',
      '/depot/__proto__/constructor',
      '/depot/default/{}',
      '/depot/default/[object Object]'.replace(' ', '%20'),
    ]) {
      expect({ path, status: (await ask(server, path)).status }).toEqual({ path, status: 404 })
    }
    expect((await ask(server, `/depot/%64efault/${id.toUpperCase()}`)).status).toBe(200)
  })
})

describe('the time of the last change', () => {
  it('is that of each file, in whole seconds', async () => {
    const times = ['2026-01-01T12:00:00.900Z', '2026-01-02T12:00:00Z', '2026-01-01T12:00:00.900Z']

    const seen = []
    for (const time of times) {
      seen.push((await headersOf({ lastModified: new Date(time) }))['last-modified'])
    }

    const [first, second] = ['Thu, 01 Jan 2026 12:00:00 GMT', 'Fri, 02 Jan 2026 12:00:00 GMT']
    expect(seen).toEqual([first, second, first])
  })
})
