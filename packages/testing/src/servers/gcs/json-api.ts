import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendEmpty, sendJson } from './answers.ts'
import type { BucketMetadata, Buckets } from './buckets.ts'
import { listObjects } from './list-objects.ts'
import { checkPreconditions } from './preconditions.ts'
import { readBody, readJson, splitRelated } from './request-body.ts'
import type { GcsRequestKind, Route } from './route.ts'
import { sendMedia } from './send-media.ts'
import { fieldsOf, patchObject, type ObjectFields } from './stored-object.ts'
import type { UploadProgress, UploadSessions } from './upload-sessions.ts'

/** A request, what it asks for, and what it is to be answered with. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly params: URLSearchParams
  readonly route: Route
}

type Handler = (call: Call) => Promise<void> | void

/** What answers each kind of request of the JSON API, uploads included. */
export function jsonApi(
  buckets: Buckets,
  sessions: UploadSessions,
): Partial<Record<GcsRequestKind, Handler>> {
  return {
    'buckets.insert': async ({ request, response }) => {
      sendJson(response, buckets.create(await readJson<Partial<BucketMetadata>>(request)).metadata)
    },
    'buckets.get': ({ response, route }) => {
      sendJson(response, buckets.get(route.bucket).metadata)
    },
    'objects.list': ({ response, route, params }) => {
      sendJson(response, listObjects(buckets.get(route.bucket), params))
    },
    'objects.get': ({ response, route, params }) => {
      const object = buckets.get(route.bucket).get(route.object, params)
      checkPreconditions(params, object)
      sendJson(response, object.metadata)
    },
    'objects.download': ({ request, response, route, params }) => {
      const object = buckets.get(route.bucket).get(route.object, params)
      checkPreconditions(params, object)
      sendMedia(request, response, object)
    },
    'objects.delete': ({ response, route, params }) => {
      buckets.get(route.bucket).delete(route.object, params)
      sendEmpty(response, 204)
    },
    'objects.patch': async ({ request, response, route, params }) => {
      const fields = await readJson<ObjectFields>(request)
      const object = buckets.get(route.bucket).get(route.object, params)
      checkPreconditions(params, object)
      patchObject(object, fields)
      sendJson(response, object.metadata)
    },
    'objects.rewrite': async ({ request, response, route, params }) => {
      const fields = await readJson<ObjectFields>(request)
      const source = buckets.get(route.bucket).get(route.object, params, 'sourceGeneration')
      checkPreconditions(params, source, 'ifSource')
      const { bucket = '', object: name = '' } = route.target ?? {}
      // A body replaces all of the metadata, none keeps them.
      const kept = Object.keys(fields).length > 0 ? fields : fieldsOf(source)
      const copy = buckets.get(bucket).put(name, source.bytes, kept, params)
      const size = copy.metadata.size
      const progress = { totalBytesRewritten: size, objectSize: size, done: true }
      sendJson(response, { kind: 'storage#rewriteResponse', ...progress, resource: copy.metadata })
    },
    'objects.insert': async ({ request, response, route, params }) => {
      const body = await readBody(request)
      const contentType = request.headers['content-type'] ?? ''
      const related = params.get('uploadType') === 'multipart' ? splitRelated(body, contentType) : undefined
      const fields = related
        ? { contentType: related.type, ...(JSON.parse(related.json) as ObjectFields & { name?: string }) }
        : { contentType }
      const name = params.get('name') ?? ('name' in fields ? fields.name : undefined) ?? ''
      const object = buckets.get(route.bucket).put(name, related?.bytes ?? body, fields, params)
      sendJson(response, object.metadata)
    },
    'uploads.start': async ({ request, response, route, url, params }) => {
      const fields = await readJson<ObjectFields & { name?: string }>(request)
      const contentType = request.headers['x-upload-content-type']
      const typed = { ...(contentType !== undefined && { contentType: String(contentType) }), ...fields }
      const id = sessions.start(route.bucket, params.get('name') ?? fields.name ?? '', typed, params)
      const location = `${url.origin}${url.pathname}?uploadType=resumable&upload_id=${id}`
      sendEmpty(response, 200, { location, 'x-guploader-uploadid': id })
    },
    'uploads.put': async ({ request, response, params }) => {
      sendProgress(response, await sessions.put(params.get('upload_id') ?? '', request))
    },
    'uploads.status': async ({ request, response, params }) => {
      await readBody(request)
      sendProgress(response, sessions.status(params.get('upload_id') ?? ''))
    },
    'uploads.cancel': ({ response, params }) => {
      sessions.cancel(params.get('upload_id') ?? '')
      sendEmpty(response, 499)
    },
  }
}

function sendProgress(response: ServerResponse, progress: UploadProgress): void {
  if ('done' in progress) sendJson(response, progress.done)
  else sendEmpty(response, 308, progress.received > 0 ? { range: `bytes=0-${progress.received - 1}` } : {})
}
