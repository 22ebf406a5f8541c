import {
  FiledepotError,
  FileNotFoundError,
  WriteUncertainError,
  type ByteRange,
  type StorageBackend,
} from '@filedepot/core'
import {
  readOwnerFile,
  writeOwnerFile,
  type DeleteReport,
  type FileBody,
  type FileInfo,
  type FileStat,
  type LeftoverOptions,
} from '@filedepot/core/backend'
import { waitUpTo } from '@filedepot/core/integration'
import { MongoServerError } from 'mongodb'
import { addAbortSignal, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { abortable, withAbortGrace } from './abortable.ts'
import { ChunkReader, MissingChunkError } from './chunk-reader.ts'
import { ChunkStream } from './chunk-stream.ts'
import { Cleanup } from './cleanup.ts'
import { commitFile, takeBack, type CommitOutcome } from './commit-file.ts'
import { Connection, type Bucket } from './connection.ts'
import { ContentHolds } from './content-holds.ts'
import { ContentUpload } from './content-upload.ts'
import { deleteChunks } from './delete-chunks.ts'
import { deleteFiles } from './delete-files.ts'
import { checkFile, contentOf, statOf, type FileDocument, type FileToCommit } from './file-document.ts'
import { keyOf, parseObjectId, type FileKey } from './file-key.ts'
import { bucketOptions, type GridFSBackendOptions } from './gridfs-backend-options.ts'
import { listObjectIds, listTextIds, merged } from './list-keys.ts'
import { sweepChunks } from './sweep-chunks.ts'

/** The most files that one query deletes. */
const DELETES_AT_ONCE = 1000
/** After an abort, how long a server may take for what has to be undone or is all but done, in milliseconds. */
const PATIENCE_MS = 2000
/** How often, and after how many milliseconds, a file without its bytes is looked at again: it may be going. */
const LOOKS = 4
const LOOK_AGAIN_MS = 50

/**
 * Keeps files in MongoDB, in the two collections of GridFS.
 *
 * The bytes of each write are chunks under a name of their own. The document of the file, whose `_id` is the file's
 * id, says that name, and one update of it is the moment in which a file comes to exist or is replaced: no
 * transaction, so a standalone server is enough. Nothing is created before the first write.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { GridFSBackend } from '@filedepot/gridfs'
 *
 * depot.configure('default', new GridFSBackend({ uri: 'mongodb://127.0.0.1:27017/app' }))
 * ```
 */
export class GridFSBackend implements StorageBackend {
  readonly #connection: Connection
  readonly #chunkSize: number
  readonly #objectIds: boolean
  readonly #holds = new ContentHolds()
  readonly #cleanup = new Cleanup()

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(options: GridFSBackendOptions) {
    const { bucketName, chunkSizeBytes, objectIds } = bucketOptions(options)
    this.#connection = new Connection(options, bucketName)
    this.#chunkSize = chunkSizeBytes
    this.#objectIds = objectIds
  }

  /** With `objectIds`, the 24 hex digits of an `ObjectId` are an id, too. */
  parseId(id: string): string | undefined {
    return this.#objectIds ? parseObjectId(id) : undefined
  }

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted()
    this.#cleanup.retry()
    const bucket = await abortable(this.#connection.bucketForWrite(), signal)
    const upload = new ContentUpload(bucket.chunks, this.#chunkSize, signal)
    try {
      const length = await upload.send(body)
      signal?.throwIfAborted()
      const { content } = upload
      await this.#commit(
        bucket,
        { key: keyOf(id), content, length, chunkSize: this.#chunkSize, info },
        signal,
      )
    } catch (error) {
      if (!(error instanceof UnsettledError)) {
        await this.#cleanUp(() => upload.undo(), signal)
        throw fullOr(error)
      }
      throw fullOr(error.cause)
    }
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const file = await this.#find(id)
    return file && statOf(file)
  }

  async read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    signal?.throwIfAborted()
    const { chunks } = await abortable(this.#connection.bucket(), signal)
    for (;;) {
      const file = await this.#find(id, signal)
      if (!file) throw new FileNotFoundError(id)
      checkFile(file)
      const span = { start: range?.start ?? 0, end: Math.min(range?.end ?? Infinity, file.length - 1) }
      const reader = new ChunkReader(chunks, file, span, signal)
      const release = this.#holds.hold(contentOf(file))
      try {
        await abortable(reader.open(), signal)
        const explain = (error: unknown): Promise<unknown> => this.#explain(id, file, error)
        const stream = new ChunkStream(reader, { explain, release })
        return signal ? addAbortSignal(signal, stream) : stream
      } catch (error) {
        release()
        const reason = await this.#explain(id, file, error)
        // Nothing was read yet, so the bytes that the file has now are as good.
        if (!(reason instanceof ReplacedError)) throw reason
      }
    }
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    if (ids.length === 0) return { failed: [] }
    const bucket = await this.#connection.bucket()
    const failed: { id: string; error: unknown }[] = []
    for (let start = 0; start < ids.length; start += DELETES_AT_ONCE) {
      const some = ids.slice(start, start + DELETES_AT_ONCE)
      failed.push(...(await deleteFiles(bucket, some, (contents) => this.#removeContents(bucket, contents))))
    }
    return { failed }
  }

  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    const { files } = await this.#connection.bucket()
    const textIds = listTextIds(files, after)
    yield* this.#objectIds ? merged(textIds, listObjectIds(files, after)) : textIds
  }

  /** The owner is a file with the `_id` `.filedepot-owner`. */
  readOwner(): Promise<string | undefined> {
    return readOwnerFile(this)
  }

  writeOwner(owner: string): Promise<void> {
    return writeOwnerFile(this, owner)
  }

  /** Chunks that no file names. Looking for them reads all documents of files. */
  async sweepLeftovers(options: LeftoverOptions): Promise<number> {
    return await sweepChunks(await this.#connection.bucket(), options)
  }

  /** Waits for what is being cleaned up, and closes the client where the backend has made it. */
  async close(): Promise<void> {
    await waitUpTo(PATIENCE_MS, this.#cleanup.idle())
    await this.#connection.close()
  }

  async #find(id: string, signal?: AbortSignal): Promise<FileDocument | undefined> {
    const { files } = await abortable(this.#connection.bucket(), signal)
    const finding = files.findOne({ _id: keyOf(id) }, signal && { signal })
    return (await abortable(finding, signal)) ?? undefined
  }

  async #commit(bucket: Bucket, file: FileToCommit, signal: AbortSignal | undefined): Promise<void> {
    const committing = commitFile(bucket, file)
    let outcome: CommitOutcome
    try {
      outcome = await withAbortGrace(committing, signal, PATIENCE_MS)
    } catch (error) {
      void this.#cleanup.run(async () => this.#takeBack(bucket, file, await committing))
      throw new UnsettledError(error)
    }
    if (outcome.state === 'failed') throw outcome.error
    if (outcome.state === 'unknown') {
      throw new UnsettledError(new WriteUncertainError(String(file.key), { cause: outcome.error }))
    }
    const { replacedContents } = outcome
    if (replacedContents.length > 0) {
      await this.#cleanUp(() => this.#removeContents(bucket, replacedContents), signal)
    }
  }

  async #takeBack(bucket: Bucket, file: FileToCommit, outcome: CommitOutcome): Promise<void> {
    if (outcome.state === 'unknown') return
    if (outcome.state === 'committed') {
      const { replaced, replacedContents } = outcome
      // What it was is not known any more.
      if (!replaced && replacedContents.length > 0) return
      await takeBack(bucket, file, replaced)
    }
    await deleteChunks(bucket.chunks, [file.content])
  }

  /** Waits for a cleaning up as long as it is likely to end; whether it succeeds does not matter to the caller. */
  async #cleanUp(task: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    await withAbortGrace(this.#cleanup.run(task), signal, PATIENCE_MS).catch(() => undefined)
  }

  /** Deletes chunks that no file names any more, or never names. Waits until nothing reads them. */
  async #removeContents({ chunks }: Bucket, contents: readonly FileKey[]): Promise<void> {
    const free: FileKey[] = []
    for (const content of contents) {
      const whenFree = this.#holds.whenFree(content)
      if (!whenFree) free.push(content)
      else void whenFree.then(() => this.#cleanup.run(() => deleteChunks(chunks, [content])))
    }
    if (free.length > 0) await deleteChunks(chunks, free)
  }

  /** Why a chunk was missing: the file went, was replaced, or has lost it. Other errors are as good as they are. */
  async #explain(id: string, file: FileDocument, error: unknown): Promise<unknown> {
    if (!(error instanceof MissingChunkError)) return error
    try {
      for (let look = 1; look <= LOOKS; look++) {
        const now = await this.#find(id)
        if (!now) return new FileNotFoundError(id, { cause: error })
        if (contentOf(now).toString() !== contentOf(file).toString()) return new ReplacedError(id, error)
        // The chunks of a file that is deleted go first, so its document may be the next.
        await sleep(LOOK_AGAIN_MS)
      }
      return new FiledepotError('CORRUPT_FILE', error.message, { cause: error })
    } catch (failure) {
      return failure
    }
  }
}

/** By another process, whose readers this one does not know. */
class ReplacedError extends FiledepotError {
  constructor(id: string, cause: unknown) {
    super('READ_FAILED', `the file "${id}" was replaced while it was read; read it again`, { cause })
  }
}

/** The bytes that were written may belong to a file, so they stay; `cause` is what to tell. */
class UnsettledError extends Error {
  constructor(override readonly cause: unknown) {
    super('the outcome of a commit is not known')
  }
}

const OUT_OF_DISK_SPACE = 14031

function fullOr(error: unknown): unknown {
  if (!(error instanceof MongoServerError) || error.code !== OUT_OF_DISK_SPACE) return error
  return new FiledepotError('STORAGE_FULL', `The server has no room left: ${error.message}`, { cause: error })
}
