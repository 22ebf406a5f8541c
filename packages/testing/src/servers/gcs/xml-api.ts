import type { IncomingHttpHeaders } from 'node:http'
import { sendEmpty } from './answers.ts'
import type { Buckets } from './buckets.ts'
import type { Call } from './json-api.ts'
import { parseForm } from './parse-form.ts'
import { checkPostPolicy } from './post-policy.ts'
import { Refusal } from './refusal.ts'
import { readBody } from './request-body.ts'
import type { GcsRequestKind } from './route.ts'
import { sendMedia } from './send-media.ts'
import { checkSignedUrl, type SigningKeys } from './signed-url.ts'
import type { ObjectFields } from './stored-object.ts'

const META = 'x-goog-meta-'

/** What answers the requests of the XML API that come without a token: signed ones, forms, and reads of what is public. */
export function xmlApi(
  buckets: Buckets,
  keys: SigningKeys,
): Partial<Record<GcsRequestKind, (call: Call) => Promise<void> | void>> {
  return {
    'xml.get': ({ request, response, route, url, params }) => {
      const signed = params.has('X-Goog-Signature')
      if (signed) checkSignedUrl(request, url, keys)
      const object = buckets.get(route.bucket).find(route.object)
      if (!signed && !object?.isPublic) {
        const message = 'Anonymous caller does not have storage.objects.get access.'
        throw new Refusal(403, 'AccessDenied', message)
      }
      if (!object) throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.')
      sendMedia(request, response, object, overridesOf(params))
    },
    'xml.put': async ({ request, response, route, url }) => {
      checkSignedUrl(request, url, keys)
      const bytes = await readBody(request)
      checkLengthRange(request.headers['x-goog-content-length-range'], bytes.byteLength)
      const bucket = buckets.get(route.bucket)
      bucket.put(route.object, bytes, fieldsOfHeaders(request.headers), paramsOfHeaders(request.headers))
      sendEmpty(response, 200)
    },
    'xml.post': async ({ request, response, route }) => {
      const form = parseForm(await readBody(request), request.headers['content-type'])
      checkPostPolicy(form, route.bucket, keys)
      const acl = form.fields.get('acl')
      const params = new URLSearchParams(acl === undefined ? {} : { predefinedAcl: cannedAcl(acl) })
      const fields = fieldsOfPairs([...form.fields].map(([name, value]) => [name.toLowerCase(), value]))
      buckets.get(route.bucket).put(form.fields.get('key') ?? '', form.file, fields, params)
      sendEmpty(response, Number(form.fields.get('success_action_status') ?? 204))
    },
  }
}

function overridesOf(params: URLSearchParams): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const name of ['content-disposition', 'content-type']) {
    const value = params.get(`response-${name}`)
    if (value !== null) overrides[name] = value
  }
  return overrides
}

/** `0,1000`: the least and the most bytes that a signed upload may have. */
function checkLengthRange(header: string | string[] | undefined, size: number): void {
  if (header === undefined) return
  const [least = 0, most = Infinity] = String(header).split(',').map(Number)
  if (size < least) throw new Refusal(400, 'EntityTooSmall', 'Your proposed upload is too small.')
  if (size > most) throw new Refusal(400, 'EntityTooLarge', 'Your proposed upload is too large.')
}

function fieldsOfHeaders(headers: IncomingHttpHeaders): ObjectFields {
  return fieldsOfPairs(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

function fieldsOfPairs(pairs: readonly (readonly [string, string])[]): ObjectFields {
  const named = new Map(pairs)
  const optional = {
    contentType: named.get('content-type'),
    contentDisposition: named.get('content-disposition'),
    storageClass: named.get('x-goog-storage-class'),
    md5Hash: named.get('content-md5'),
  }
  const custom = pairs.filter(([name]) => name.startsWith(META))
  return {
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    metadata: Object.fromEntries(custom.map(([name, value]) => [name.slice(META.length), value])),
  }
}

/** The preconditions and the access list that headers of the XML API say, as the JSON API has them. */
function paramsOfHeaders(headers: IncomingHttpHeaders): URLSearchParams {
  const params = new URLSearchParams()
  const generation = headers['x-goog-if-generation-match']
  if (generation !== undefined) params.set('ifGenerationMatch', String(generation))
  const acl = headers['x-goog-acl']
  if (acl !== undefined) params.set('predefinedAcl', cannedAcl(String(acl)))
  return params
}

/** `public-read` of the XML API is `publicRead` of the JSON API. */
function cannedAcl(acl: string): string {
  return acl.replace(/-(.)/g, (_, char: string) => char.toUpperCase())
}
