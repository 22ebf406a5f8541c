import { FiledepotError } from '@filedepot/core'
import { describe } from '@filedepot/core/backend'
import { isBroken, isUploadedFile, isVerified } from '@filedepot/core/integration'
import type { Disposition } from './content-headers.ts'
import type { FileHandlerSettings } from './file-handler-options.ts'
import type { FileRequest, RequestedFile } from './file-request.ts'
import type { FileUrl } from './file-url.ts'

/** That a request may have its file, and why. */
export interface Grant {
  readonly by: 'public' | 'signature' | 'authorize'
  /** How the file is to be shown, if a signature says it. */
  readonly wish: Disposition | undefined
  /** The name to save the file under, if a signature or the value of a row says it. */
  readonly filename: string | undefined
  /** For how many seconds the grant holds. */
  readonly remaining: number
}

const PUBLIC: Grant = { by: 'public', wish: undefined, filename: undefined, remaining: Infinity }
const AUTHORIZED: Grant = { by: 'authorize', wish: undefined, filename: undefined, remaining: Infinity }

/** A grant, the status to refuse the request with, or the error of an `authorize` that answered neither yes nor no. */
type Access = Grant | 401 | 403 | 404 | FiledepotError

/** Whether a request may have its file. A promise only where `authorize` is asked, as each costs some of an answer. */
export function decideAccess<Context>(
  settings: FileHandlerSettings<Context>,
  request: FileRequest,
  {
    url,
    file,
    isPublic,
    context,
  }: { url: FileUrl; file: RequestedFile; isPublic: boolean; context: Context },
): Access | Promise<Access> {
  const { signer } = settings
  const claims = signer?.verify(`${url.storage}/${url.id}`, url.query)
  if (claims === 'refused') return 403
  if (claims) {
    const remaining = Math.max(0, claims.expires - Math.ceil(Date.now() / 1000))
    return { by: 'signature', wish: claims.disposition, filename: claims.filename, remaining }
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
  const verdict: unknown = authorize ? await authorize(request, file, context) : false
  if (verdict === true) return AUTHORIZED
  if (verdict === 'public') return PUBLIC
  if (verdict === false) return 403
  if (verdict === 401 || verdict === 403 || verdict === 404) return verdict
  const named = namedBy(verdict, file)
  if (named) return named
  return new FiledepotError(
    'INVALID_VERDICT',
    `Expected authorize to answer true, "public", its uploaded file, false, 401, 403 or 404 for "${file.path}", got ` +
      `${describe(verdict)}: ` +
      'the request is refused with 403',
  )
}

/** The grant of a value that has the file, as a row holds it. A value of somebody's JSON opens nothing. */
function namedBy(value: unknown, { path }: RequestedFile): Grant | undefined {
  if (!isUploadedFile(value) || value.isPending || isBroken(value) || !isVerified(value)) return undefined
  if (!value.files.includes(path)) return undefined
  return value.path === path ? { ...AUTHORIZED, filename: value.filename } : AUTHORIZED
}

/**
 * Which pages may load the file: any page if it is public. If the cookie of a user opens it, a page of another site must
 * not get its bytes into its process.
 */
export function resourcePolicyOf({ by }: Grant): string {
  return by === 'public' ? 'cross-origin' : 'same-site'
}

/** How long an answer may be kept, in seconds, and how. */
export interface Caching {
  readonly maxAge: number
  /** False if it must not be given to others than who asked. */
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
