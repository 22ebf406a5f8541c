import { hasCode, type DepotManager, type StoredFile } from '@filedepot/core'
import { cacheControlOf, decideAccess, type Grant } from './access.ts'
import { requestedRange } from './byte-range.ts'
import { ContentHeaders } from './content-headers.ts'
import { refusal, type FileAnswer } from './file-answer.ts'
import type { FileHandlerSettings } from './file-handler-options.ts'
import type { FileRequest } from './file-request.ts'
import { parseFileUrl } from './file-url.ts'
import { locateFile, type LocatedFile } from './located-file.ts'
import { checkPreconditions } from './preconditions.ts'
import { Redirects, type RedirectTarget } from './redirects.ts'
import { sendfileHeader } from './sendfile.ts'
import { validatorsOf } from './validators.ts'

/** Finds the answer to a request, without touching the bytes of a file. */
export class RequestAnswerer<Context> {
  readonly #depot: DepotManager
  readonly #settings: FileHandlerSettings<Context>
  readonly #content: ContentHeaders
  readonly #redirects: Redirects

  constructor(depot: DepotManager, settings: FileHandlerSettings<Context>) {
    this.#depot = depot
    this.#settings = settings
    this.#content = new ContentHeaders(settings.inlineTypes, settings.contentSecurityPolicy)
    this.#redirects = new Redirects(settings.redirectExpiresIn)
  }

  /** `undefined` where the request is not for a file, but for the application. */
  async answer(request: FileRequest, context: Context): Promise<FileAnswer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const url = parseFileUrl(this.#settings.mountPath, request.url)
    if (url === undefined) return undefined
    const file = url === 'none' ? undefined : locateFile(this.#depot, url.storage, url.id)
    if (url === 'none' || !file) return refusal(404)

    const grant = await decideAccess(this.#settings, request, { url, file, context })
    if (typeof grant === 'number') return refusal(grant)
    try {
      return (await this.#redirect(request, file, grant)) ?? (await this.#serve(request, file, grant))
    } catch (error) {
      if (hasCode(error, 'FILE_NOT_FOUND')) return refusal(404)
      throw error
    }
  }

  /** Sends the client to the storage itself, where that is wanted and can be. */
  async #redirect(request: FileRequest, file: LocatedFile, grant: Grant): Promise<FileAnswer | undefined> {
    const { id, backing: storage } = file
    if (this.#settings.delivery !== 'redirect') return undefined
    if (!this.#redirects.isFor(storage, id, request.method)) return undefined
    const remembered = this.#redirects.remembered(storage, id, grant)
    if (remembered) return redirection(remembered, grant)
    const disposition = this.#content.dispositionOf(await file.open(), grant.wish)
    const made = await this.#redirects.make(storage, id, grant, disposition)
    return made && redirection(made, grant)
  }

  async #serve(request: FileRequest, file: LocatedFile, grant: Grant): Promise<FileAnswer> {
    const stored = await file.open()
    const { maxAge, immutable, sendfile } = this.#settings
    const validators = validatorsOf(stored)
    const headers = {
      'Cache-Control': cacheControlOf(grant, { maxAge, immutable, shared: true }),
      ETag: validators.etag,
      'Last-Modified': validators.lastModified,
    }
    const status = checkPreconditions(request, validators)
    if (status === 412) return refusal(412)
    if (status === 304) return { status, headers }

    const content = { ...headers, ...this.#content.of(stored, grant.wish) }
    const sent = sendfile && (await sendfileHeader(sendfile, file.backing.backend, file.id))
    if (sent) return { status: 200, headers: { ...content, ...sent } }
    if (request.method === 'HEAD')
      return { status: 200, headers: { ...content, ...lengthHeaders(stored.size) } }
    const range = requestedRange(request, stored.size, validators)
    if (range === 'unsatisfiable') return refusal(416, { 'Content-Range': `bytes */${stored.size}` })
    if (!range) return whole(stored, content)
    const { start, end } = range
    const length = end - start + 1
    return {
      status: 206,
      headers: {
        ...content,
        ...lengthHeaders(length),
        'Content-Range': `bytes ${start}-${end}/${stored.size}`,
      },
      body: { file: stored, range, length },
    }
  }
}

function whole(file: StoredFile, headers: Record<string, string>): FileAnswer {
  return {
    status: 200,
    headers: { ...headers, ...lengthHeaders(file.size) },
    body: { file, range: undefined, length: file.size },
  }
}

function lengthHeaders(length: number): Record<string, string> {
  return { 'Accept-Ranges': 'bytes', 'Content-Length': String(length) }
}

function redirection({ url, maxAge, shared }: RedirectTarget, grant: Grant): FileAnswer {
  return {
    status: 302,
    headers: {
      'Cache-Control': cacheControlOf(grant, { maxAge, shared, immutable: false }),
      'Content-Length': '0',
      Location: url,
    },
  }
}
