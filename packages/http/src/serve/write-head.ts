import type { ServerResponse } from 'node:http'
import type { FileAnswer } from './file-answer.ts'

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
