import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { promisify } from 'node:util'

/** What happens to a request in the place of being served. */
export type Fault =
  /** An error of S3 as the answer, when the request has been read. */
  | { readonly answer: number; readonly code: string }
  /** The connection breaks when so many bytes of the request's body have come. */
  | { readonly resetRequestAfter: number }
  /** Served, but the connection breaks when so many bytes of the answer's body are through. */
  | { readonly resetAnswerAfter: number }
  /** Served, but the answer is lost. */
  | { readonly loseAnswer: true }
  /** Served, but never answered. */
  | { readonly withholdAnswer: true }
  /** Never served, and never answered. */
  | { readonly hang: true }
  /** Served, but the answer stands still when so many bytes of its body are through. */
  | { readonly stallAnswerAfter: number }
  /** Served, but one bit of the answer's body is another. */
  | { readonly corruptAnswer: true }
  /** Served after so many milliseconds. */
  | { readonly delay: number }

interface Rule {
  readonly operation: string
  readonly fault: Fault
  times: number
}

/** An HTTP proxy in front of an S3 server: it knows what was requested, and fails as it is told. */
export class FaultProxy {
  /** The operation of every request, in order. */
  readonly operations: string[] = []
  /** The headers of every request, in order. */
  readonly headers: IncomingMessage['headers'][] = []
  /** Added to every answer, in the place of a server that knows them. */
  answerHeaders: Record<string, string> = {}
  readonly #server: Server
  readonly #target: URL
  readonly #rules: Rule[] = []

  private constructor(server: Server, target: URL) {
    this.#server = server
    this.#target = target
    server.on('request', (incoming, answer) => {
      this.#serve(incoming, answer)
    })
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(createServer(), new URL(target))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How many requests there were, of one operation or of all. */
  count(operation?: string): number {
    return this.operations.filter((one) => operation === undefined || one === operation).length
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return promisify(this.#server.getConnections.bind(this.#server))()
  }

  /** Strikes the next requests of an operation. */
  fail(operation: string, fault: Fault, times = 1): void {
    this.#rules.push({ operation, fault, times })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(incoming: IncomingMessage, answer: ServerResponse): void {
    const operation = operationOf(incoming)
    this.operations.push(operation)
    this.headers.push(incoming.headers)
    const rule = this.#rules.find((one) => one.operation === operation && one.times > 0)
    if (rule) rule.times--
    const fault = rule?.fault
    if (!fault) {
      this.#forward(incoming, answer)
    } else if ('delay' in fault) {
      setTimeout(() => {
        this.#forward(incoming, answer)
      }, fault.delay)
    } else if ('answer' in fault) {
      incoming.resume().once('end', () => {
        answer.writeHead(fault.answer, { 'content-type': 'application/xml' })
        answer.end(incoming.method === 'HEAD' ? '' : `<Error><Code>${fault.code}</Code></Error>`)
      })
    } else if ('resetRequestAfter' in fault) {
      let received = 0
      const reset = (): void => {
        if (received >= fault.resetRequestAfter) incoming.socket.resetAndDestroy()
      }
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.byteLength
        reset()
      })
      reset()
    } else if ('hang' in fault) {
      incoming.resume()
    } else {
      this.#forward(incoming, answer, fault)
    }
  }

  #forward(incoming: IncomingMessage, answer: ServerResponse, fault?: Fault): void {
    const { hostname, port } = this.#target
    const { method, url: path, headers } = incoming
    // The headers as they are, the host too, as they are signed.
    const outgoing = request({ hostname, port, method, path, headers, setHost: false }, (served) => {
      if (fault && 'loseAnswer' in fault) {
        served.resume().once('end', () => {
          incoming.socket.resetAndDestroy()
        })
        return
      }
      if (fault && 'withholdAnswer' in fault) {
        served.resume()
        return
      }
      answer.writeHead(served.statusCode ?? 502, { ...served.headers, ...this.answerHeaders })
      if (fault && 'resetAnswerAfter' in fault) cut(served, answer, fault.resetAnswerAfter, true)
      else if (fault && 'stallAnswerAfter' in fault) cut(served, answer, fault.stallAnswerAfter, false)
      else if (fault && 'corruptAnswer' in fault) served.pipe(corrupting()).pipe(answer)
      else served.pipe(answer)
    })
    outgoing.once('error', () => incoming.socket.destroy())
    answer.once('close', () => {
      if (!answer.writableFinished) outgoing.destroy()
    })
    incoming.pipe(outgoing)
  }
}

/** Lets so many bytes of an answer through, and then resets the connection or lets it stand still. */
function cut(served: IncomingMessage, answer: ServerResponse, after: number, reset: boolean): void {
  let sent = 0
  served.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, after - sent)
    sent += part.byteLength
    answer.write(part, () => {
      if (reset && sent >= after) answer.socket?.resetAndDestroy()
    })
    if (sent >= after) served.pause()
  })
}

function corrupting(): Transform {
  let done = false
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (!done && chunk.byteLength > 0) chunk[0] = (chunk[0] ?? 0) ^ 1
      done = true
      callback(null, chunk)
    },
  })
}

function operationOf({ method = '', url = '', headers }: IncomingMessage): string {
  const { pathname, searchParams: query } = new URL(url, 'http://proxy')
  const ofBucket = pathname.split('/').filter(Boolean).length < 2
  if (method === 'HEAD') return ofBucket ? 'HeadBucket' : 'HeadObject'
  if (method === 'GET') return ofBucket ? 'ListObjects' : 'GetObject'
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'POST') {
    if (query.has('delete')) return 'DeleteObjects'
    return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
  }
  if (ofBucket) return 'CreateBucket'
  if (query.has('partNumber')) return 'UploadPart'
  return headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject'
}
