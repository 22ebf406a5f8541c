import { FiledepotError } from '@filedepot/core'
import { MongoClient, type Collection, type CollectionOptions, type Db } from 'mongodb'
import type { ChunkDocument, FileDocument } from './file-document.ts'
import { databaseOf, type GridFSBackendOptions } from './gridfs-backend-options.ts'

/** The two collections, and the client for its sessions. */
export interface Bucket {
  readonly client: MongoClient
  readonly files: Collection<FileDocument>
  readonly chunks: Collection<ChunkDocument>
}

/**
 * Whatever the client says: a file that was stored has to be found at once and to survive the loss of a server, and
 * sizes are numbers here.
 */
const COLLECTION_OPTIONS: CollectionOptions = {
  readPreference: 'primary',
  writeConcern: { w: 'majority' },
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: true,
  useBigInt64: false,
}

/** Reaches the bucket on first use, and closes what it has opened. */
export class Connection {
  readonly #openDb: () => Promise<Db>
  readonly #ownClient: MongoClient | undefined
  readonly #bucketName: string
  #bucket: Promise<Bucket> | undefined
  #indexed: Promise<Bucket> | undefined
  #closed = false

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(options: GridFSBackendOptions, bucketName: string) {
    this.#bucketName = bucketName
    const { uri, db } = options
    if ((uri === undefined) === (db === undefined)) {
      throw new FiledepotError('INVALID_ARGUMENT', 'Expected one of the options uri and db, got both or none')
    }
    if (options.uri === undefined) {
      const { db: given } = options
      this.#openDb = async () => (typeof given === 'function' ? await given() : given)
    } else {
      const client = makeClient(options.uri, options.clientOptions)
      const database = databaseOf(options)
      this.#ownClient = client
      this.#openDb = async () => (await client.connect()).db(database)
    }
  }

  /** The bucket. What fails is tried again by the next one who asks. */
  bucket(): Promise<Bucket> {
    if (this.#closed) return Promise.reject(new Error('Cannot use the storage after it was closed'))
    return (this.#bucket ??= this.#open().catch((error: unknown) => {
      this.#bucket = undefined
      throw error
    }))
  }

  /** The bucket with its index, which the first write makes. */
  bucketForWrite(): Promise<Bucket> {
    return (this.#indexed ??= this.#index().catch((error: unknown) => {
      this.#indexed = undefined
      throw error
    }))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#indexed = undefined
    await this.#ownClient?.close()
  }

  async #open(): Promise<Bucket> {
    const db = await this.#openDb()
    await checkDriver(db)
    return {
      client: db.client,
      files: db.collection<FileDocument>(`${this.#bucketName}.files`, COLLECTION_OPTIONS),
      chunks: db.collection<ChunkDocument>(`${this.#bucketName}.chunks`, COLLECTION_OPTIONS),
    }
  }

  /** The same that every GridFS driver makes, without which each read would search all chunks. */
  async #index(): Promise<Bucket> {
    const bucket = await this.bucket()
    await bucket.chunks.createIndex({ files_id: 1, n: 1 }, { unique: true }, {})
    return bucket
  }
}

/** The driver of a foreign `Db`, as the client tells it to the server: a promise from version 7 on. */
type ClientMetadata = { readonly driver?: { readonly version?: string } } | undefined

/**
 * BSON of another major version cannot be sent by this driver, nor told apart by its class: other copies of this one work.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
async function checkDriver(db: Db): Promise<void> {
  const { options } = db.client as { readonly options?: { readonly metadata?: unknown } }
  const metadata = (await options?.metadata) as ClientMetadata
  const version = metadata?.driver?.version
  if (version === undefined || version.startsWith('7.')) return
  throw new FiledepotError(
    'INVALID_ARGUMENT',
    `Expected db to be of the package mongodb 7, got one of version ${version}. Pass the option uri, or a client of mongodb 7 ` +
      'beside that of your program',
  )
}

/** Makes the client, which connects later: a URI that cannot be right is told at once. */
function makeClient(uri: unknown, options: ConstructorParameters<typeof MongoClient>[1]): MongoClient {
  try {
    return new MongoClient(uri as string, options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected uri to be a connection string of MongoDB: ${reason}`,
      { cause },
    )
  }
}
