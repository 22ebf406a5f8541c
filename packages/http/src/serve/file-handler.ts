import { hasCode, type DepotManager } from '@filedepot/core'
import { pipeline, Readable, Transform } from 'node:stream'
import { RequestAnswerer } from './answer-request.ts'
import { refusal, type FileAnswer, type FileBodyPart } from './file-answer.ts'
import { checkOptions, type FileHandlerOptions } from './file-handler-options.ts'
import type { FileRequest } from './file-request.ts'
import { LengthCheck, openBody } from './open-body.ts'

/** What {@link FileHandlerOptions.authorize} gets as its third argument; left out where it takes none. */
export type ContextArgument<Context> = undefined extends Context ? [context?: Context] : [context: Context]

/** Answers requests for files. */
export interface FileHandler<Context = undefined> {
  /**
   * The answer, or `undefined` where the request is not for a file: another method than GET and HEAD, or a path that is
   * not under the mount path.
   *
   * Rejects where a storage fails; a file that is not there is an answer, 404.
   */
  (request: FileRequest, ...context: ContextArgument<Context>): Promise<Response | undefined>

  /** The same, before a `Response` is made of it. For adapters of servers that have answers of their own kind. */
  answer(request: FileRequest, ...context: ContextArgument<Context>): Promise<FileAnswer | undefined>
}

/**
 * Makes what serves the files of a depot: a function from web requests to web responses, for Hono, Next and whatever
 * speaks them. {@link toNodeHandler} makes a middleware of it for Express, Nest, Fastify and `node:http`.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`, also where nothing says who may read the files
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
    if (!found) return undefined
    return await toResponse(request, found).catch((error: unknown) => {
      // Deleted between the two looks at it.
      if (hasCode(error, 'FILE_NOT_FOUND')) return toResponse(request, refusal(404))
      throw error
    })
  }
  return Object.assign(handle, { answer })
}

async function toResponse(
  { method, signal }: FileRequest,
  { status, headers, text, body }: FileAnswer,
): Promise<Response> {
  const init = { status, headers }
  if (!body) return new Response(method === 'HEAD' ? null : (text ?? null), init)
  const stream = pipeline(await openBody(body, signal), checked(body), () => {
    // Who reads the body hears of it.
  })
  return new Response(Readable.toWeb(stream) as never, init)
}

function checked(body: FileBodyPart): Transform {
  const check = new LengthCheck(body)
  return new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      attempt(callback, () => {
        check.add(chunk)
        this.push(chunk)
      })
    },
    flush(callback) {
      attempt(callback, () => {
        check.end()
      })
    },
  })
}

function attempt(callback: (error?: Error | null) => void, action: () => void): void {
  try {
    action()
  } catch (error) {
    callback(error as Error)
    return
  }
  callback()
}
