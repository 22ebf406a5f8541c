import { hasCode } from '@filedepot/core'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { refusal, type FileAnswer } from './file-answer.ts'
import type { ContextArgument, FileHandler } from './file-handler.ts'
import type { FileRequest } from './file-request.ts'
import { ReplacedError } from './open-body.ts'
import { requestFailed } from './request-failed.ts'
import { sendFile } from './send-file.ts'
import { writeHead } from './write-head.ts'

/** Options of {@link toNodeHandler}. */
export interface NodeHandlerOptions<Context, Req extends IncomingMessage> {
  /** What `authorize` gets as its third argument, for example the user that an earlier middleware has found. */
  context?: (request: Req) => Context
  /**
   * Hears what nobody else can be told: a storage that fails in the middle of a file, when the status has been sent, or
   * where there is no `next` to pass the error to. @default a warning of the process
   */
  onError?: (error: unknown, request: Req) => void
}

/** A middleware of Express, Connect and Nest, and a listener of `node:http`. */
export type NodeHandler<Req extends IncomingMessage = IncomingMessage> = (
  request: Req,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>

/**
 * Makes a middleware of a file handler. What is not for a file goes on to `next`, and so do errors of a storage; where
 * there is no `next` they are answered with 404 and 500.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { createFileHandler, toNodeHandler } from '@filedepot/http'
 * import { createServer } from 'node:http'
 *
 * createServer(toNodeHandler(createFileHandler(depot, { public: true }))).listen(3000)
 * ```
 */
export function toNodeHandler<Context = undefined, Req extends IncomingMessage = IncomingMessage>(
  handler: FileHandler<Context>,
  { context, onError = requestFailed }: NodeHandlerOptions<Context, Req> = {},
): NodeHandler<Req> {
  return async (request, response, next) => {
    const respond = async () => {
      const asked = new NodeRequest(request)
      const answer = await handler.answer(asked, ...([context?.(request)] as ContextArgument<Context>))
      if (answer) await send(answer, request, response)
      else if (next) next()
      else sendText(refusal(404), request, response)
    }
    try {
      await respond().catch(async (error: unknown) => {
        if (!(error instanceof ReplacedError) || response.headersSent) throw error
        await respond()
      })
    } catch (error) {
      if (response.headersSent) onError(error, request)
      else if (hasCode(error, 'FILE_NOT_FOUND')) sendText(refusal(404), request, response)
      else if (next) next(error)
      else {
        onError(error, request)
        sendText(refusal(500), request, response)
      }
    }
  }
}

/** Node's request as far as a file handler looks at it. */
class NodeRequest implements FileRequest {
  readonly method: string
  readonly url: string
  readonly headers: FileRequest['headers']

  constructor({ method = '', url = '', headers, originalUrl }: IncomingMessage & { originalUrl?: string }) {
    this.method = method
    // Express and Connect cut the path at which a middleware stands off the URL; the mount path is that of the client.
    this.url = originalUrl ?? url
    this.headers = {
      get(name) {
        const value = headers[name.toLowerCase()]
        return typeof value === 'object' ? value.join(', ') : (value ?? null)
      },
    }
  }
}

async function send(answer: FileAnswer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (answer.body) await sendFile(answer, answer.body, response)
  else sendText(answer, request, response)
}

function sendText(answer: FileAnswer, { method }: IncomingMessage, response: ServerResponse): void {
  writeHead(answer, response)
  response.end(method === 'HEAD' ? undefined : answer.text)
}
