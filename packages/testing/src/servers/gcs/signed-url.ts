import { createHash, createVerify } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

const ALGORITHM = 'GOOG4-RSA-SHA256'

/** Keys by the e-mail address of their service account, as PEM: a public one, or a private one whose public half counts. */
export type SigningKeys = Readonly<Record<string, string>>

/**
 * Refuses unless the request is one that the URL was signed for (V4): the method, the path, the query and the signed
 * headers are as they were, and the time is not over.
 */
export function checkSignedUrl(request: IncomingMessage, url: URL, keys: SigningKeys): void {
  const params = url.searchParams
  const [account = '', ...scope] = (params.get('X-Goog-Credential') ?? '').split('/')
  const date = params.get('X-Goog-Date') ?? ''
  const key = keys[account]
  if (params.get('X-Goog-Algorithm') !== ALGORITHM || key === undefined) {
    throw new Refusal(403, 'AccessDenied', 'Access denied.')
  }
  checkTime(date, Number(params.get('X-Goog-Expires')))

  const signature = params.get('X-Goog-Signature') ?? ''
  const query = canonicalQuery(params)
  for (const host of hostsOf(request)) {
    const canonical = canonicalRequest(request, url.pathname, query, params, host)
    const text = [ALGORITHM, date, scope.join('/'), sha256Hex(canonical)].join('\n')
    if (createVerify('RSA-SHA256').update(text).verify(key, signature, 'hex')) return
  }
  throw new Refusal(403, 'SignatureDoesNotMatch', 'Access denied.')
}

/** The official client signs the host without its port. */
function hostsOf({ headers: { host = '' } }: IncomingMessage): string[] {
  return [host, host.replace(/:\d+$/, '')]
}

function checkTime(date: string, expiresIn: number): void {
  const signedAt = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Date.now() <= signedAt + expiresIn * 1000)) {
    throw new Refusal(400, 'ExpiredToken', 'The provided token has expired.')
  }
}

function canonicalRequest(
  request: IncomingMessage,
  path: string,
  query: string,
  params: URLSearchParams,
  host: string,
): string {
  const names = (params.get('X-Goog-SignedHeaders') ?? '').split(';')
  const headers = names.map((name) => {
    const value = name === 'host' ? host : String(request.headers[name] ?? '')
    return `${name}:${value.trim().replace(/\s{2,}/g, ' ')}\n`
  })
  return [request.method, path, query, headers.join(''), names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n')
}

function canonicalQuery(params: URLSearchParams): string {
  return [...params]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
