import type { SignedUrlOptions } from '../backend.ts'
import type { JsonValue } from '../json-value.ts'
import type { FileContent } from '../content/file-content.ts'
import { FileIntent } from '../content/file-intent.ts'
import type { ContentRules } from '../content/inspect-content.ts'
import { resolveContent } from '../content/resolve-content.ts'
import type { ContentHolder } from '../content/resolved-content.ts'
import { depot } from '../depot/depot.ts'
import { FiledepotError } from '../errors.ts'
import { describe } from '../expected.ts'
import { formatFilePath, parseFilePath } from '../file-path.ts'
import type { StoredRecord } from '../storage/file-storage.ts'
import type { StoredFile } from '../storage/stored-file.ts'
import { BrokenContent, brokenFields, throwBroken } from './broken-value.ts'
import type { StoreFile } from './file-filter.ts'
import { changedData, type FileChanges } from './changed-data.ts'
import { ValueState, readPrivateFieldsBy } from './value-state.ts'
import { boundManager } from './manager-binding.ts'
import { MissingFields } from './missing-fields.ts'
import { parseStrictValue } from './strict-value.ts'
import {
  formatUploadedFile,
  NO_METADATA,
  type UploadedFileData,
  type UploadedFileJson,
} from './uploaded-file-data.ts'
import { isUploadedFile, isVerified } from './verification.ts'

/** Options of {@link UploadedFile.from}. */
export interface PendingOptions {
  /** For display. @default the content's own name, else `unnamed` */
  filename?: string | undefined
  /** MIME type; wins over what the bytes look like, so take it from your own code, never from a client. */
  contentType?: string | undefined
  /** Name or alias of the storage. @default the column's storage, else the default storage */
  storage?: string | undefined
}

/** A content that waits for its upload. */
export class PendingUpload {
  readonly content: ContentHolder
  readonly storage: string | undefined

  constructor(content: FileContent, { filename, contentType, storage }: PendingOptions) {
    this.content = new FileIntent(content, { filename, contentType })
    this.storage = storage
  }
}

/**
 * What {@link UploadedFile.process} has to keep to. `store(content)` does so by itself; {@link spool} is given the rules.
 */
export type ProcessOptions = ContentRules

/** What {@link UploadedFile.process} stored. */
export interface ProcessedFile {
  /** The file that the value stands for. */
  readonly file: StoredRecord
  /** Stays with the value in the row, as JSON. */
  readonly metadata?: Readonly<Record<string, JsonValue>>
}

/** The constructor of an upload type: {@link UploadedFile} or a class that extends it. */
export type UploadType<T extends UploadedFile = UploadedFile> = new (
  value: PendingUpload | UploadedFileData,
) => T

/**
 * The value of a file column. It is made from a content and is *pending* then: nothing has been uploaded. Saving the
 * row uploads the content and puts a *stored* value instead of the pending one: frozen, kept in the row as JSON.
 *
 * A stored value belongs to one row. Where it is given to another, that row gets a copy of the file.
 *
 * ```ts
 * import { UploadedFile } from '@filedepot/core'
 *
 * const photo = UploadedFile.from(Buffer.from('…'), { filename: 'me.png' })
 * photo.isPending //=> true
 * ```
 *
 * Subclasses are upload types: they change or add to what is stored by overriding {@link UploadedFile.process}.
 */
export class UploadedFile implements UploadedFileData {
  declare readonly storage: string
  declare readonly id: string
  declare readonly filename: string
  declare readonly contentType: string
  declare readonly declaredType: string | undefined
  declare readonly size: number | undefined
  declare readonly sha256: string | undefined
  declare readonly uploadedAt: Date
  declare readonly files: readonly string[]
  declare readonly metadata: Readonly<Record<string, JsonValue>>

  readonly #pending: PendingUpload | undefined
  readonly #uploadedAt: number | undefined
  #state = new ValueState()
  #text: string | undefined

  static {
    readPrivateFieldsBy({
      has: (value) => #state in value,
      state: (value) => value.#state,
      text: (value) => value.#text,
      setText: (value, text) => {
        value.#text = text
      },
    })
    // Prisma clones arguments for each extension, with what `for … in` finds. A clone with this method is written as the
    // JSON that is in the row, so that a `where` that names a file finds it.
    Object.defineProperty(UploadedFile.prototype, 'toJSON', { enumerable: true })
    // A clone with this function leads back to the value that it was made of. JSON cannot bring a function.
    Object.defineProperty(UploadedFile.prototype, 'source', {
      get(this: UploadedFile) {
        return () => this
      },
      enumerable: true,
    })
  }

  /** Shared by all stored values. A date cannot be frozen, so each reader gets one of its own. */
  static readonly #uploadedAtProperty: PropertyDescriptor & ThisType<UploadedFile> = {
    get() {
      // A proxy has none: whatever clones it is to get as far as its refusal.
      return new Date((#uploadedAt in this ? this.#uploadedAt : undefined) ?? NaN)
    },
    enumerable: true,
  }

  /**
   * Use {@link UploadedFile.from} or {@link UploadedFile.fromJSON}.
   *
   * @throws FiledepotError `INVALID_ARGUMENT` without a value, as class-transformer calls it
   */
  constructor(value: PendingUpload | UploadedFileData) {
    if (value instanceof PendingUpload) {
      this.#pending = value
      // Own, enumerable functions: they are what is left of the value where an ORM clones its arguments, and what
      // stops JSON.stringify from writing the bytes into a row. class-transformer calls them in this order, and would not
      // end with the second one.
      this.#shadow(throwPending)
      Object.setPrototypeOf(this, pendingFields.prototypeOf(new.target))
    } else if (value instanceof BrokenContent) {
      this.#state.broken = value
      this.#text = value.text
      this.#shadow(() => throwBroken(this))
      Object.setPrototypeOf(this, brokenFields.prototypeOf(new.target))
    } else if (typeof (value as unknown) !== 'object') {
      throw withoutValue(new.target.name, value)
    } else {
      // One by one, and plainly, as every row that is loaded comes by here: by defineProperty it takes three times as long.
      this.storage = value.storage
      this.id = value.id
      this.filename = value.filename
      this.contentType = value.contentType
      this.declaredType = value.declaredType
      this.size = value.size
      this.sha256 = value.sha256
      this.files = deepFreeze(value.files)
      this.metadata = deepFreeze(value.metadata)
      this.#uploadedAt = value.uploadedAt.getTime()
      Object.defineProperty(this, 'uploadedAt', UploadedFile.#uploadedAtProperty)
    }
    Object.freeze(this)
  }

  /**
   * A pending value. The content is looked at, not read.
   *
   * @throws FiledepotError `INVALID_CONTENT` for text, null and whatever else is no content of a file
   */
  static from<T extends UploadedFile>(
    this: UploadType<T>,
    content: FileContent,
    options: PendingOptions = {},
  ): T {
    resolveContent(content)
    return new this(new PendingUpload(content, options))
  }

  /**
   * The stored value that `toJSON` wrote, or Python's DEPOT; as an object or as text. Use it to read a file whose JSON
   * you have kept yourself, in the payload of a job for example.
   *
   * The form of the JSON is checked: every field has its type, all files are in the storage of the value, and an unknown
   * field is refused. Whose file it is cannot be checked, so the value is unverified. A row takes it only if it holds this
   * very file already, and then keeps what it holds. Anything else is refused with `INVALID_CONTENT`, as is
   * `depot.upload`. To give a row a file that your own records name, copy it:
   *
   * ```ts
   * import { depot, UploadedFile } from '@filedepot/core'
   *
   * async function copyOf(job: { photo: unknown }) {
   *   const { path } = UploadedFile.fromJSON(job.photo)
   *   return UploadedFile.from(await depot.getFile(path))
   * }
   * ```
   *
   * Never do that with the JSON of a client: it could name the file of anybody.
   *
   * @throws FiledepotError `INVALID_VALUE`
   */
  static fromJSON<T extends UploadedFile>(this: UploadType<T>, json: unknown): T {
    return new this(parseStrictValue(json))
  }

  /** True until the value has been uploaded. Reading any other field of a pending value throws `PENDING_FILE`. */
  get isPending(): boolean {
    return this.#pending !== undefined
  }

  /** The content that waits for its upload; `undefined` once it is stored. For integrations. */
  get pending(): PendingUpload | undefined {
    return this.#pending
  }

  /** Makes properties of its own of what other values inherit. */
  #shadow(toJSON: () => never): void {
    this.toJSON = toJSON
    Object.defineProperty(this, 'source', { value: () => this, enumerable: true })
  }

  get #isStored(): boolean {
    return this.#pending === undefined && this.#state.broken === undefined
  }

  /** `storage/id`. */
  get path(): string {
    return formatFilePath(this)
  }

  /** The URL of the file: that of the storage if it has public URLs, else that of the HTTP handler. */
  get url(): string {
    const manager = boundManager(this) ?? depot
    return manager.get(this.storage).publicUrl(this.id) ?? manager.urlFor(this.path)
  }

  /**
   * A URL by which anyone can read the file until it expires: from the storage itself where it can sign URLs, else from
   * the HTTP handler. The file is saved under the name of this value, unless you give another one.
   *
   * @throws FiledepotError `NOT_SUPPORTED` where the storage cannot sign URLs and the depot has no `urlSigner`
   */
  async signedUrl(options?: SignedUrlOptions): Promise<string> {
    const { path, filename, contentType } = this
    // In JSON from a client, these fields are not verified.
    const known = isVerified(this) ? { filename, contentType } : {}
    return await (boundManager(this) ?? depot).signedUrlFor(path, { ...known, ...options })
  }

  /**
   * The file in its storage.
   *
   * @throws FiledepotError `PENDING_FILE`, and all that {@link DepotManager.getFile} throws
   */
  async open(): Promise<StoredFile> {
    return await (boundManager(this) ?? depot).getFile(this.path)
  }

  /**
   * All bytes at once. For a file that may be large, open it and stream. A local storage reads a small file of a row with one
   * look at the disk, as the row says all else.
   *
   * @throws FiledepotError `PENDING_FILE`, and all that {@link UploadedFile.open} and {@link StoredFile.bytes} throw
   */
  async bytes({ signal }: { signal?: AbortSignal } = {}): Promise<Buffer> {
    const { storage, id } = parseFilePath(this.path)
    // In JSON from a client, the size is not verified.
    const size = isVerified(this) ? this.size : undefined
    return await (boundManager(this) ?? depot).get(storage).readBytes(id, { size, signal })
  }

  /**
   * The same stored file under another name, or with other metadata: nothing is uploaded, and the value itself stays as it
   * is. Give the new value to the row in its place, and save the row. `signedUrl` of the new value gives the new name; so
   * does the HTTP handler if `authorize` answers with the value.
   *
   * ```ts
   * import { UploadedFile } from '@filedepot/core'
   *
   * function rename(document: { file: UploadedFile }, filename: string): void {
   *   document.file = document.file.with({ filename, metadata: { alt: 'A signed contract' } })
   * }
   * ```
   *
   * A row takes the new value only if it would take this one: made of a value of {@link UploadedFile.fromJSON}, it changes
   * nothing.
   *
   * @throws FiledepotError `INVALID_ARGUMENT` for a name that is no text, and for metadata that are no JSON; `PENDING_FILE`;
   *   `INVALID_VALUE` for a value that a row holds and nobody can read
   */
  with(changes: FileChanges): this {
    const changed = new (this.constructor as UploadType<this>)(changedData(this, changes))
    changed.#state = this.#state
    return changed
  }

  /**
   * Stores the content of a pending value. An upload type overrides it to store something else, or more: everything
   * goes through `store`, so that it belongs to the value, and is removed again where anything fails.
   *
   * ```ts
   * import { UploadedFile, type FileContent, type ProcessedFile, type StoreFile } from '@filedepot/core'
   *
   * class WithReceipt extends UploadedFile {
   *   override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
   *     const file = await store(content)
   *     const receipt = await store(Buffer.from(file.sha256), { filename: 'receipt.txt' })
   *     return { file, metadata: { receipt: receipt.path } }
   *   }
   * }
   * ```
   */
  process(content: FileContent, store: StoreFile, options?: ProcessOptions): Promise<ProcessedFile>
  async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    return { file: await store(content) }
  }

  /** True for a value of the same file. Two pending values are equal only if they are the same object. */
  equals(other: unknown): boolean {
    if (this === other) return true
    if (!isUploadedFile(other) || !this.#isStored || !other.#isStored) return false
    return this.storage === other.storage && this.id === other.id
  }

  /**
   * What stands in the row.
   *
   * @throws FiledepotError `PENDING_FILE`
   */
  toJSON(): UploadedFileJson {
    return formatUploadedFile(this)
  }

  /**
   * What the client of MongoDB writes into a document: the same as an object.
   *
   * @throws FiledepotError `PENDING_FILE`
   */
  toBSON(): UploadedFileJson {
    return this.toJSON()
  }
}

const pendingFields = new MissingFields((_, field) => {
  throw pendingError(field)
})

/** class-transformer calls the constructors of all values that it copies, without arguments. */
function withoutValue(type: string, got: unknown): FiledepotError {
  return new FiledepotError(
    'INVALID_ARGUMENT',
    `Expected the value of a new ${type}, got ${describe(got)}. Use ${type}.from(content). If class-transformer called the ` +
      'constructor, name a class of your own with the fields to show: @Type(() => FileDto)',
  )
}

function throwPending(): never {
  throw pendingError()
}

function pendingError(field?: string): FiledepotError {
  const what = field === undefined ? 'Cannot write a pending file as JSON' : `A pending file has no ${field}`
  return new FiledepotError('PENDING_FILE', `${what}. Save its row first, or call depot.upload(file)`)
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value === NO_METADATA) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
