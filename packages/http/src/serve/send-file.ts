import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FileAnswer, FileBodyPart } from './file-answer.ts'
import { ExactLength, openBody } from './open-body.ts'

/** What is shorter is there before anybody could go away, and watching for that costs some of what it takes. */
const SHORT_BYTES = 64 * 1024

/** Up to this size, copying the bytes costs less than writing them by themselves. */
const JOINED_BYTES = 8 * 1024

/**
 * Sends an answer with a file. Where the client goes away, the file is not read any further, and nobody is told.
 *
 * @throws what the storage throws; where the head has been sent, the connection is cut
 */
export async function sendFile(
  answer: FileAnswer,
  body: FileBodyPart,
  response: ServerResponse,
): Promise<void> {
  const client = new Client(response, body.length > SHORT_BYTES)
  try {
    const stream = await openBody(body, client.signal)
    // What is in memory already costs less in one piece.
    const first = stream.read() as Buffer | null
    if (first?.byteLength === body.length) {
      stream.destroy()
      writeHead(answer, response)
      // One system call for head and body: Node joins them where both are text, here of one character a byte.
      if (first.byteLength <= JOINED_BYTES) response.end(first.toString('latin1'), 'latin1')
      else response.end(first)
      return
    }
    if (first) stream.unshift(first)
    const counted = new ExactLength(body)
    client.watch(stream, counted)
    writeHead(answer, response)
    await pipeline(stream, counted, response)
  } catch (error) {
    if (!client.isGone) throw error
  } finally {
    client.leave()
  }
}

/** Whoever waits for an answer, and may go away. */
class Client {
  isGone = false
  readonly #response: ServerResponse
  readonly #controller: AbortController | undefined
  #streams: readonly Readable[] = []

  constructor(response: ServerResponse, isLong: boolean) {
    this.#response = response
    this.#controller = isLong ? new AbortController() : undefined
    response.once('close', this.#closed)
  }

  get signal(): AbortSignal | undefined {
    return this.#controller?.signal
  }

  /** A connection is also closed where one of these fails; then it was not the client. */
  watch(...streams: Readable[]): void {
    this.#streams = streams
  }

  leave(): void {
    this.#response.off('close', this.#closed)
  }

  readonly #closed = (): void => {
    if (this.#streams.some(({ errored }) => errored)) return
    this.isGone = true
    this.#controller?.abort()
  }
}

export function writeHead({ status, headers }: FileAnswer, response: ServerResponse): void {
  if (!headers['Cache-Control']?.startsWith('public')) {
    response.writeHead(status, headers)
    return
  }
  // Caches give the answer to everybody, so it must not carry the cookie of one user. Session middlewares add theirs
  // at the last moment, in a `writeHead` of their own that they have put on this one response: go past it.
  response.removeHeader('Set-Cookie')
  const { prototype } = response.constructor as { prototype: ServerResponse }
  prototype.writeHead.call(response, status, headers)
}
