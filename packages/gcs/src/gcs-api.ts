import type { IncomingMessage } from 'node:http'
import { abortable } from '@filedepot/core/backend'
import type { Storage } from '@google-cloud/storage'
import type { Connections, Exchange } from './connections.ts'
import { errorOf, readText } from './gcs-error.ts'
import { retrying } from './retrying.ts'

/** A request of the JSON API. */
export interface GcsRequest extends Omit<Exchange, 'url' | 'body'> {
  /** Below the endpoint, for example `/storage/v1/b/files`, or a whole URL. */
  readonly path: string
  readonly params?: Readonly<Record<string, string | undefined>>
  /** Bytes, or what is sent as JSON. */
  readonly body?: readonly Uint8Array[] | object | undefined
  /** Statuses that are no failures, besides those from 200 to 299. */
  readonly accept?: readonly number[]
}

/** The JSON API of the service: with the credentials, the endpoint and the patience of the client. */
export class GcsApi {
  readonly storage: Storage
  readonly #connections: Connections

  constructor(storage: Storage, connections: Connections) {
    this.storage = storage
    this.#connections = connections
  }

  /** Tries again what fails in a way that passes. Resolves with what `consume` makes of the answer. */
  send<T>(request: GcsRequest, consume: (answer: IncomingMessage) => Promise<T> | T): Promise<T> {
    return retrying(this.storage.retryOptions, request.signal, () => this.sendOnce(request, consume))
  }

  async sendOnce<T>(request: GcsRequest, consume: (answer: IncomingMessage) => Promise<T> | T): Promise<T> {
    const { path, params = {}, accept = [], body, ...exchange } = request
    const url = new URL(path, `${this.storage.apiEndpoint}/`)
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined) url.searchParams.set(name, value)
    }
    const json = body !== undefined && !Array.isArray(body)
    const answer = await this.#connections.send({
      ...exchange,
      url,
      headers: {
        ...(await abortable(this.#credentials(url), request.signal)),
        ...(json && { 'content-type': 'application/json' }),
        ...exchange.headers,
      },
      body: json ? [Buffer.from(JSON.stringify(body))] : (body as readonly Uint8Array[] | undefined),
    })
    const { statusCode = 0 } = answer
    const good = (statusCode >= 200 && statusCode < 300) || accept.includes(statusCode)
    if (!good) throw await errorOf(answer)
    return await consume(answer)
  }

  /** What the answer says, as JSON. */
  async json<T>(request: GcsRequest): Promise<T> {
    return await this.send(request, async (answer) => JSON.parse(await readText(answer)) as T)
  }

  /** A custom endpoint gets no credentials unless an option asks for it, as in the client. */
  async #credentials({ href }: URL): Promise<Record<string, string>> {
    const { authClient, customEndpoint, useAuthWithCustomEndpoint } = this.storage
    if (customEndpoint && !useAuthWithCustomEndpoint) return {}
    // A plain object of the client's version 7, and `Headers` of version 8.
    return Object.fromEntries(new Headers(await authClient.getRequestHeaders(href)))
  }
}

/** Reads an answer to its end, so that its connection can serve again. */
export async function discard(answer: IncomingMessage): Promise<void> {
  await readText(answer)
}
