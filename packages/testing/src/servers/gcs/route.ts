import type { IncomingMessage } from 'node:http'

/** The kinds of requests that the server knows, by which it counts and fails them. */
export type GcsRequestKind =
  | 'buckets.insert'
  | 'buckets.get'
  | 'objects.insert'
  | 'objects.get'
  | 'objects.download'
  | 'objects.list'
  | 'objects.patch'
  | 'objects.delete'
  | 'objects.rewrite'
  | 'uploads.start'
  | 'uploads.put'
  | 'uploads.status'
  | 'uploads.cancel'
  | 'xml.get'
  | 'xml.put'
  | 'xml.post'
  | 'unknown'

/** What a request asks for. */
export interface Route {
  readonly kind: GcsRequestKind
  readonly bucket: string
  readonly object: string
  /** The target of a rewrite. */
  readonly target?: { readonly bucket: string; readonly object: string }
}

const UPLOAD = /^(?:\/resumable)?\/upload\/storage\/v1\/b\/([^/]+)\/o$/
// Without /storage/v1 where the client was pointed here by STORAGE_EMULATOR_HOST.
const JSON_API = /^(?:\/download)?(?:\/storage\/v1)?\/b(\/.*)?$/
/** Objects of the XML API have any path below their bucket's. */
const XML_API = /^\/([^/]+)\/?(.*)$/

/** Finds out what a request asks for, without doing anything yet. */
export function routeOf({ method = 'GET', headers }: IncomingMessage, url: URL): Route {
  const upload = UPLOAD.exec(url.pathname)
  if (upload?.[1] !== undefined) {
    return { kind: uploadKind(method, url, headers['content-range']), bucket: decode(upload[1]), object: '' }
  }
  const json = url.searchParams.has('X-Goog-Signature') ? null : JSON_API.exec(url.pathname)
  if (json) return jsonRoute(method, (json[1] ?? '').split('/').slice(1).map(decode), url)
  const [, bucket = '', object = ''] = XML_API.exec(url.pathname) ?? []
  const kinds: Record<string, GcsRequestKind> = {
    GET: 'xml.get',
    HEAD: 'xml.get',
    PUT: 'xml.put',
    POST: 'xml.post',
  }
  return { kind: kinds[method] ?? 'unknown', bucket: decode(bucket), object: decode(object) }
}

function uploadKind(method: string, url: URL, range: string | undefined): GcsRequestKind {
  if (!url.searchParams.has('upload_id')) {
    return url.searchParams.get('uploadType') === 'resumable' ? 'uploads.start' : 'objects.insert'
  }
  if (method === 'DELETE') return 'uploads.cancel'
  return range?.startsWith('bytes */') ? 'uploads.status' : 'uploads.put'
}

function jsonRoute(method: string, parts: readonly string[], url: URL): Route {
  const [bucket = '', collection, object, action, ...rest] = parts
  const named = { bucket, object: object ?? '' }
  if (collection === undefined) {
    return { kind: { POST: 'buckets.insert', GET: 'buckets.get' }[method] ?? unknown, ...named } as Route
  }
  if (collection !== 'o') return { kind: unknown, ...named }
  if (object === undefined) return { kind: method === 'GET' ? 'objects.list' : unknown, ...named }
  if (action === 'rewriteTo' && method === 'POST') {
    return { kind: 'objects.rewrite', ...named, target: { bucket: rest[1] ?? '', object: rest[3] ?? '' } }
  }
  const kinds: Record<string, GcsRequestKind> = {
    GET: url.searchParams.get('alt') === 'media' ? 'objects.download' : 'objects.get',
    PATCH: 'objects.patch',
    DELETE: 'objects.delete',
  }
  return { kind: kinds[method] ?? unknown, ...named }
}

const unknown: GcsRequestKind = 'unknown'
const decode = decodeURIComponent
