import { DepotManager, MemoryBackend } from '@filedepot/core'
import { describe, expect, it, jest } from '@jest/globals'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  createFileHandler,
  toNodeHandler,
  UrlSigner,
  type FileHandlerOptions,
  type Verdict,
} from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith, ForeignBackend } from '../support/depots.ts'
import { runningServers } from '../support/servers.ts'

const HELLO = Buffer.from('hello')
const started = runningServers()

/** A server of its own for a handler, without an application behind it. */
function serve(depot: DepotManager, options: FileHandlerOptions, onError?: (error: unknown) => void) {
  const serveFile = toNodeHandler(createFileHandler(depot, options), onError && { onError })
  return started(createServer((request, response) => void serveFile(request, response)))
}

/** What the process is warned of meanwhile. */
async function warningOf(action: () => Promise<unknown>): Promise<string> {
  const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined)
  try {
    await action()
    expect(warn).toHaveBeenCalledTimes(1)
    return String(warn.mock.calls[0]![0])
  } finally {
    warn.mockRestore()
  }
}

const FOREIGN_VERDICTS: [string, unknown][] = [
  ['an empty text', ''],
  ['a text', 'no'],
  ['no rows', []],
  ['rows', [{ id: 1 }]],
  ['an object', { allowed: false }],
  ['an error', new Error('no')],
  ['a function', () => true],
  ['a symbol', Symbol('yes')],
  ['0', 0],
  ['1', 1],
  ['0n', 0n],
  ['NaN', NaN],
  ['200', 200],
  ['302', 302],
  ['999', 999],
  ['null', null],
  ['undefined', undefined],
  ['a Boolean object', Object(true)],
  ['a grant', { by: 'public', remaining: Infinity }],
  ['a promise of a text', Promise.resolve('yes')],
]

describe('authorize that answers something else than a verdict', () => {
  it.each(FOREIGN_VERDICTS)('refuses, and reports it: %s', async (_name, verdict) => {
    const { depot, files, id, path } = await depotWith(HELLO)
    const onError = jest.fn<NonNullable<FileHandlerOptions['onError']>>()
    const server = await serve(depot, { authorize: () => verdict as Verdict, onError })

    const { status, headers, body } = await ask(server, path)

    expect([status, headers['cache-control'], body.toString()]).toEqual([403, 'no-store', 'Forbidden'])
    expect(onError).toHaveBeenCalledTimes(1)
    const [error, request] = onError.mock.calls[0]!
    expect(error).toMatchObject({ code: 'INVALID_VERDICT' })
    expect(error.message).toContain(
      `true, "public", its uploaded file, false, 401, 403 or 404 for "${files.path(id)}", got `,
    )
    expect(request.url).toBe(path)
  })

  it('warns by default', async () => {
    const { depot, path } = await depotWith(HELLO)
    const server = await serve(depot, { authorize: () => [] as never })

    expect(await warningOf(() => ask(server, `${path}?a=secret`))).toBe(
      `${path} could not be sent: FiledepotError: Expected authorize to answer true, "public", its uploaded file, false, 401, 403 or 404 for ` +
        `"${path.slice('/depot/'.length)}", got an object of Array: the request is refused with 403`,
    )
  })

  it('is not reported if it refuses by a verdict', async () => {
    const { depot, path } = await depotWith(HELLO)
    const onError = jest.fn()
    for (const verdict of [false, 401, 403, 404] as const) {
      const server = await serve(depot, { authorize: () => verdict, onError })
      expect((await ask(server, path)).status).toBe(verdict === false ? 403 : verdict)
    }
    expect(onError).not.toHaveBeenCalled()
  })
})

describe('who may not read', () => {
  const ABSENT = '01890a5d-ac96-774b-bcce-b302099a8057'

  it.each<[string, (depot: DepotManager) => FileHandlerOptions]>([
    ['public', () => ({ public: true })],
    ['signer', (depot) => ({ signer: new UrlSigner(depot, { keys: ['k'.repeat(32)] }) })],
    ['authorize: false', () => ({ authorize: () => false })],
    ['authorize: 401', () => ({ authorize: () => 401 })],
    ['authorize: 404', () => ({ authorize: () => 404 })],
    ['authorize by rows', () => ({ authorize: (_request, { path }) => path === 'default/x' })],
    ['authorize: true', () => ({ authorize: () => true })],
  ])('does not learn which storages there are: %s', async (_name, optionsFor) => {
    const { depot } = await depotWith(HELLO)
    depot.configure(
      'own',
      new (class extends MemoryBackend {
        parseId(id: string) {
          return /^\d+$/.test(id) ? id : undefined
        }
      })(),
    )
    depot.alias('other', 'default')
    const server = await serve(depot, optionsFor(depot))

    for (const id of [ABSENT, ABSENT.toUpperCase(), '12', 'x', '..', '%00', '']) {
      const answers = await Promise.all(
        ['default', 'own', 'other', 'unknown'].map(async (name) => {
          const { status, headers, body } = await ask(server, `/depot/${name}/${id}`)
          return { status, headers: { ...headers, date: '' }, body: body.toString() }
        }),
      )
      for (const answer of answers) expect([id, answer]).toEqual([id, answers[0]])
    }
  })

  it('has no name of a storage asked about that none could have', async () => {
    const { depot } = await depotWith(HELLO)
    const authorize = jest.fn(() => true)
    const server = await serve(depot, { authorize })

    for (const name of ['a%00b', 'a%20b', 'a%2Fb', '%0A', 'n'.repeat(256)]) {
      expect((await ask(server, `/depot/${name}/${ABSENT}`)).status).toBe(404)
    }
    expect(authorize).not.toHaveBeenCalled()
  })
})

describe('what is no URL of a file', () => {
  it.each([
    '*',
    '//',
    '///depot',
    'http://',
    'http://%',
    'http://x:y/',
    'depot/default',
    'javascript:1',
    '/depot',
    '/depot//',
    '/%',
  ])('is answered with 404 or 400, never 500: GET %s', async (target) => {
    const { depot } = await depotWith(HELLO)
    const onError = jest.fn()
    for (const mountPath of ['/depot', '/']) {
      const server = await serve(depot, { public: true, mountPath }, onError)
      const socket = connect(Number(new URL(server.origin).port), '127.0.0.1')
      socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)

      expect(await text(socket)).toMatch(/^HTTP\/1\.1 40[04] /)
    }
    expect(onError).not.toHaveBeenCalled()
  })

  it('may have a host of its own', async () => {
    const { depot, path } = await depotWith(HELLO)
    const server = await serve(depot, { public: true })

    expect((await ask(server, `http://elsewhere${path}`)).status).toBe(200)
  })
})

describe('logs', () => {
  it('have the path of a signed URL, and not its signature', async () => {
    class DownBackend extends MemoryBackend {
      override stat(): Promise<never> {
        return Promise.reject(new Error('storage down'))
      }
    }
    const { depot, path } = await depotWith(HELLO, { backend: new DownBackend() })
    const signer = new UrlSigner(depot, { keys: ['k'.repeat(32)] })
    const server = await serve(depot, { signer })
    const url = signer.signUrl(path.slice('/depot/'.length))

    const warning = await warningOf(() => ask(server, url))

    expect(warning).toContain(`${path} could not be sent: `)
    expect(warning).toContain('storage down')
    expect(warning).not.toContain('signature')
    expect(warning).not.toContain(/signature=(.*)/.exec(url)![1])
  })
})

describe('a name with half a surrogate pair', () => {
  it('is served', async () => {
    const { depot, path } = await depotWith(HELLO, {
      backend: new ForeignBackend({ filename: 'a\ud800.png' }),
    })
    const server = await serve(depot, { public: true })

    const { status, headers, body } = await ask(server, path)

    expect([status, body.toString()]).toEqual([200, 'hello'])
    expect(headers['content-disposition']).toBe('inline; filename=a.png')
  })
})

describe('the pages that may load a file', () => {
  it('are any if it is public, and those of the same site if it is not', async () => {
    const { depot, path } = await depotWith(HELLO)
    const signer = new UrlSigner(depot, { keys: ['k'.repeat(32)] })
    const policyOf = async (options: FileHandlerOptions, url = path) =>
      (await ask(await serve(depot, options), url)).headers['cross-origin-resource-policy']

    expect(await policyOf({ public: true })).toBe('cross-origin')
    expect(await policyOf({ authorize: () => true })).toBe('same-site')
    expect(await policyOf({ signer }, signer.signUrl(path.slice('/depot/'.length)))).toBe('same-site')
  })
})
