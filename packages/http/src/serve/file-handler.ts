import type { DepotManager } from '@filedepot/core'
import { RequestAnswerer } from './answer-request.ts'
import type { FileAnswer } from './file-answer.ts'
import { checkOptions, type FileHandlerOptions } from './file-handler-options.ts'
import type { FileRequest } from './file-request.ts'
import { webBody } from './web-body.ts'

/** What {@link FileHandlerOptions.authorize} gets as its third argument; left out where it takes none. */
export type ContextArgument<Context> = undefined extends Context ? [context?: Context] : [context: Context]

/** Answers requests for files. */
export interface FileHandler<Context = undefined> {
  /**
   * The answer, or `undefined` where the request is not for a file: another method than GET and HEAD, or a path that is
   * not under the mount path.
   *
   * Rejects where a storage fails; a file that is not there is an answer, 404. The file is opened when the body is read,
   * so that a body that nobody reads holds nothing open. One that was deleted or replaced since then breaks the body.
   */
  (request: FileRequest, ...context: ContextArgument<Context>): Promise<Response | undefined>

  /** The same, before a `Response` is made of it. For adapters of servers that have answers of their own kind. */
  answer(request: FileRequest, ...context: ContextArgument<Context>): Promise<FileAnswer | undefined>
}

/**
 * Makes what serves the files of a depot: a function from web requests to web responses, for Hono, Next and whatever
 * speaks them. {@link toNodeHandler} makes a middleware of it for Express, Nest, Fastify and `node:http`.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`, also if nothing says who may read the files
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { createFileHandler } from '@filedepot/http'
 *
 * const handler = createFileHandler(depot, { public: true })
 *
 * export async function GET(request: Request): Promise<Response> {
 *   return (await handler(request)) ?? new Response('Not Found', { status: 404 })
 * }
 * ```
 */
export function createFileHandler<Context = undefined>(
  depot: DepotManager,
  options: FileHandlerOptions<Context>,
): FileHandler<Context> {
  const answerer = new RequestAnswerer(depot, checkOptions(depot, options))
  const answer = (request: FileRequest, ...[context]: ContextArgument<Context>) =>
    answerer.answer(request, context as Context)

  const handle = async (request: FileRequest, ...context: ContextArgument<Context>) => {
    const found = await answer(request, ...context)
    return found && toResponse(request, found)
  }
  return Object.assign(handle, { answer })
}

function toResponse({ method, signal }: FileRequest, { status, headers, text, body }: FileAnswer): Response {
  const init = { status, headers }
  if (!body) return new Response(method === 'HEAD' ? null : (text ?? null), init)
  return new Response(webBody(body, signal) as never, init)
}
