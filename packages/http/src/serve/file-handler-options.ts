import { FiledepotError, type DepotManager, type UploadedFile } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import { INLINE_TYPES } from '@filedepot/core/backend'
import type { CorsOptions } from './cors.ts'
import type { FileRequest, RequestedFile } from './file-request.ts'
import { requestFailed } from './request-failed.ts'
import type { UrlSigner } from './url-signer.ts'

/**
 * The result of `authorize`. `true` grants access. `'public'` also lets caches keep the file. `false` is the same as 403. The
 * uploaded file of a row grants access if the requested file belongs to it, and a download gets the name in the row. Any other
 * value refuses the request with 403, and `onError` gets `INVALID_VERDICT`.
 */
export type Verdict = boolean | 'public' | UploadedFile | 401 | 403 | 404

/** Options of {@link createFileHandler}. One of `public`, `authorize` and `signer` has to be there. */
export interface FileHandlerOptions<Context = undefined> {
  /**
   * The path under which files are, as clients see it; it starts with a slash.
   *
   * @default the path of the depot's `baseUrl`, which is `/depot` unless you say otherwise
   */
  mountPath?: string
  /**
   * `true` lets everybody read every file whose URL they know. A list of names or aliases of storages does so for their files;
   * `authorize` and `signer` decide about the others. Configure the storages first: a name that is not there is an error.
   * @default false
   */
  public?: boolean | readonly string[]
  /**
   * Decides who may read a file. It is not called for requests with a valid signature. An error that it throws fails the
   * request.
   *
   * It is also called for files and storages that do not exist, so that the status does not reveal the storages: compare
   * `file.path` with your rows. Without this function, and with a `signer`, an unsigned URL gets 403.
   */
  authorize?: (request: FileRequest, file: RequestedFile, context: Context) => Verdict | Promise<Verdict>
  /** Admits the URLs that it has signed. A URL whose signature is not good is refused, whatever else is allowed. */
  signer?: UrlSigner
  /**
   * `redirect` sends clients to the storage itself where it has public or signed URLs, so that the bytes do not go
   * through this program; `proxy` always sends the bytes. @default 'redirect'
   */
  delivery?: 'redirect' | 'proxy'
  /** How long the storage's URL is good that a client is redirected to, in seconds from 1 up. @default 300 */
  redirectExpiresIn?: number
  /**
   * How long caches keep a public file, and browsers one of a signed URL (until that expires, at most), in seconds.
   * If `authorize` has decided, browsers ask again each time. @default 604800, a week
   */
  maxAge?: number
  /**
   * Tells browsers that a file never changes, so that they do not ask again even if the user reloads. Each upload
   * has an id of its own; say `false` where your program puts new bytes under an old id with `FileStorage.replace`.
   * @default true
   */
  immutable?: boolean
  /**
   * `maxAge` and `immutable` for the files of some storages, by their names or aliases. @default those of the handler
   *
   * ```ts
   * import { depot } from '@filedepot/core'
   * import { createFileHandler } from '@filedepot/http'
   *
   * createFileHandler(depot, { public: true, caching: { logos: { maxAge: 3600, immutable: false } } })
   * ```
   */
  caching?: Readonly<Record<string, CachingOptions>>
  /** Which pages of other origins may read the files by `fetch`. @default none */
  cors?: CorsOptions
  /**
   * Types that a browser may display; it downloads all others. `image/*` stands for all images. If you add `text/html` or
   * `image/svg+xml`, only the `contentSecurityPolicy` protects you. @default INLINE_TYPES
   */
  inlineTypes?: readonly string[]
  /**
   * The `Content-Security-Policy` of every file. The default lets a file that is opened in the window load nothing but
   * itself, run nothing, and be of no origin; for audio and video, which browsers do not play from no origin, it leaves
   * out the last.
   * @default "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"; of audio and video
   *   "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
   */
  contentSecurityPolicy?: string
  /**
   * How long a client may take no bytes of a file, in milliseconds; it has this time for each piece of 256 KiB at most.
   * Then the file is closed and the connection cut. `Infinity` waits for ever. @default 60000, a minute
   */
  stallTimeout?: number
  /**
   * Hears of an `authorize` that answered something that is no {@link Verdict}, and of files whose metadata are damaged, which
   * are answered with 404. @default a warning of the process
   */
  onError?: (error: FiledepotError, request: FileRequest) => void
  /** Has the web server in front of this program send the files of local storages. @default this program sends them */
  sendfile?: SendfileOptions
}

/** How long caches and browsers keep files. */
export interface CachingOptions {
  /** In seconds. @default that of the handler */
  maxAge?: number
  /** @default that of the handler */
  immutable?: boolean
}

/** How the web server in front is told which file to send. */
export interface SendfileOptions {
  /** `X-Accel-Redirect` of nginx takes the path of an internal location, `X-Sendfile` of Apache and lighttpd that of a file. */
  header: 'X-Accel-Redirect' | 'X-Sendfile'
  /**
   * What the header says of a file with this absolute path.
   *
   * @default the path itself; in `X-Accel-Redirect` percent-encoded
   */
  map?: (path: string) => string
}

/** {@link FileHandlerOptions}, complete and checked. */
export type FileHandlerSettings<Context> = Required<Omit<FileHandlerOptions<Context>, Unset>> &
  Pick<FileHandlerOptions<Context>, Unset>

/** The options that may be missing. */
type Unset = 'authorize' | 'signer' | 'contentSecurityPolicy' | 'sendfile' | 'cors'

const WEEK_SECONDS = 7 * 24 * 60 * 60

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkOptions<Context>(
  depot: DepotManager,
  options: FileHandlerOptions<Context>,
): FileHandlerSettings<Context> {
  const settings = {
    public: false,
    delivery: 'redirect',
    redirectExpiresIn: 300,
    maxAge: WEEK_SECONDS,
    immutable: true,
    caching: {},
    inlineTypes: INLINE_TYPES,
    stallTimeout: 60_000,
    onError: requestFailed,
    ...given(options),
    mountPath: mountPathOf(options.mountPath ?? pathOfUrl(depot.baseUrl)),
  } satisfies FileHandlerSettings<Context>
  if (!settings.public && !settings.authorize && !settings.signer) {
    throw invalid('options', 'to say who may read files: public: true, authorize or signer', 'none of them')
  }
  if (settings.public === true && settings.authorize) {
    throw invalid(
      'options',
      'to have either public: true or authorize; public may also name storages',
      'both',
    )
  }
  if (typeof settings.public !== 'boolean') {
    const { public: names } = settings
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== '')) {
      throw invalid('public', 'to be true, false or a list of names of storages', JSON.stringify(names))
    }
    checkNames(depot, 'public', names)
  }
  const deliveries: readonly unknown[] = ['redirect', 'proxy']
  if (!deliveries.includes(settings.delivery)) {
    throw invalid('delivery', 'to be "redirect" or "proxy"', settings.delivery)
  }
  checkSeconds('redirectExpiresIn', settings.redirectExpiresIn, 1)
  checkSeconds('maxAge', settings.maxAge, 0)
  checkNames(depot, 'caching', Object.keys(settings.caching))
  for (const [name, caching] of Object.entries(given(settings.caching))) {
    checkCaching(name, caching)
  }
  checkSeconds('cors.maxAge', settings.cors?.maxAge ?? 0, 0)
  checkWholeNumber('stallTimeout', settings.stallTimeout, 1)
  return settings
}

/** Without what is `undefined`: that leaves the default. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

/** A base URL may be a path, or have a host of its own. */
function pathOfUrl(baseUrl: string): string {
  return baseUrl.startsWith('/') ? baseUrl : new URL(baseUrl).pathname
}

function mountPathOf(path: string): string {
  if (!path.startsWith('/') || /[?#]/.test(path)) {
    throw invalid('mountPath', 'to be a path that starts with a slash', path)
  }
  return path.replace(/\/+$/, '')
}

/** Storages may come after the handler; if there are some, one that is missing is most likely misspelt. */
function checkNames(depot: DepotManager, option: string, names: readonly string[]): void {
  const known = depot.storages()
  const unknown = names.find((name) => !depot.has(name))
  if (unknown === undefined || known.length === 0) return
  throw invalid(
    option,
    `to name storages (${known.map(({ name }) => name).join(', ')}) or aliases of them`,
    unknown,
  )
}

const CACHING = ['maxAge', 'immutable'] satisfies readonly (keyof CachingOptions)[]

function checkCaching(name: string, caching: CachingOptions): void {
  const isObject = typeof caching === 'object' && (caching as unknown) !== null
  const wrong = isObject
    ? Object.keys(caching).find((one) => !(CACHING as readonly string[]).includes(one))
    : JSON.stringify(caching)
  if (wrong !== undefined) {
    throw invalid(`caching.${name}`, `to be an object of ${CACHING.join(' and ')} only`, wrong)
  }
  checkSeconds(`caching.${name}.maxAge`, caching.maxAge ?? 0, 0)
}

function checkSeconds(name: string, value: number, minimum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum) return
  throw invalid(name, `to be a whole number of seconds from ${minimum} up`, value)
}

function invalid(name: string, expectation: string, got: unknown): FiledepotError {
  return new FiledepotError('INVALID_ARGUMENT', `Expected ${name} ${expectation}, got ${String(got)}`)
}
