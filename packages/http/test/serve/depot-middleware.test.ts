import { MemoryBackend } from '@filedepot/core'
import { describe, expect, it } from '@jest/globals'
import { createServer } from 'node:http'
import { createFileHandler, toNodeHandler, type FileHandlerOptions } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

// The counterparts of the cases of Python's DEPOT, test_wsgi_middleware.py, under their names.

const started = runningServers()
const HELLO = Buffer.from('hello')

async function served(options: Partial<FileHandlerOptions> = {}, backend = new MemoryBackend()) {
  const made = await depotWith(HELLO, { backend })
  const handler = createFileHandler(made.depot, { public: true, ...options })
  return { ...made, handler, server: await started(SERVERS['node:http']!(handler)) }
}

const APPLICATION = { status: 200, body: Buffer.from('the application') }
const NOT_FOUND = { status: 404, body: Buffer.from('Not Found') }

describe('the middleware of DEPOT', () => {
  it('invalid_mountpoint: refuses a mount path that does not start with a slash', async () => {
    const { depot } = await depotWith(HELLO)

    expect(() => createFileHandler(depot, { public: true, mountPath: 'hello' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'Expected mountPath to be a path that starts with a slash, got hello',
      }),
    )
  })

  it('subdirectory_mountpoint: may stand deeper', async () => {
    const { server, id, path } = await served({ mountPath: '/hello/lfs' })

    expect(await ask(server, `/hello/lfs/default/${id}`)).toMatchObject({ status: 200, body: HELLO })
    expect(await ask(server, path)).toMatchObject(APPLICATION)
  })

  it('serving_files: sends the body', async () => {
    const { server, path } = await served()

    expect(await ask(server, path)).toMatchObject({ status: 200, body: HELLO })
  })

  it('headers_are_there: Content-Type, ETag, Last-Modified, and how long to keep it', async () => {
    const { server, path, files, id } = await served()
    const { sha256, lastModified } = await files.get(id)

    const { headers } = await ask(server, path)

    expect(headers).toMatchObject({
      'accept-ranges': 'bytes',
      // DEPOT said the same in Expires, which whoever knows max-age ignores.
      'cache-control': 'public, max-age=604800, immutable',
      'content-disposition': 'inline; filename=hello.txt',
      'content-length': '5',
      'content-type': 'text/plain; charset=utf-8',
      etag: `"${sha256!}"`,
      'last-modified': lastModified.toUTCString(),
      'x-content-type-options': 'nosniff',
    })
  })

  it('caching_unmodified: 304 by date', async () => {
    const { server, path } = await served()
    const first = await ask(server, path)

    const second = await ask(server, path, {
      headers: { 'if-modified-since': first.headers['last-modified']! },
    })

    expect(second).toMatchObject({ status: 304, body: Buffer.alloc(0) })
    expect(second.headers['last-modified']).toBe(first.headers['last-modified'])
  })

  it('caching_etag: 304 by ETag', async () => {
    const { server, path } = await served()
    const { headers } = await ask(server, path)

    const second = await ask(server, path, { headers: { 'if-none-match': headers.etag! } })

    expect(second).toMatchObject({ status: 304, body: Buffer.alloc(0), headers: { etag: headers.etag } })
  })

  it('post_is_forwarded_to_app: as is every method but GET and HEAD', async () => {
    const { server, path } = await served()

    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect(await ask(server, path, { method })).toMatchObject(APPLICATION)
    }
  })

  it('forwards_to_app: a path elsewhere', async () => {
    const { server } = await served()

    expect(await ask(server, '/')).toMatchObject(APPLICATION)
    expect(await ask(server, '/other/default/x')).toMatchObject(APPLICATION)
  })

  it('forwards_to_app_begins_with_endpoint: the mount path ends where a part of the path ends', async () => {
    const { server, id } = await served()

    expect(await ask(server, '/depotskipped')).toMatchObject(APPLICATION)
    expect(await ask(server, `/depotskipped/default/${id}`)).toMatchObject(APPLICATION)
  })

  it('404_on_nofile: a path that names no file', async () => {
    const { server } = await served()

    for (const path of ['/depot', '/depot/', '/depot?x=1']) {
      expect(await ask(server, path)).toMatchObject(NOT_FOUND)
    }
  })

  it('404_on_missing_file: no such file, a bad id, a short path, an unknown storage', async () => {
    const { server, id } = await served()

    for (const path of [
      '/depot/default/01890a5d-ac96-774b-bcce-b302099a8057',
      '/depot/default/hello',
      '/depot/default',
      '/depot/default/',
      `/depot/elsewhere/${id}`,
      `/depot/${id}`,
    ]) {
      expect(await ask(server, path)).toMatchObject(NOT_FOUND)
    }
  })

  it('invalid_unmodified_header: a malformed date is ignored, as RFC 9110 says, where DEPOT answered 400', async () => {
    const { server, path } = await served()

    for (const date of ['hello', '2999', '', '0']) {
      expect(await ask(server, path, { headers: { 'if-modified-since': date } })).toMatchObject({
        status: 200,
        body: HELLO,
      })
    }
  })

  it('parse_date_returns_naive_utc_time: a date with an offset is a moment like any other', async () => {
    const { server, path } = await served()
    const since = (date: string) => ask(server, path, { headers: { 'if-modified-since': date } })

    expect(await since('Wed, 01 Jan 2200 00:00:00 +0200')).toMatchObject({ status: 304 })
    expect(await since('Wed, 01 Jan 2014 00:00:00 +0200')).toMatchObject({ status: 200 })
  })

  it('serving_files_with_wsgifilewrapper, wsgi_file_wrapper_is_an_iterator: a large file is read block by block', async () => {
    const { server, files } = await served()
    const large = Buffer.alloc(3_000_000, 'block ')
    const id = await files.create(large)

    const { status, body } = await ask(server, `/depot/default/${id}`)

    expect(status).toBe(200)
    expect(body.equals(large)).toBe(true)
  })

  it('serving_files_content_disposition: names in any script', async () => {
    const { server, files } = await served()
    const dispositionOf = async (filename: string) => {
      const id = await files.create(HELLO, { filename, contentType: 'image/png' })
      return (await ask(server, `/depot/default/${id}`)).headers['content-disposition']
    }

    expect(await dispositionOf('Крупный.png')).toBe(
      `inline; filename=Krupnyy.png; filename*=UTF-8''%D0%9A%D1%80%D1%83%D0%BF%D0%BD%D1%8B%D0%B9.png`,
    )
    expect(await dispositionOf('àèìòù.png')).toBe(
      `inline; filename=aeiou.png; filename*=UTF-8''%C3%A0%C3%A8%C3%AC%C3%B2%C3%B9.png`,
    )
  })

  it('public_url_gets_redirect: to the storage, for now and not for ever', async () => {
    class PublicBackend extends MemoryBackend {
      publicUrl(id: string) {
        return `https://cdn.example.com/${id}`
      }
    }
    const { server, path, id } = await served({}, new PublicBackend())

    expect(await ask(server, path)).toMatchObject({
      status: 302,
      headers: { location: `https://cdn.example.com/${id}`, 'cache-control': 'public, max-age=300' },
      body: Buffer.alloc(0),
    })
  })

  it('serves by the name of an alias', async () => {
    const { server, depot, id } = await served()
    depot.alias('uploads', 'default')

    expect(await ask(server, `/depot/uploads/${id}`)).toMatchObject({ status: 200, body: HELLO })
  })

  it('url_for: URLs of values lead to the handler, wherever the depot says that it is', async () => {
    const { depot, files, id } = await depotWith(HELLO)
    depot.baseUrl = 'https://files.example.com/hello/lfs'
    const handler = createFileHandler(depot, { public: true })
    const server = await started(SERVERS['node:http']!(handler))
    const url = new URL(depot.urlFor(files.path(id)))

    expect(url.href).toBe(`https://files.example.com/hello/lfs/default/${id}`)
    expect(await ask(server, url.pathname)).toMatchObject({ status: 200, body: HELLO })
  })

  it('takes one storage and one id: what stands between, DEPOT ignored', async () => {
    const { server, id } = await served()

    for (const path of [`/depot/x/default/${id}`, `/depot/default/${id}/x`, `/depot//default/${id}`]) {
      expect(await ask(server, path)).toMatchObject(NOT_FOUND)
    }
  })

  it('answers 404 by itself where there is no application', async () => {
    const { depot, path } = await depotWith(HELLO)
    const serveFile = toNodeHandler(createFileHandler(depot, { public: true }))
    const server = await started(createServer((request, response) => void serveFile(request, response)))

    expect(await ask(server, '/')).toMatchObject(NOT_FOUND)
    expect(await ask(server, path, { method: 'POST' })).toMatchObject(NOT_FOUND)
  })
})
