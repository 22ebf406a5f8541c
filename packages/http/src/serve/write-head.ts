import type { ServerResponse } from 'node:http'
import type { FileAnswer } from './file-answer.ts'

const PARTIAL = 206

export function writeHead({ status, headers: own }: FileAnswer, response: ServerResponse): void {
  const headers = own.Vary === undefined ? own : { ...own, Vary: varyWith(response, own.Vary) }
  if (!headers['Cache-Control']?.startsWith('public')) {
    response.writeHead(status, status === PARTIAL ? { ...headers, ...untransformed(headers) } : headers)
    return
  }
  // Caches give the answer to everybody, so it must not carry the cookie of one user. Session middlewares add theirs
  // at the last moment, in a `writeHead` of their own that they have put on this one response: go past it.
  response.removeHeader('Set-Cookie')
  const { prototype } = response.constructor as { prototype: ServerResponse }
  prototype.writeHead.call(response, status, headers)
}

/** A part of a file is of its bytes as they are. Compressed by a middleware, it would be a part of nothing. */
function untransformed(headers: FileAnswer['headers']): FileAnswer['headers'] {
  const caching = headers['Cache-Control']
  return { 'Cache-Control': caching === undefined ? 'no-transform' : `${caching}, no-transform` }
}

/** What the answer depends on, also for what an earlier middleware has said of it. */
function varyWith(response: ServerResponse, name: string): string {
  const earlier = [response.getHeader('Vary') ?? []].flat().join(', ')
  const names = earlier.split(',').map((one) => one.trim().toLowerCase())
  if (names.includes('*') || names.includes(name.toLowerCase())) return earlier
  return earlier.trim() === '' ? name : `${earlier}, ${name}`
}
