import { describe, expect, it } from '@jest/globals'
import { createFileHandler, type FileHandler } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith, ForeignBackend } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

// RFC 9110, sections 13 (conditional requests) and 14 (range requests), over a real socket of every kind of server.

const started = runningServers()

const CONTENT = Buffer.from('0123456789')
const ETAG = '"84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"'
const MODIFIED = 'Thu, 01 Jan 2026 12:00:00 GMT'
const BEFORE = 'Thu, 01 Jan 2026 11:59:59 GMT'
const AFTER = 'Thu, 01 Jan 2026 12:00:01 GMT'

interface Row {
  readonly title: string
  readonly headers: Record<string, string>
  readonly status: number
  /** The bytes that come, of an answer with a part of the file. */
  readonly part?: string
  readonly contentRange?: string
}

const whole = { status: 200, part: '0123456789' } as const
const part = (first: number, last: number) => ({
  status: 206,
  part: '0123456789'.slice(first, last + 1),
  contentRange: `bytes ${first}-${last}/10`,
})
const unsatisfiable = { status: 416, contentRange: 'bytes */10' } as const

const ROWS: Row[] = [
  // 13.1.1
  { title: 'If-Match: the tag', headers: { 'if-match': ETAG }, ...whole },
  { title: 'If-Match: a list with the tag', headers: { 'if-match': `"a", ${ETAG}` }, ...whole },
  { title: 'If-Match: *', headers: { 'if-match': '*' }, ...whole },
  { title: 'If-Match: another tag', headers: { 'if-match': '"a"' }, status: 412 },
  { title: 'If-Match: the tag as a weak one', headers: { 'if-match': `W/${ETAG}` }, status: 412 },
  // 13.1.2
  { title: 'If-None-Match: the tag', headers: { 'if-none-match': ETAG }, status: 304 },
  { title: 'If-None-Match: a list with the tag', headers: { 'if-none-match': `"a", ${ETAG}` }, status: 304 },
  { title: 'If-None-Match: the tag as a weak one', headers: { 'if-none-match': `W/${ETAG}` }, status: 304 },
  { title: 'If-None-Match: *', headers: { 'if-none-match': '*' }, status: 304 },
  {
    title: 'If-None-Match: the tag, of a client that reloads',
    headers: { 'if-none-match': ETAG, 'cache-control': 'no-cache' },
    ...whole,
  },
  { title: 'If-None-Match: another tag', headers: { 'if-none-match': '"a"' }, ...whole },
  {
    title: 'If-None-Match: the tag without quotes',
    headers: { 'if-none-match': ETAG.slice(1, -1) },
    ...whole,
  },
  // 13.1.3
  { title: 'If-Modified-Since: then', headers: { 'if-modified-since': MODIFIED }, status: 304 },
  { title: 'If-Modified-Since: after', headers: { 'if-modified-since': AFTER }, status: 304 },
  { title: 'If-Modified-Since: before', headers: { 'if-modified-since': BEFORE }, ...whole },
  {
    title: 'If-Modified-Since: in the form of RFC 850',
    headers: { 'if-modified-since': 'Thursday, 01-Jan-26 12:00:00 GMT' },
    status: 304,
  },
  { title: 'If-Modified-Since: no date', headers: { 'if-modified-since': 'yesterday' }, ...whole },
  {
    title: 'If-Modified-Since is not asked where If-None-Match has answered',
    headers: { 'if-none-match': '"a"', 'if-modified-since': AFTER },
    ...whole,
  },
  {
    title: 'If-None-Match decides against an older If-Modified-Since',
    headers: { 'if-none-match': ETAG, 'if-modified-since': BEFORE },
    status: 304,
  },
  // 13.1.4
  { title: 'If-Unmodified-Since: then', headers: { 'if-unmodified-since': MODIFIED }, ...whole },
  { title: 'If-Unmodified-Since: before', headers: { 'if-unmodified-since': BEFORE }, status: 412 },
  { title: 'If-Unmodified-Since: no date', headers: { 'if-unmodified-since': 'yesterday' }, ...whole },
  {
    title: 'If-Unmodified-Since is not asked where If-Match has answered',
    headers: { 'if-match': ETAG, 'if-unmodified-since': BEFORE },
    ...whole,
  },
  // 13.2.2
  {
    title: 'If-Match fails before If-None-Match is asked',
    headers: { 'if-match': '"a"', 'if-none-match': ETAG },
    status: 412,
  },
  {
    title: 'If-None-Match is asked before Range',
    headers: { 'if-none-match': ETAG, range: 'bytes=0-1' },
    status: 304,
  },
  // 14.2
  { title: 'Range: first and last', headers: { range: 'bytes=2-4' }, ...part(2, 4) },
  { title: 'Range: one byte', headers: { range: 'bytes=0-0' }, ...part(0, 0) },
  { title: 'Range: from', headers: { range: 'bytes=7-' }, ...part(7, 9) },
  { title: 'Range: all of it', headers: { range: 'bytes=0-' }, ...part(0, 9) },
  { title: 'Range: the last', headers: { range: 'bytes=-3' }, ...part(7, 9) },
  { title: 'Range: more of the last than there is', headers: { range: 'bytes=-99' }, ...part(0, 9) },
  { title: 'Range: an end behind the end', headers: { range: 'bytes=8-99' }, ...part(8, 9) },
  { title: 'Range: in capitals', headers: { range: 'BYTES=2-4' }, ...part(2, 4) },
  { title: 'Range: numbers without end', headers: { range: `bytes=1-${'9'.repeat(400)}` }, ...part(1, 9) },
  { title: 'Range: behind the end', headers: { range: 'bytes=10-' }, ...unsatisfiable },
  { title: 'Range: far behind the end', headers: { range: `bytes=${'9'.repeat(400)}-` }, ...unsatisfiable },
  { title: 'Range: the last none', headers: { range: 'bytes=-0' }, ...unsatisfiable },
  { title: 'Range: the end before the start', headers: { range: 'bytes=4-2' }, ...whole },
  { title: 'Range: no number', headers: { range: 'bytes=a-b' }, ...whole },
  { title: 'Range: nothing', headers: { range: 'bytes=-' }, ...whole },
  { title: 'Range: another unit', headers: { range: 'lines=0-1' }, ...whole },
  { title: 'Range: two', headers: { range: 'bytes=0-1,4-5' }, ...whole },
  {
    title: 'Range: thousands that overlap',
    headers: { range: `bytes=${Array.from({ length: 1500 }, () => '0-').join(',')}` },
    ...whole,
  },
  // 13.1.5
  { title: 'If-Range: the tag', headers: { range: 'bytes=2-4', 'if-range': ETAG }, ...part(2, 4) },
  { title: 'If-Range: another tag', headers: { range: 'bytes=2-4', 'if-range': '"a"' }, ...whole },
  { title: 'If-Range: a weak tag', headers: { range: 'bytes=2-4', 'if-range': `W/${ETAG}` }, ...whole },
  { title: 'If-Range: then', headers: { range: 'bytes=2-4', 'if-range': MODIFIED }, ...part(2, 4) },
  { title: 'If-Range: after', headers: { range: 'bytes=2-4', 'if-range': AFTER }, ...whole },
  { title: 'If-Range: before', headers: { range: 'bytes=2-4', 'if-range': BEFORE }, ...whole },
  {
    title: 'If-Range: another tag, and a range behind the end',
    headers: { range: 'bytes=99-', 'if-range': '"a"' },
    ...whole,
  },
]

async function handlerOfOldFile(): Promise<{ handler: FileHandler; path: string }> {
  const backend = new ForeignBackend({ lastModified: new Date('2026-01-01T12:00:00.900Z') })
  const { depot, path } = await depotWith(CONTENT, { backend })
  return { handler: createFileHandler(depot, { public: true }), path }
}

describe.each(Object.entries(SERVERS))('RFC 9110 on %s', (_name, start) => {
  const setUp = handlerOfOldFile().then(async ({ handler, path }) => ({
    path,
    server: await started(start(handler)),
  }))

  it.each(ROWS)('$title', async ({ headers, status, part: expected, contentRange }) => {
    const { server, path } = await setUp

    const answer = await ask(server, path, { headers })

    expect({
      status: answer.status,
      contentRange: answer.headers['content-range'],
      ...(expected !== undefined && { part: answer.body.toString() }),
    }).toEqual({ status, contentRange, ...(expected !== undefined && { part: expected }) })
    if (expected !== undefined) expect(answer.headers['content-length']).toBe(String(expected.length))
    if (status === 304) {
      // Section 15.4.5: what the whole answer would have said of the file's age.
      expect(answer.body).toHaveLength(0)
      expect(answer.headers).toMatchObject({
        etag: ETAG,
        'last-modified': MODIFIED,
        'cache-control': 'public, max-age=604800, immutable',
      })
    }
    if (status < 300) expect(answer.headers).toMatchObject({ etag: ETAG, 'accept-ranges': 'bytes' })
  })

  it('HEAD says what GET would say, and a range is none of its business', async () => {
    const { server, path } = await setUp

    const got = await ask(server, path)
    const head = await ask(server, path, { method: 'HEAD', headers: { range: 'bytes=2-4' } })

    const about = ({ headers }: typeof got) =>
      Object.entries(headers)
        .filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
        .sort()
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect(about(head)).toEqual(about(got))
  })

  it('HEAD of what is not there says so without a body', async () => {
    const { server } = await setUp

    expect(await ask(server, '/depot/default/x', { method: 'HEAD' })).toMatchObject({
      status: 404,
      body: Buffer.alloc(0),
      headers: { 'cache-control': 'no-store' },
    })
  })
})

describe('a file without bytes', () => {
  it('is sent whole, and has no part', async () => {
    const { depot, path } = await depotWith(Buffer.alloc(0))
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))

    expect(await ask(server, path)).toMatchObject({ status: 200, headers: { 'content-length': '0' } })
    for (const range of ['bytes=0-', 'bytes=-1']) {
      expect(await ask(server, path, { headers: { range } })).toMatchObject({
        status: 416,
        headers: { 'content-range': 'bytes */0' },
      })
    }
  })
})

describe('If-Range with a date', () => {
  it('counts only where the file is older than the second in which it could have changed again', async () => {
    const backend = new ForeignBackend({ lastModified: new Date(Date.now() + 60_000) })
    const { depot, path } = await depotWith(CONTENT, { backend })
    const server = await started(SERVERS['node:http']!(createFileHandler(depot, { public: true })))
    const { headers } = await ask(server, path)

    const answer = await ask(server, path, {
      headers: { range: 'bytes=2-4', 'if-range': headers['last-modified']! },
    })

    expect(answer.status).toBe(200)
  })
})
