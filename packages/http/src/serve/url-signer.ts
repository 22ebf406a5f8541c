import { FiledepotError, type DepotManager, type FileUrlSigner, type SignedUrlOptions } from '@filedepot/core'
import { cleanFilename } from '@filedepot/core/backend'
import { isUploadedFile, isVerified } from '@filedepot/core/integration'
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Disposition } from './content-headers.ts'

/** Options of {@link UrlSigner}. */
export interface UrlSignerOptions {
  /**
   * Secrets of at least 32 bytes, such as `openssl rand -base64 32` makes. The first one signs; URLs that another one
   * has signed are good, too. To change the secret, put the new one in front, and take the old one away when the last
   * URL that it signed has expired.
   */
  keys: readonly (string | Uint8Array)[]
}

/** What a good signature says. */
export interface SignedClaims {
  /** In seconds since 1970. */
  readonly expires: number
  /** How the file is to be shown, if the URL says it. */
  readonly disposition: Disposition | undefined
  /** The name under which the file is saved, if the URL says it. */
  readonly filename: string | undefined
}

const DEFAULT_SECONDS = 900
const MIN_KEY_BYTES = 32
const PARAMETERS = ['expires', 'disposition', 'filename', 'signature'] as const

/**
 * Signs URLs with HMAC-SHA256. Anyone with such a URL can read one file until it expires. Another process than the one that
 * serves can sign too, with the same key.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { createFileHandler, UrlSigner } from '@filedepot/http'
 *
 * const signer = new UrlSigner(depot, { keys: [process.env.FILE_URL_KEY ?? ''] })
 * const handler = createFileHandler(depot, { signer })
 *
 * // Also where a value is asked, if its storage cannot sign by itself: await recipe.photo.signedUrl({ expiresIn: 60 })
 * depot.urlSigner = signer
 * ```
 */
export class UrlSigner implements FileUrlSigner {
  readonly #depot: Pick<DepotManager, 'urlFor'>
  readonly #keys: readonly Buffer[]

  /** @throws FiledepotError `INVALID_ARGUMENT` where there is no key, or one that is too short */
  constructor(depot: Pick<DepotManager, 'urlFor'>, { keys }: UrlSignerOptions) {
    this.#depot = depot
    this.#keys = keys.map((key) => Buffer.from(key as string))
    const shortest = Math.min(...this.#keys.map((key) => key.byteLength))
    if (keys.length === 0 || shortest < MIN_KEY_BYTES) {
      const got = keys.length === 0 ? 'none' : `one of ${shortest}`
      throw new FiledepotError(
        'INVALID_ARGUMENT',
        `Expected keys to be secrets of at least ${MIN_KEY_BYTES} bytes, got ${got}`,
      )
    }
  }

  /**
   * A URL by which anyone can read the file until it expires. An `inline` disposition shows only what is harmless in
   * the window. The file is saved under the name of an uploaded file, or the one that you give.
   *
   * ```ts
   * import { depot, type UploadedFile } from '@filedepot/core'
   * import { UrlSigner } from '@filedepot/http'
   *
   * function downloadLink(signer: UrlSigner, invoice: UploadedFile): string {
   *   return signer.signUrl(invoice, { expiresIn: 300, disposition: 'attachment' })
   * }
   * ```
   *
   * @param file an uploaded file, a stored one, or a path, `storage/id`
   * @throws FiledepotError `INVALID_ARGUMENT`, `PENDING_FILE`
   */
  signUrl(file: string | { readonly path: string }, options: SignedUrlOptions = {}): string {
    const { expiresIn = DEFAULT_SECONDS, disposition } = options
    const path = typeof file === 'string' ? file : file.path
    const named = options.filename ?? nameOf(file)
    const filename = named === undefined ? undefined : cleanFilename(named)
    if (!Number.isSafeInteger(expiresIn) || expiresIn < 1) {
      throw new FiledepotError(
        'INVALID_ARGUMENT',
        `Expected expiresIn to be a whole number of seconds from 1 up, got ${String(expiresIn)}`,
      )
    }
    const expires = Math.floor(Date.now() / 1000) + expiresIn
    const [key = Buffer.alloc(0)] = this.#keys
    const query = new URLSearchParams({
      expires: String(expires),
      ...(disposition !== undefined && { disposition }),
      ...(filename !== undefined && { filename }),
      signature: sign(key, path, { expires, disposition, filename }),
    })
    return `${this.#depot.urlFor(path)}?${query.toString()}`
  }

  /**
   * What the query of a URL claims for the file: `undefined` where it claims nothing, `'refused'` where the claim is
   * forged, changed, of another file, or has expired.
   */
  verify(path: string, query: string): SignedClaims | 'refused' | undefined {
    if (!query.includes('signature')) return undefined
    const parameters = new URLSearchParams(query)
    if (!parameters.has('signature')) return undefined
    // Other programs may read another one of two equal parameters than this code does.
    if (PARAMETERS.some((name) => parameters.getAll(name).length > 1)) return 'refused'

    const claims = claimsIn(parameters)
    if (!claims) return 'refused'
    const given = parameters.get('signature') ?? ''
    // It tries every key, so the time does not reveal the key.
    const good = this.#keys.filter((key) => isEqual(given, sign(key, path, claims)))
    return good.length > 0 && claims.expires * 1000 > Date.now() ? claims : 'refused'
  }
}

function claimsIn(parameters: URLSearchParams): SignedClaims | undefined {
  const expires = parameters.get('expires') ?? ''
  const disposition = parameters.get('disposition') ?? undefined
  if (!/^[1-9]\d{0,11}$/.test(expires)) return undefined
  if (disposition !== undefined && disposition !== 'inline' && disposition !== 'attachment') return undefined
  const filename = parameters.get('filename') ?? undefined
  return { expires: Number(expires), disposition, filename }
}

/** The name of a value that is verified. JSON of a client is not. */
function nameOf(file: unknown): string | undefined {
  return isUploadedFile(file) && isVerified(file) ? file.filename : undefined
}

/** None of the parts can have a line break in it, so no two texts are the same. */
function sign(key: Buffer, path: string, { expires, disposition, filename }: SignedClaims): string {
  const name = filename === undefined ? '' : `\n${filename}`
  return createHmac('sha256', key)
    .update(`filedepot-url\n${path}\n${expires}\n${disposition ?? ''}${name}`)
    .digest('base64url')
}

/** The texts are compared and not the bytes, since several texts decode to the same bytes. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}
