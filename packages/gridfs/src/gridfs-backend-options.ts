import { FiledepotError } from '@filedepot/core'
import type { Db, MongoClientOptions } from 'mongodb'

/** What there is to say of the bucket, however the database is reached. */
export interface GridFSBucketOptions {
  /** The files are in the collections `<bucketName>.files` and `<bucketName>.chunks`. @default 'filedepot' */
  bucketName?: string
  /**
   * The size of a chunk in bytes, from 1 to 15 MiB. Each is a document; larger ones are fewer, and a read of a part of
   * a file fetches more. Files keep the size that they were stored with. @default 261120, the 255 KiB of all drivers
   */
  chunkSizeBytes?: number
  /**
   * Also reads, lists, replaces and deletes the files whose `_id` is an `ObjectId`: those of Python's DEPOT, and of any
   * other program that uses the bucket. Their ids are the 24 hex digits. @default false
   */
  objectIds?: boolean
}

/** A server by its URI, to which the backend connects by itself, on first use. */
export interface GridFSUriOptions extends GridFSBucketOptions {
  /** `mongodb://…` or `mongodb+srv://…`; its path names the database, unless `database` does. */
  uri: string
  /** @default the one that the URI names */
  database?: string
  /**
   * Options of the driver's `MongoClient`, for example `serverSelectionTimeoutMS`: how long, in milliseconds, an
   * operation waits for a server before it fails. @default those of the driver, 30 seconds
   */
  clientOptions?: MongoClientOptions
  db?: never
}

/** A database of a client that the program has, and closes itself. */
export interface GridFSDbOptions extends GridFSBucketOptions {
  /** The database, or a function that is called once, on first use. */
  db: Db | (() => Db | Promise<Db>)
  uri?: never
  database?: never
  clientOptions?: never
}

/** Options of {@link GridFSBackend}. */
export type GridFSBackendOptions = GridFSUriOptions | GridFSDbOptions

/** A document holds at most 16 MiB, and more than the bytes of the chunk. */
const MAX_CHUNK_BYTES = 15 * 1024 * 1024
const DEFAULT_CHUNK_BYTES = 255 * 1024

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function bucketOptions({
  bucketName = 'filedepot',
  chunkSizeBytes = DEFAULT_CHUNK_BYTES,
  objectIds = false,
}: GridFSBucketOptions): Required<GridFSBucketOptions> {
  if (typeof bucketName !== 'string' || !/^[^$\0]+$/.test(bucketName)) {
    throw invalid('bucketName', 'the name of a bucket, not empty and without "$"', bucketName)
  }
  const good =
    Number.isSafeInteger(chunkSizeBytes) && chunkSizeBytes >= 1 && chunkSizeBytes <= MAX_CHUNK_BYTES
  if (!good) {
    throw invalid('chunkSizeBytes', `a whole number from 1 to ${MAX_CHUNK_BYTES}`, chunkSizeBytes)
  }
  return { bucketName, chunkSizeBytes, objectIds }
}

/** The name of the database: never the driver's own default, `test`, which surprises users. */
export function databaseOf({ uri, database }: Pick<GridFSUriOptions, 'uri' | 'database'>): string {
  const [, inUri = ''] = /^[\w+]+:\/\/[^/?]*\/([^?]*)/.exec(uri) ?? []
  const name = database ?? decodeURIComponent(inUri)
  if (name !== '') return name
  // The URI itself is in no message, as it may have a password in it.
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    'Expected the uri or the option `database` to name a database, as in mongodb://host/files, got neither',
  )
}

function invalid(option: string, expectation: string, got: unknown): FiledepotError {
  const shown = typeof got === 'string' || typeof got === 'number' ? JSON.stringify(got) : typeof got
  return new FiledepotError('INVALID_ARGUMENT', `Expected ${option} to be ${expectation}, got ${shown}`)
}
