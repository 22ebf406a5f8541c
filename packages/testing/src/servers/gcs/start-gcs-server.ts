import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sendRefusal } from './answers.ts'
import { Buckets } from './buckets.ts'
import { Faults, strike, type GcsFault } from './faults.ts'
import { jsonApi } from './json-api.ts'
import { Refusal } from './refusal.ts'
import { routeOf, type GcsRequestKind, type Route } from './route.ts'
import type { SigningKeys } from './signed-url.ts'
import { UploadSessions } from './upload-sessions.ts'
import { xmlApi } from './xml-api.ts'

/** Options of {@link startGcsServer}. */
export interface GcsServerOptions {
  /** 0 takes one that is free. @default 0 */
  port?: number
  /** Buckets that are there from the start. @default none */
  buckets?: readonly string[]
  /** PEM keys by the e-mail address of their service account, to check signatures by. @default none */
  keys?: SigningKeys
  /** The access token that requests of the JSON API have to bear. @default none is looked at */
  token?: string
}

/** A server that runs, made by {@link startGcsServer}. */
export interface GcsServer {
  /** Without a slash at its end: the `apiEndpoint` of the official client. */
  readonly url: string
  /** How many requests have come, by kind. Those that failed on purpose count as well. */
  readonly requests: Readonly<Partial<Record<GcsRequestKind, number>>>
  /** How many resumable uploads were neither finished nor cancelled. */
  readonly openUploads: number
  /** How many connections are open, idle ones included. */
  connections(): Promise<number>
  /** Lets the next request of a kind fail. */
  failNext(fault: GcsFault): void
  /** Breaks all connections off, and stops. */
  close(): Promise<void>
}

/**
 * Starts a server on 127.0.0.1 that speaks as much of Google Cloud Storage as the tests of a storage need, in the
 * memory of this process: buckets; simple and resumable uploads; generations and their preconditions; checksums;
 * ranges; lists; copies; V4 signatures and POST policies, which it verifies; and failures as you tell it.
 *
 * It knows nothing of IAM, versions, retention or encryption keys.
 *
 * ```ts
 * import { startGcsServer } from '@filedepot/testing/gcs-server'
 *
 * const server = await startGcsServer({ buckets: ['files'] })
 * server.failNext({ kind: 'objects.insert', status: 503 })
 * // … new Storage({ apiEndpoint: server.url, projectId: 'test' })
 * console.log(server.requests['objects.insert'])
 * await server.close()
 * ```
 */
export async function startGcsServer({
  port = 0,
  buckets: names = [],
  keys = {},
  token,
}: GcsServerOptions = {}): Promise<GcsServer> {
  const buckets = new Buckets()
  for (const name of names) buckets.create({ name })
  const sessions = new UploadSessions(buckets)
  const faults = new Faults()
  const handlers = { ...jsonApi(buckets, sessions), ...xmlApi(buckets, keys) }
  const requests: Partial<Record<GcsRequestKind, number>> = {}

  async function handle(request: IncomingMessage, response: ServerResponse, route: Route, url: URL) {
    requests[route.kind] = (requests[route.kind] ?? 0) + 1
    const fault = faults.take(route.kind)
    if (fault && (await strike(fault, request, response))) return
    const handler = handlers[route.kind]
    if (!handler) throw new Refusal(404, 'notFound', 'Not Found')
    if (!route.kind.startsWith('xml.')) checkToken(request, token)
    await handler({ request, response, url, params: url.searchParams, route })
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`)
    const route = routeOf(request, url)
    handle(request, response, route, url).catch((error: unknown) => {
      // A request that broke off needs no answer.
      if (response.headersSent || request.errored) response.destroy()
      else sendRefusal(response, refusalOf(error), formOf(route.kind))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get openUploads() {
      return sessions.open
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => {
          if (error) reject(error)
          else resolve(count)
        })
      }),
    failNext: (fault) => {
      faults.add(fault)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function checkToken({ headers }: IncomingMessage, token: string | undefined): void {
  if (token === undefined || headers.authorization === `Bearer ${token}`) return
  throw new Refusal(401, 'authError', 'Invalid Credentials')
}

function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(500, 'backendError', String(error))
}

/** Downloads of the JSON API say in plain text what is wrong. */
function formOf(kind: GcsRequestKind): 'json' | 'text' | 'xml' {
  if (kind.startsWith('xml.')) return 'xml'
  return kind === 'objects.download' ? 'text' : 'json'
}
