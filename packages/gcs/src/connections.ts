import * as http from 'node:http'
import * as https from 'node:https'

/** What is known of the attempts to send one request by which an object comes to exist. */
export interface Attempts {
  /** The service may have done what one of them says, although no answer said so. */
  mayHaveArrived: boolean
  /** One of them was given up while the service was silent, so it may still be at work. */
  isUnanswered: boolean
}

/** One request over HTTP, its body whole in memory. */
export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: readonly Uint8Array[] | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * True of a request that changes something. When it was sent whole, the service may have done what it says, so that
   * an abort first waits a little for the answer.
   */
  readonly settles?: boolean
  /** Is told what becomes of the request. */
  readonly attempts?: Attempts | undefined
}

/** How long an abort waits for the answer to a request that was sent whole. */
const SETTLE_MS = 2_000
const FIRST_SERVER_ERROR = 500

/**
 * Connections to the service, kept for the next request.
 *
 * Of our own, and not the client's, since with that a request cannot be cancelled, and to end one download it closes
 * all connections of the process: other downloads then hang for ever (7.22) or break (8.4).
 */
export class Connections {
  readonly #timeout: number
  readonly #http: http.Agent
  readonly #https: http.Agent

  /**
   * @param timeout how long a connection may be silent while we wait for it, in milliseconds
   * @param agent used instead of the own agent, for a proxy
   */
  constructor(timeout: number, agent?: http.Agent) {
    this.#timeout = timeout
    this.#http = agent ?? new http.Agent({ keepAlive: true })
    this.#https = agent ?? new https.Agent({ keepAlive: true })
  }

  /** Resolves with the answer, whatever its status, when its headers have come. Its body has to be read or destroyed. */
  send({
    method,
    url,
    headers,
    body,
    signal,
    settles = false,
    attempts,
  }: Exchange): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const secure = url.protocol === 'https:'
      const length = body?.reduce((sum, piece) => sum + piece.byteLength, 0) ?? 0
      const request = (secure ? https : http).request(url, {
        method,
        agent: secure ? this.#https : this.#http,
        headers: { ...headers, ...((body ?? method !== 'GET') && { 'content-length': length }) },
      })
      let answer: http.IncomingMessage | undefined
      let settling: NodeJS.Timeout | undefined
      /** What was not sent whole cannot have been carried out. */
      const note = (isUnanswered: boolean) => {
        if (!attempts || !request.writableFinished) return
        attempts.mayHaveArrived = true
        attempts.isUnanswered ||= isUnanswered
      }
      const giveUp = () => {
        note(true)
        request.destroy()
        reject(signal?.reason as Error)
      }
      const abort = () => {
        if (settles && request.writableFinished) settling = setTimeout(giveUp, SETTLE_MS)
        else giveUp()
      }
      signal?.addEventListener('abort', abort, { once: true })

      request.setTimeout(this.#timeout, () => {
        // If bytes wait to be read, it is the reader who is slow.
        if (answer?.readableLength) return
        note(true)
        request.destroy(silence(url, this.#timeout))
      })
      request.once('response', (response) => {
        answer = response
        if ((response.statusCode ?? 0) >= FIRST_SERVER_ERROR) note(false)
        // Its end may break off before anybody has read what became of the object.
        response.once('error', () => {
          note(false)
        })
        resolve(response)
      })
      request.on('error', (error) => {
        note(false)
        reject(error)
      })
      request.once('close', () => {
        clearTimeout(settling)
        signal?.removeEventListener('abort', abort)
      })
      for (const piece of body ?? []) request.write(piece)
      request.end()
    })
  }

  /** Closes the connections that are idle, and those in use. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

function silence({ host }: URL, timeout: number): Error {
  const error = new Error(`${host} was silent for ${timeout} ms`)
  return Object.assign(error, { code: 'ETIMEDOUT' })
}
