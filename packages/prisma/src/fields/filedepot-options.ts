import type { LedgerClient } from '@filedepot/ledger'
import type { DepotManager, FileFilter, FileValidator, UploadType } from '@filedepot/core'

/** What may be said of a file field beside its upload type. */
export interface FileFieldOptions {
  /** The upload type: what results hold instances of. In brackets: a list of files. */
  readonly type: UploadType | readonly [UploadType]
  /** Name or alias of the storage for new files. @default the default storage */
  readonly storage?: string
  /** The most bytes of one file. @default Infinity */
  readonly maxSize?: number
  /** Run before anything is stored. */
  readonly validators?: readonly FileValidator[]
  /** Run after the upload, in order. */
  readonly filters?: readonly FileFilter[]
  /** False for a field that is `Json` and not `Json?`, so that results are typed without null. @default true */
  readonly nullable?: boolean
}

/** A file field: its upload type, that in brackets for a list of files, or more about it. */
export type FileFieldSetting = UploadType | readonly [UploadType] | FileFieldOptions

/** The file fields of models, by the names that models have on the client: `user` for a model `User`. */
export type FileModels = Readonly<Record<string, Readonly<Record<string, FileFieldSetting>>>>

/** How a ledger is kept. */
export interface LedgerSettings {
  /** For how long a file is kept that no row refers to any more, in milliseconds: time for an undo. @default 0 */
  readonly retention?: number
  /**
   * `'auto'` deletes such files shortly after a write. With `false` only `ledgerOf(prisma).drain()` does. @default 'auto'
   */
  readonly drain?: 'auto' | false
  /** The schema in which the tables of the ledger are, on PostgreSQL. @default 'public' */
  readonly schema?: string
  /** Connections of its own, such as `pgClient(pool)` of `@filedepot/ledger`. @default those of the client of Prisma */
  readonly client?: LedgerClient
}

/** Options of {@link filedepot}. */
export interface FiledepotOptions<Models extends FileModels = FileModels> {
  /** The depot with the storages. @default the depot of the process */
  readonly depot?: DepotManager
  /** The fields of type `Json` that hold files. */
  readonly models: Models
  /**
   * True, or how, if the database keeps a ledger: its triggers count which rows refer to a file. Install it with
   * `await ledgerOf(prisma).install()`. `cascades`, `maxWait` and `transactions` then have no meaning, because nothing is looked at
   * before a write. @default false
   */
  readonly ledger?: boolean | LedgerSettings
  /**
   * Which rows the database deletes together with others, so that their files have to go, too. `'schema'`: those that
   * `onDelete: Cascade` in the schema names. An object names the fields of a model that lead to such rows, and no others
   * are followed: `{ album: ['photos'] }`.
   *
   * @default 'schema'
   */
  readonly cascades?: 'schema' | Readonly<Record<string, readonly string[]>>
  /**
   * How long the end of a transaction waits for files to be deleted, in milliseconds. Then the caller goes on, and the
   * storage takes the time it needs. @default 5000
   */
  readonly maxWait?: number
  /** Of the transactions that are opened for a write that has to look at rows before it changes them. */
  readonly transactions?: {
    /** Milliseconds to wait for a connection. @default 10000 */
    readonly maxWait?: number
    /** Milliseconds that it may take; uploads come before it. @default 30000 */
    readonly timeout?: number
  }
}
