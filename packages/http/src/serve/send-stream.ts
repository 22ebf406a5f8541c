import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { FileAnswer, FileBodyPart } from './file-answer.ts'
import { LengthCheck, openBody } from './open-body.ts'
import { JOINED_BYTES } from './send-opened.ts'
import { cutUnread, drained } from './drained.ts'
import { writeHead } from './write-head.ts'

/** What is shorter is there before anybody could go away, and watching for that costs some of what it takes. */
const SHORT_BYTES = 64 * 1024

/** Sends an answer with the stream of a file. */
export async function sendStream(
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
      // One system call for head and body: Node joins them if both are text, here of one character a byte.
      if (first.byteLength <= JOINED_BYTES) response.end(first.toString('latin1'), 'latin1')
      else response.end(first)
      cutUnread(response, body.stallTimeout)
      return
    }
    if (first) stream.unshift(first)
    client.watch(stream)
    writeHead(answer, response)
    await pump(stream, body, response)
  } catch (error) {
    // The reading was ended by that.
    if (client.isGone) return
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
    if (!response.write(chunk)) await drained(response, body.stallTimeout)
  }
  check.end()
  response.end()
  cutUnread(response, body.stallTimeout)
}

/** The client that waits for an answer, and may disconnect. */
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
