import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { FileAnswer, FileBodyPart } from './file-answer.ts'
import { LengthCheck, openBody } from './open-body.ts'

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
    client.watch(stream)
    writeHead(answer, response)
    await pump(stream, body, response)
  } catch (error) {
    if (client.isGone) return
    // What has been sent is not the file: the client has to see that.
    if (response.headersSent) response.destroy()
    throw error
  } finally {
    client.leave()
  }
}

/** As `pipeline`, but without a stream in between that counts: it would cost a third more. */
async function pump(stream: Readable, body: FileBodyPart, response: ServerResponse): Promise<void> {
  const check = new LengthCheck(body)
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    check.add(chunk)
    if (!response.write(chunk)) await drained(response)
  }
  check.end()
  response.end()
}

/** Also where the connection was closed, as nothing drains then. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
    if (response.destroyed) done()
  })
}

/** Whoever waits for an answer, and may go away. */
class Client {
  isGone = false
  readonly #response: ServerResponse
  readonly #controller: AbortController | undefined
  #stream: Readable | undefined

  constructor(response: ServerResponse, isLong: boolean) {
    this.#response = response
    this.#controller = isLong ? new AbortController() : undefined
    response.once('close', this.#closed)
  }

  get signal(): AbortSignal | undefined {
    return this.#controller?.signal
  }

  /** What is not to be read any further where the client goes away. */
  watch(stream: Readable): void {
    this.#stream = stream
    if (this.isGone) stream.destroy()
  }

  leave(): void {
    this.#response.off('close', this.#closed)
  }

  readonly #closed = (): void => {
    this.isGone = true
    this.#controller?.abort()
    this.#stream?.destroy()
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
