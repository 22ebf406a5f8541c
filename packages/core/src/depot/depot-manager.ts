import type { FileValidator } from '../content/file-validator.ts'
import { isOpenStream } from '../content/open-stream.ts'
import type { SignedUrlOptions, StorageBackend } from '../backend.ts'
import { FiledepotError } from '../errors.ts'
import { checkWholeNumber, expected, reasonOf } from '../expected.ts'
import { parseFilePath } from '../file-path.ts'
import { FileStorage } from '../storage/file-storage.ts'
import type { StoredFile } from '../storage/stored-file.ts'
import { waitUpTo } from '../transaction/wait-up-to.ts'
import { refuseBroken } from '../upload/broken-value.ts'
import type { FileFilter } from '../upload/file-filter.ts'
import { conformValue, needsWork } from '../upload/conform-value.ts'
import { uploadFile } from '../upload/upload-file.ts'
import { UploadQueue } from '../upload/upload-queue.ts'
import type { UploadedFile } from '../upload/uploaded-file.ts'
import { backendFromEnvironment, type EnvironmentOptions } from './backend-from-environment.ts'
import { copiesHint } from './copies.ts'
import { closeOnSignals } from './close-on-signals.ts'
import { Deletions } from './deletions.ts'
import { DepotEvents } from './depot-events.ts'

/** Signs URLs of the HTTP handler; `UrlSigner` of `@filedepot/http` does. */
export interface FileUrlSigner {
  /** A URL by which anyone can read the file with this path until it expires. */
  signUrl(path: string, options?: SignedUrlOptions): string
}

/** Options of {@link DepotManager}. */
export interface DepotOptions {
  /** The path of the HTTP handler of `@filedepot/http`: URLs of files begin with it. @default '/depot' */
  baseUrl?: string
  /**
   * How many files are uploaded at the same time, from 1 up. Others wait in a queue. An open stream, such as a request or a part
   * of a form, starts at once and does not count, so a slow client does not block other uploads. @default 16
   */
  uploadConcurrency?: number
  /**
   * How many requests to delete files each storage gets at a time, from 1 up. More files wait, and go together in the
   * next requests. So a storage that hangs with deletions has connections left for uploads and reads. @default 4
   */
  deletionConcurrency?: number
  /**
   * How many files of each storage may wait to be deleted, from 0 up. More are not deleted: the event `deleteFailed`
   * names them, with the code `DELETE_QUEUE_FULL`. One that waits takes some 400 bytes of memory. @default 100000
   */
  maxPendingDeletions?: number
}

/** Options of {@link DepotManager.deleteFiles}. */
export interface DeleteFilesOptions {
  /** How long to wait for the files to be deleted, in milliseconds. Then the deletion goes on. @default Infinity */
  maxWait?: number
}

/** Options of {@link DepotManager.close}. */
export interface CloseOptions {
  /** How long to wait for uploads and deletions that are in progress, in milliseconds. @default 10000 */
  timeout?: number
}

/** Options of {@link DepotManager.upload}; what the pending value says of itself comes first. */
export interface UploadOptions {
  /** Name or alias of a storage. @default the default storage */
  storage?: string | undefined
  /** In bytes. @default Infinity */
  maxSize?: number | undefined
  validators?: readonly FileValidator[] | undefined
  filters?: readonly FileFilter[] | undefined
  signal?: AbortSignal | undefined
}

/**
 * The storages of a program, by name. {@link depot} is the one of the process; make more of them if two parts of
 * a program must not see each other, as in tests.
 *
 * ```ts
 * import { DepotManager, LocalBackend, MemoryBackend } from '@filedepot/core'
 *
 * const depot = new DepotManager()
 * depot.configure('documents', new LocalBackend('./documents'))
 * depot.configure('avatars', new MemoryBackend())
 * depot.alias('uploads', 'documents')
 * depot.get('uploads').name //=> 'documents'
 * ```
 */
export class DepotManager extends DepotEvents {
  /** The start of URLs of files whose storage has no public URL. */
  baseUrl: string
  /**
   * Signs URLs of files whose storage cannot: those of the HTTP handler. Without it, `signedUrl` of such a file throws
   * `NOT_SUPPORTED`.
   */
  urlSigner: FileUrlSigner | undefined
  readonly #storages = new Map<string, FileStorage>()
  readonly #aliases = new Map<string, string>()
  readonly #uploads: UploadQueue
  readonly #deletions: Deletions
  readonly #ignoreSignals = new Set<() => void>()
  readonly #whenClosed = new Set<() => Promise<void>>()
  #default: string | undefined

  constructor({
    baseUrl = '/depot',
    uploadConcurrency = 16,
    deletionConcurrency = 4,
    maxPendingDeletions = 100_000,
  }: DepotOptions = {}) {
    super()
    if (!Number.isSafeInteger(uploadConcurrency) || uploadConcurrency < 1) {
      throw expected('uploadConcurrency', 'a whole number from 1 up', uploadConcurrency)
    }
    checkWholeNumber('deletionConcurrency', deletionConcurrency, 1)
    checkWholeNumber('maxPendingDeletions', maxPendingDeletions, 0)
    this.#deletions = new Deletions(this, {
      concurrency: deletionConcurrency,
      maxPending: maxPendingDeletions,
    })
    this.baseUrl = baseUrl
    this.#uploads = new UploadQueue(uploadConcurrency)
  }

  /**
   * Configures a storage under a name, which rows keep. The first storage is the default.
   *
   * @throws FiledepotError `STORAGE_EXISTS`; `INVALID_ARGUMENT` for a name with a slash or without characters
   */
  configure(name: string, backend: StorageBackend): FileStorage {
    this.#checkNewName(name)
    if (typeof (backend as Partial<StorageBackend> | undefined)?.write !== 'function') {
      throw expected('backend', 'a storage backend, for example new LocalBackend(folder)', backend)
    }
    const storage = new FileStorage(name, backend)
    this.#storages.set(name, storage)
    this.#default ??= name
    return storage
  }

  /**
   * Configures a storage from settings such as `DEPOT_BACKEND=local` and `DEPOT_STORAGE_PATH=./uploads`.
   *
   * @throws FiledepotError `INVALID_ARGUMENT` for an unknown backend or setting; the message lists the known ones
   *
   * ```ts
   * import { depot } from '@filedepot/core'
   *
   * depot.fromEnvironment('default', { env: { DEPOT_BACKEND: 'local', DEPOT_STORAGE_PATH: './uploads' } })
   * ```
   */
  fromEnvironment(name: string, options: EnvironmentOptions = {}): FileStorage {
    return this.configure(name, backendFromEnvironment(options))
  }

  /** The name of the default storage, where new files go unless told otherwise. */
  get default(): string | undefined {
    return this.#default
  }

  /** @throws FiledepotError `STORAGE_NOT_FOUND`; also for an alias */
  setDefault(name: string): void {
    if (!this.#storages.has(name)) throw this.#notFound(name)
    this.#default = name
  }

  /**
   * A second name for a storage. Files remember the storage itself, so that an alias can be pointed elsewhere: new
   * files go there, old ones stay readable where they are.
   *
   * @throws FiledepotError `STORAGE_NOT_FOUND` where `name` is no storage, `STORAGE_EXISTS` where `alias` is one
   */
  alias(alias: string, name: string): void {
    if (!this.#storages.has(name)) throw this.#notFound(name)
    if (!this.#aliases.has(alias)) this.#checkNewName(alias)
    this.#aliases.set(alias, name)
  }

  /** True for the name of a storage and for an alias. */
  has(name: string): boolean {
    return this.#storages.has(name) || this.#aliases.has(name)
  }

  /**
   * A storage by its name or alias, or the default one.
   *
   * @throws FiledepotError `STORAGE_NOT_FOUND`
   */
  get(name: string | undefined = this.#default): FileStorage {
    const storage = name === undefined ? undefined : this.#storages.get(this.#aliases.get(name) ?? name)
    if (!storage) throw this.#notFound(name)
    return storage
  }

  /** Every storage, in the order in which they were configured. */
  storages(): FileStorage[] {
    return [...this.#storages.values()]
  }

  /**
   * A file by its path, `storage/id`.
   *
   * @throws FiledepotError `STORAGE_NOT_FOUND`, and all that {@link FileStorage.get} throws
   */
  async getFile(path: string): Promise<StoredFile> {
    const { storage, id } = parseFilePath(path)
    return await this.get(storage).get(id)
  }

  /**
   * Uploads a pending value and resolves with the stored one. Integrations do this by themselves; do it by hand
   * before a transaction, if an upload may take long. The stored value may be given to one row.
   *
   * @throws FiledepotError what {@link FileStorage.create}, validators and filters throw; nothing is stored then
   *
   * ```ts
   * import { depot, fromPath, UploadedFile } from '@filedepot/core'
   *
   * const film = await depot.upload(UploadedFile.from(fromPath('/tmp/film.mp4')))
   * ```
   */
  upload<T extends UploadedFile>(pending: T, options: UploadOptions = {}): Promise<T> {
    const upload = () => uploadFile(this, pending, options)
    const { signal } = options
    return isOpenStream(pending.pending?.content)
      ? this.#uploads.runBeside(upload, signal)
      : this.#uploads.run(upload, signal)
  }

  /**
   * Holds a stored value against the rules of a column, and copies its files into the storage that the rules name if they
   * are in another one. Resolves with the value of the copies, or with the same value. The originals stay.
   *
   * Integrations do this with a value that was stored before its row: saving a row checks it, and moves it.
   *
   * @throws FiledepotError `FILE_TOO_LARGE`, `FILE_REFUSED` and what validators throw, `FILE_NOT_FOUND`, `ABORTED`, and
   *   what reading and writing throw; no copy is stored then
   */
  async conform<T extends UploadedFile>(value: T, rules: Omit<UploadOptions, 'filters'>): Promise<T> {
    refuseBroken(value)
    if (!needsWork(this, value, rules)) return value
    return await this.#uploads.run(() => conformValue(this, value, rules), rules.signal)
  }

  /**
   * Deletes files by their paths. Never rejects: the event `deleteFailed` names each file that cannot be deleted.
   *
   * Each storage gets a few requests at a time (`deletionConcurrency`); what waits goes together, up to 1,000 files in a
   * request.
   */
  deleteFiles(paths: Iterable<string>, { maxWait = Infinity }: DeleteFilesOptions = {}): Promise<void> {
    return this.#deletions.delete(paths, maxWait)
  }

  /** The URL of a file by which the HTTP handler serves it. */
  urlFor(path: string): string {
    const { storage, id } = parseFilePath(path)
    return `${this.baseUrl}/${encodeURIComponent(storage)}/${id}`
  }

  /**
   * A URL by which anyone can read the file with this path until it expires: of the storage itself where it can sign,
   * else of the HTTP handler where there is a {@link DepotManager.urlSigner}.
   *
   * @throws FiledepotError `NOT_SUPPORTED` where neither can sign, `STORAGE_NOT_FOUND`, `READ_FAILED`
   */
  async signedUrlFor(path: string, options: SignedUrlOptions = {}): Promise<string> {
    const { storage, id } = parseFilePath(path)
    const found = this.get(storage)
    if (!found.backend.signedUrl && this.urlSigner) return this.urlSigner.signUrl(found.path(id), options)
    return await found.signedUrl(id, options)
  }

  /**
   * Waits for uploads and deletions that are in progress, and closes every backend. Close what writes rows before: the
   * server, the data source or the client of the database.
   *
   * What has not been deleted after `timeout` is given up: the event `deleteFailed` names each of these files, with the
   * code `DEPOT_CLOSED`. An upload that goes on then breaks when its backend is closed: the event `unsettled` names the
   * files that were being written, with the same code as its reason.
   *
   * @throws FiledepotError `INVALID_ARGUMENT`; what a backend rejects with, when all of them are closed
   */
  async close({ timeout = 10_000 }: CloseOptions = {}): Promise<void> {
    checkWholeNumber('timeout', timeout, 0)
    for (const ignore of this.#ignoreSignals) ignore()
    this.#ignoreSignals.clear()

    const waiting = { over: false }
    await waitUpTo(timeout, this.#settled(waiting))
    waiting.over = true
    const message = `The depot was closed after a wait of ${timeout} ms, before the file was deleted. Delete it later`
    this.#deletions.abandon(new FiledepotError('DEPOT_CLOSED', message))
    this.#reportUploads(timeout)

    const closing = this.storages().map(async ({ backend }) => backend.close?.())
    await Promise.allSettled(closing)
    await Promise.all(closing)
  }

  /**
   * Runs an action when the depot is closed, while its storages are still open. {@link DepotManager.close} waits for it, up to
   * its `timeout`. An action that rejects stops nothing, so it reports its errors itself. For integrations.
   *
   * ```ts
   * import { depot } from '@filedepot/core'
   *
   * declare function deleteLeftovers(): Promise<void>
   *
   * const remove = depot.onClose(() => deleteLeftovers())
   * ```
   *
   * @returns removes the action
   */
  onClose(action: () => Promise<void>): () => void {
    this.#whenClosed.add(action)
    return () => {
      this.#whenClosed.delete(action)
    }
  }

  /**
   * Lets the process finish uploads and deletions that are in progress before a signal ends it: calls
   * {@link DepotManager.close}, and then ends the process as the signal does by itself, with the same exit code. A second
   * signal ends it at once.
   *
   * For programs without a server: requests are not waited for. A request that has stored its file and not yet saved its row
   * ends with the process, and its file stays. A server closes itself first, and then the depot.
   *
   * If the program, or its framework, listens for the signal, too, the process ends when that ends it: then call
   * `depot.close()` there, as the last step.
   *
   * ```ts
   * import { depot } from '@filedepot/core'
   *
   * depot.closeOnSignals(['SIGTERM', 'SIGINT'], { timeout: 20_000 })
   * ```
   *
   * @returns removes the listeners; so does {@link DepotManager.close}
   */
  closeOnSignals(
    signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
    options: CloseOptions = {},
  ): () => void {
    checkWholeNumber('timeout', options.timeout, 0)
    const ignore = closeOnSignals(signals, () =>
      this.close(options).catch((error: unknown) => {
        process.emitWarning(`a storage could not be closed: ${reasonOf(error)}`, 'FiledepotWarning')
      }),
    )
    this.#ignoreSignals.add(ignore)
    return () => {
      this.#ignoreSignals.delete(ignore)
      ignore()
    }
  }

  /** Resolves when nothing is uploaded and nothing deleted. What ends an upload may begin a deletion right after it. */
  async #settled(waiting: { readonly over: boolean }): Promise<void> {
    await this.#uploads.idle()
    await Promise.allSettled([...this.#whenClosed].map((action) => action()))
    do {
      await this.#uploads.idle()
      await this.#deletions.idle()
      await new Promise((resolve) => setImmediate(resolve))
    } while (!waiting.over && !(this.#uploads.isIdle && this.#deletions.isIdle))
  }

  /** Names what uploads may leave behind that are not done when the depot is closed. */
  #reportUploads(timeout: number): void {
    if (this.#uploads.isIdle) return
    const paths = this.storages().flatMap(({ writing }) => writing)
    const message =
      `The depot was closed after a wait of ${timeout} ms, while ${this.#uploads.count} uploads were still running. ` +
      'Delete the files that they leave, or raise the timeout of close()'
    this.report('unsettled', { paths, reason: new FiledepotError('DEPOT_CLOSED', message) })
  }

  #checkNewName(name: string): void {
    if (typeof name !== 'string' || !/^[^/\s]+$/.test(name)) {
      throw expected('name', 'the name of a storage, without slashes and spaces', name)
    }
    if (this.has(name)) {
      throw new FiledepotError(
        'STORAGE_EXISTS',
        `Cannot configure the storage or alias "${name}" twice. Choose another name`,
      )
    }
  }

  #notFound(name: string | undefined): FiledepotError {
    const names = [...this.#storages.keys(), ...this.#aliases.keys()]
    return new FiledepotError(
      'STORAGE_NOT_FOUND',
      names.length === 0
        ? `No storage is configured. Call depot.configure('default', new LocalBackend('./uploads')) first${copiesHint()}`
        : `Expected the name of a storage to be one of ${names.join(', ')}, got ${String(name)}`,
    )
  }
}
