import { FiledepotError, hasCode, type DepotManager, type StoredFile } from '@filedepot/core'
import { cacheControlOf, decideAccess, resourcePolicyOf, type Grant } from './access.ts'
import { requestedRange } from './byte-range.ts'
import { Charsets } from './charsets.ts'
import { Cors } from './cors.ts'
import { ContentHeaders } from './content-headers.ts'
import { refusal, type FileAnswer } from './file-answer.ts'
import type { CachingOptions, FileHandlerSettings } from './file-handler-options.ts'
import type { FileRequest } from './file-request.ts'
import { parseFileUrl } from './file-url.ts'
import { locateFile, LocatedFile } from './located-file.ts'
import { checkPreconditions } from './preconditions.ts'
import { Redirects, type RedirectTarget } from './redirects.ts'
import { SeenFiles } from './seen-files.ts'
import { sendfileHeader } from './sendfile.ts'
import { cacheValidatorsOf, type CacheValidators } from './cache-validators.ts'

/** Finds the answer to a request. Of the bytes of a file, it only looks at the start of a text, for its charset. */
export class RequestAnswerer<Context> {
  readonly #depot: DepotManager
  readonly #settings: FileHandlerSettings<Context>
  readonly #content: ContentHeaders
  readonly #charsets = new Charsets()
  readonly #redirects: Redirects
  readonly #seen = new SeenFiles()
  readonly #cors: Cors | undefined

  constructor(depot: DepotManager, settings: FileHandlerSettings<Context>) {
    this.#depot = depot
    this.#settings = settings
    this.#content = new ContentHeaders(settings.inlineTypes, settings.contentSecurityPolicy)
    this.#redirects = new Redirects(settings.redirectExpiresIn)
    this.#cors = settings.cors && new Cors(settings.cors)
  }

  /** `undefined` where the request is not for a file, but for the application. */
  async answer(request: FileRequest, context: Context): Promise<FileAnswer | undefined> {
    const cors = this.#cors
    if (!cors) return await this.#answer(request, context)
    const isPreflight = cors.isPreflight(request) && parseFileUrl(this.#settings.mountPath, request.url)
    const answer = isPreflight ? cors.preflight() : await this.#answer(request, context)
    return answer && cors.addHeaders(answer, request)
  }

  async #answer(request: FileRequest, context: Context): Promise<FileAnswer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const url = parseFileUrl(this.#settings.mountPath, request.url)
    if (url === undefined) return undefined
    const file = url === 'none' ? undefined : locateFile(this.#depot, url.storage, url.id)
    if (url === 'none' || !file) return refusal(404)

    const decided = decideAccess(this.#settings, request, {
      url,
      file,
      isPublic: this.#isPublic(file.storage),
      context,
    })
    const grant = decided instanceof Promise ? await decided : decided
    if (typeof grant === 'number') return refusal(grant)
    if (grant instanceof FiledepotError) {
      this.#settings.onError(grant, request)
      return refusal(403)
    }
    // Not before: who may not read must not learn which storages there are.
    if (!(file instanceof LocatedFile)) return refusal(404)
    try {
      const redirected = this.#mayRedirect(request, file) ? await this.#redirect(file, grant) : undefined
      return redirected ?? (await this.#serve(request, file, grant))
    } catch (error) {
      if (hasCode(error, 'FILE_NOT_FOUND')) return refusal(404)
      if (!hasCode(error, 'CORRUPT_FILE')) throw error
      // One damaged file must not look as if the application were broken, so only `onError` is told.
      this.#settings.onError(error, request)
      return refusal(404)
    }
  }

  #isPublic(storage: string): boolean {
    const { public: names } = this.#settings
    if (typeof names === 'boolean') return names
    return names.some((name) => this.#isNameOf(name, storage))
  }

  /** True for an alias, too. */
  #isNameOf(name: string, storage: string): boolean {
    return name === storage || (this.#depot.has(name) && this.#depot.get(name).name === storage)
  }

  /** @param stored for the name, which may have changed where the bytes have not */
  #unchanged(
    validators: CacheValidators,
    grant: Grant,
    caching: Required<CachingOptions>,
    stored?: StoredFile,
  ): FileAnswer {
    const headers = this.#headersOf(validators, grant, caching)
    if (stored && grant.filename !== undefined) {
      headers['Content-Disposition'] = this.#content.dispositionHeader(stored, grant)
    }
    return { status: 304, headers }
  }

  #headersOf(
    { etag, lastModified }: CacheValidators,
    grant: Grant,
    { maxAge, immutable }: Required<CachingOptions>,
  ): Record<string, string> {
    return {
      'Cache-Control': cacheControlOf(grant, { maxAge, immutable, shared: true }),
      'Cross-Origin-Resource-Policy': resourcePolicyOf(grant),
      ETag: etag,
      'Last-Modified': lastModified,
    }
  }

  /** Without a copy if nothing is said of the storage. */
  #cachingOf(storage: string): Required<CachingOptions> {
    const { caching, maxAge, immutable } = this.#settings
    const names = Object.keys(caching)
    const name = names.find((one) => one === storage) ?? names.find((one) => this.#isNameOf(one, storage))
    const own = name === undefined ? undefined : caching[name]
    return own ? { maxAge: own.maxAge ?? maxAge, immutable: own.immutable ?? immutable } : this.#settings
  }

  #mayRedirect({ method }: FileRequest, { id, backing }: LocatedFile): boolean {
    return this.#settings.delivery === 'redirect' && this.#redirects.isFor(backing, id, method)
  }

  /** Sends the client to the storage itself, if it has a URL. */
  async #redirect(file: LocatedFile, grant: Grant): Promise<FileAnswer | undefined> {
    const { id, backing: storage } = file
    const remembered = this.#redirects.remembered(storage, id, grant)
    if (remembered) return redirection(remembered, grant)
    const stored = await file.open()
    const disposition = this.#content.dispositionOf(stored, grant.wish)
    const { contentType } = stored
    const made = await this.#redirects.make(storage, id, grant, { disposition, contentType })
    return made && redirection(made, grant)
  }

  async #serve(request: FileRequest, file: LocatedFile, grant: Grant): Promise<FileAnswer> {
    const { sendfile, stallTimeout } = this.#settings
    const caching = this.#cachingOf(file.storage)
    const seen =
      caching.immutable && grant.filename === undefined ? this.#seen.cacheValidatorsOf(file.path) : undefined
    if (seen && checkPreconditions(request, seen) === 304) return this.#unchanged(seen, grant, caching)

    const stored = await file.open()
    const validators = cacheValidatorsOf(stored)
    if (caching.immutable) this.#seen.add(file.path, validators)
    const status = checkPreconditions(request, validators)
    if (status === 412) return refusal(412)
    if (status === 304) return this.#unchanged(validators, grant, caching, stored)

    // Set one by one from here on: copies of objects were a quarter of what an answer takes.
    const headers = this.#headersOf(validators, grant, caching)

    this.#content.addTo(headers, stored, grant)
    const type = this.#charsets.addTo(headers['Content-Type'] ?? '', stored)
    headers['Content-Type'] = typeof type === 'string' ? type : await type
    const sent = sendfile && (await sendfileHeader(sendfile, file.backing.backend, file.id))
    if (sent) return { status: 200, headers: { ...headers, ...sent } }
    headers['Accept-Ranges'] = 'bytes'
    const isHead = request.method === 'HEAD'
    const range = isHead ? undefined : requestedRange(request, stored.size, validators)
    if (range === 'unsatisfiable') return refusal(416, { 'Content-Range': `bytes */${stored.size}` })
    const length = range ? range.end - range.start + 1 : stored.size
    headers['Content-Length'] = String(length)
    if (isHead) return { status: 200, headers }
    if (range) headers['Content-Range'] = `bytes ${range.start}-${range.end}/${stored.size}`
    return { status: range ? 206 : 200, headers, body: { file: stored, range, length, stallTimeout } }
  }
}

function redirection({ url, maxAge, shared }: RedirectTarget, grant: Grant): FileAnswer {
  return {
    status: 302,
    headers: {
      'Cache-Control': cacheControlOf(grant, { maxAge, shared, immutable: false }),
      'Content-Length': '0',
      'Cross-Origin-Resource-Policy': resourcePolicyOf(grant),
      Location: url,
    },
  }
}
