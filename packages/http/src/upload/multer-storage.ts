import { depot as processDepot, UploadedFile, type DepotManager, type UploadType } from '@filedepot/core'
import type { Readable } from 'node:stream'
import { checkTimeouts, type ArrivalTimeouts } from './arrival-watch.ts'
import { discardFile } from './discard-file.ts'
import { DEFAULT_MAX_SIZE, type FileRules } from './file-rules.ts'
import { MulterRequest } from './multer-request.ts'

/** Options of {@link multerStorage}. How many files may come, multer's own `limits` say. */
export interface MulterStorageOptions<File extends UploadedFile = UploadedFile>
  extends Omit<FileRules<File>, 'maxFiles'>, ArrivalTimeouts {
  /** The depot for the files. @default the depot of the process */
  depot?: DepotManager
}

/** What multer's files have that this storage has stored: `StoredUpload<Photo>` if the option `type` is `Photo`. */
export interface StoredUpload<File extends UploadedFile = UploadedFile> {
  /** The stored file, for a row. */
  readonly uploaded: File
  /** In bytes. */
  readonly size: number
}

/** multer's `StorageEngine`, without its package. */
export interface MulterStorage<File extends UploadedFile = UploadedFile> {
  _handleFile(
    request: unknown,
    file: MulterStream,
    done: (error?: unknown, info?: Partial<StoredUpload<File>>) => void,
  ): void
  _removeFile(request: unknown, file: Partial<StoredUpload<File>>, done: (error: Error | null) => void): void
}

/** A file of multer while it arrives. */
export interface MulterStream {
  readonly originalname: string
  readonly mimetype: string
  readonly stream: Readable
}

/**
 * A storage for multer, and so for the interceptors of Nest, that sends files to the depot while they arrive, in the
 * place of keeping them in memory or in a temporary folder. If the form fails, multer has it remove what came before.
 *
 * When the response has ended, also because the client went away, the files that no row has taken are deleted: await the
 * save before you answer. A file that a transaction has taken stays with its row, or is deleted when that is rolled back. If
 * you keep a value without an integration, as plain JSON, use {@link receiveFiles}: it deletes nothing by itself.
 *
 * ```ts
 * import { multerStorage, type StoredUpload } from '@filedepot/http'
 *
 * // FileInterceptor('photo', { storage })  or  multer({ storage }).single('photo')
 * const storage = multerStorage({ maxSize: 5_000_000 })
 *
 * async function create(photo: StoredUpload, save: (recipe: object) => Promise<unknown>) {
 *   await save({ photo: photo.uploaded })
 * }
 * ```
 *
 * Limit with `maxSize`, which says its `FILE_TOO_LARGE`; multer's `limits.fileSize` works, too.
 */
export function multerStorage<File extends UploadedFile = UploadedFile>(
  options: MulterStorageOptions<File> = {},
): MulterStorage<File> {
  const {
    depot = processDepot,
    type = UploadedFile as unknown as UploadType<File>,
    maxSize = DEFAULT_MAX_SIZE,
    idleTimeout,
    totalTimeout,
    ...rules
  } = options
  const timeouts = checkTimeouts({ idleTimeout, totalTimeout })
  const requests = new WeakMap<object, MulterRequest>()
  const requestOf = (request: unknown): MulterRequest => {
    const known = requests.get(request as object)
    if (known) return known
    const made = new MulterRequest(depot, request, timeouts)
    requests.set(request as object, made)
    return made
  }
  return {
    _handleFile(request, { originalname, mimetype, stream }, done) {
      const content = { filename: originalname, mimetype, file: stream }
      const pending = UploadedFile.from.call(type, content) as File
      const received = requestOf(request)
      const { signal } = received
      depot.upload(pending, { ...rules, maxSize, signal }).then(
        (uploaded) => {
          received.add(uploaded)
          done(null, { uploaded, size: uploaded.size ?? 0 })
        },
        (error: unknown) => {
          done(received.failure ?? error)
        },
      )
    },
    _removeFile(_request, { uploaded }, done) {
      const removing = uploaded ? discardFile(depot, uploaded) : Promise.resolve()
      void removing.then(() => {
        done(null)
      })
    },
  }
}
