import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal } from './refusal.ts'
import type { StoredObject } from './stored-object.ts'

/** Sends the bytes of an object, or the part of them that the header `range` asks for. */
export function sendMedia(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, metadata }: StoredObject,
  overrides: Readonly<Record<string, string>> = {},
): void {
  const range = parseRange(request.headers.range, bytes.byteLength)
  const part = range ? bytes.subarray(range.start, range.end + 1) : bytes
  response.writeHead(range ? 206 : 200, {
    'content-type': metadata.contentType ?? 'application/octet-stream',
    'content-length': String(part.byteLength),
    'x-goog-generation': metadata.generation,
    'x-goog-metageneration': metadata.metageneration,
    'x-goog-hash': `crc32c=${metadata.crc32c},md5=${metadata.md5Hash}`,
    'x-goog-stored-content-length': metadata.size,
    'x-goog-stored-content-encoding': metadata.contentEncoding ?? 'identity',
    'last-modified': new Date(metadata.updated).toUTCString(),
    etag: `"${metadata.etag}"`,
    ...(metadata.contentDisposition && { 'content-disposition': metadata.contentDisposition }),
    ...(metadata.cacheControl && { 'cache-control': metadata.cacheControl }),
    ...(metadata.contentEncoding && { 'content-encoding': metadata.contentEncoding }),
    ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${bytes.byteLength}` }),
    ...overrides,
  })
  response.end(request.method === 'HEAD' ? undefined : part)
}

/** The offsets of a single range, both included; `undefined` where there is none that is understood. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from !== '' && to !== '' ? Math.min(Number(to), size - 1) : size - 1
  if (start < size && start <= end) return { start, end }
  throw new Refusal(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable', {
    'content-range': `bytes */${size}`,
  })
}
