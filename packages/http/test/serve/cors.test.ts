import { describe, expect, it } from '@jest/globals'
import { createServer } from 'node:http'
import { createFileHandler, toNodeHandler, type CorsOptions } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers, SERVERS } from '../support/servers.ts'

const started = runningServers()
const APP = 'https://app.example'
const EXPOSED = 'Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag'

describe.each(['node:http', 'Express', 'Hono'])('pages of other origins, on %s', (name) => {
  async function serve(cors?: CorsOptions) {
    const { depot, path } = await depotWith(Buffer.from('hello'))
    const handler = createFileHandler(depot, { public: true, ...(cors && { cors }) })
    const server = await started(SERVERS[name]!(handler))
    return (options: Parameters<typeof ask>[2], to = path) => ask(server, to, options)
  }

  it('are told nothing unless you say so', async () => {
    const send = await serve()

    const { headers } = await send({ headers: { origin: APP } })

    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('may read what every page may read', async () => {
    const send = await serve({ origins: '*' })

    const { status, headers, body } = await send({ headers: { origin: APP, range: 'bytes=1-2' } })

    expect([status, body.toString()]).toEqual([206, 'el'])
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': EXPOSED,
    })
  })

  it('may read files if they are on the list, also why there is none', async () => {
    const send = await serve({ origins: [APP], credentials: true })

    for (const to of [undefined, '/depot/default/01890a5d-ac96-774b-bcce-b302099a8057']) {
      const { headers: own } = await send({ headers: { origin: APP } }, to)
      const { headers: other } = await send({ headers: { origin: 'https://other.example' } }, to)

      expect(own).toMatchObject({
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      })
      expect(other).toMatchObject({ vary: 'Origin' })
      expect(other).not.toHaveProperty('access-control-allow-origin')
    }
  })

  it('are answered when they ask whether they may ask', async () => {
    const send = await serve({ origins: [APP], maxAge: 60 })

    const { status, headers } = await send({
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'range',
      },
    })

    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': expect.stringContaining('Range') as unknown,
      'access-control-max-age': '60',
    })
  })

  it('leave other paths to the application', async () => {
    const send = await serve({ origins: '*' })

    const { headers } = await send(
      { method: 'OPTIONS', headers: { origin: APP, 'access-control-request-method': 'GET' } },
      '/api/people',
    )

    expect(headers).not.toHaveProperty('access-control-allow-methods')
  })
})

it('what the answer depends on for another middleware is still said', async () => {
  const { depot, path } = await depotWith(Buffer.from('hello'))
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true, cors: { origins: [APP] } }))
  const answersFor = async (vary: string | string[]) => {
    const server = await started(
      createServer((request, response) => {
        response.setHeader('Vary', vary)
        void serveFile(request, response)
      }),
    )
    return (await ask(server, path)).headers.vary
  }

  expect(await answersFor('Accept-Encoding')).toBe('Accept-Encoding, Origin')
  expect(await answersFor(['Accept-Encoding', 'Cookie'])).toBe('Accept-Encoding, Cookie, Origin')
  expect(await answersFor('origin')).toBe('origin')
  expect(await answersFor('*')).toBe('*')
})

it.each<[CorsOptions, string]>([
  [{ origins: '*', credentials: true }, 'Expected cors to have origins by name if credentials is true'],
  [{ origins: ['https://app.example/'] }, 'like "https://app.example", got "https://app.example/"'],
  [{ origins: ['app.example'] }, 'got "app.example"'],
  [{ origins: '*', maxAge: NaN }, 'Expected cors.maxAge to be a whole number of seconds from 0 up, got NaN'],
  [{ origins: '*', maxAge: -1 }, 'got -1'],
])('options that browsers would not understand are refused: %j', async (cors, message) => {
  const { depot } = await depotWith(Buffer.from('hello'))

  expect(() => createFileHandler(depot, { public: true, cors })).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as unknown,
    }),
  )
})
