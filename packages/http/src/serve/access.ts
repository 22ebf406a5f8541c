import type { Disposition } from './content-headers.ts'
import type { FileHandlerSettings } from './file-handler-options.ts'
import type { FileRequest, RequestedFile } from './file-request.ts'
import type { FileUrl } from './file-url.ts'

/** That a request may have its file, and why. */
export interface Grant {
  readonly by: 'public' | 'signature' | 'authorize'
  /** How the file is to be shown, where a signature says it. */
  readonly wish: Disposition | undefined
  /** For how many seconds the grant holds. */
  readonly remaining: number
}

const PUBLIC: Grant = { by: 'public', wish: undefined, remaining: Infinity }
const AUTHORIZED: Grant = { by: 'authorize', wish: undefined, remaining: Infinity }

/** What access was decided to be: a grant, or the status to refuse the request with. */
type Access = Grant | 401 | 403 | 404

/** Whether a request may have its file. A promise only where `authorize` is asked, as each costs some of an answer. */
export function decideAccess<Context>(
  settings: FileHandlerSettings<Context>,
  request: FileRequest,
  { url, file, context }: { url: FileUrl; file: RequestedFile; context: Context },
): Access | Promise<Access> {
  const { signer, public: isPublic } = settings
  const claims = signer?.verify(`${url.storage}/${url.id}`, url.query)
  if (claims === 'refused') return 403
  if (claims) {
    const remaining = Math.max(0, claims.expires - Math.ceil(Date.now() / 1000))
    return { by: 'signature', wish: claims.disposition, remaining }
  }
  if (isPublic) return PUBLIC
  return askApplication(settings, request, file, context)
}

async function askApplication<Context>(
  { authorize }: FileHandlerSettings<Context>,
  request: FileRequest,
  file: RequestedFile,
  context: Context,
): Promise<Access> {
  const verdict = (await authorize?.(request, file, context)) ?? false
  if (verdict === true) return AUTHORIZED
  return verdict === false ? 403 : verdict
}

/** How long an answer may be kept, in seconds, and how. */
export interface Caching {
  readonly maxAge: number
  /** False where it must not be given to others than who asked. */
  readonly shared: boolean
  readonly immutable: boolean
}

/** The `Cache-Control` of what a grant has let through. */
export function cacheControlOf({ by, remaining }: Grant, { maxAge, shared, immutable }: Caching): string {
  // What one user may read is no business of caches, and tomorrow the user may have no right to it any more.
  if (by === 'authorize') return 'private, no-cache'
  const scope = by === 'public' && shared ? 'public' : 'private'
  return `${scope}, max-age=${Math.min(maxAge, remaining)}${immutable ? ', immutable' : ''}`
}
