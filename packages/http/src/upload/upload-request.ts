import { FiledepotError } from '@filedepot/core'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** A request that brings a form: Node's, also in the clothes of Express and Fastify (`request.raw`), or a web `Request`. */
export type UploadRequest = IncomingMessage | Request

/** The body of a request, and its type. */
export interface UploadBody {
  readonly contentType: string
  readonly stream: Readable
  /** Has the rest of the body thrown away, so that the client gets to reading the answer. */
  giveUp(): void
}

/** @throws FiledepotError `MALFORMED_UPLOAD` where the request has no multipart body */
export function bodyOf(request: UploadRequest): UploadBody {
  const contentType = request instanceof Readable ? request.headers['content-type'] : webType(request)
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType)) {
    throw malformed(
      `Expected a request of the type multipart/form-data, got ${contentType ?? 'one without a type'}`,
    )
  }
  if (request instanceof Readable) {
    const giveUp = () => void request.resume()
    if (!request.readableEnded && !request.destroyed) return { contentType, stream: request, giveUp }
  } else if (request.body && !request.bodyUsed) {
    const stream = Readable.fromWeb(request.body as never)
    return { contentType, stream, giveUp: () => void stream.destroy() }
  }
  throw malformed(
    'Cannot read the body of the request a second time. Call receiveFiles() before another parser reads it',
  )
}

function webType(request: Request): string | undefined {
  return request.headers.get('content-type') ?? undefined
}

/** The client has sent something else than a form. */
export function malformed(message: string, cause?: unknown): FiledepotError {
  return new FiledepotError('MALFORMED_UPLOAD', message, cause === undefined ? {} : { cause })
}
