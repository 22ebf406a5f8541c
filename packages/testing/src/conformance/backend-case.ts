import type { FileStorage, StorageBackend } from '@filedepot/core'

/** What a {@link BackendCase} works with; everything in it is fresh and empty. */
export interface BackendContext {
  /** The backend under test, raw. */
  readonly backend: StorageBackend
  /** The same backend as programs use it. */
  readonly storage: FileStorage
  /** Another storage, in memory, to copy from and to. */
  readonly other: FileStorage
  /** What the service holds that belongs to no listed file; empty where the backend's test cannot look. */
  readonly leftovers: () => Promise<readonly string[]>
}

/** One promise of the contract, with what proves it. */
export interface BackendCase {
  /** A sentence that is true of every good backend. */
  readonly name: string
  /** True if a backend that keeps whole files in the memory of this process fails, and may. */
  readonly constantMemory?: boolean
  /** Rejects where the backend breaks the promise, with a message that says what it did. */
  run(context: BackendContext): Promise<void>
}

/** How the suite comes by a backend, and what may differ from one to the next. */
export interface BackendSuiteOptions<Backend extends StorageBackend = StorageBackend> {
  /** Makes an empty backend; called once for each case. */
  create(): Backend | Promise<Backend>
  /** Removes what `create` made: the folder, the bucket, the connection. */
  destroy?(backend: Backend): void | Promise<void>
  /**
   * Names whatever the service holds that belongs to no listed file: temporary files, parts of uploads, bytes
   * without metadata. With it, "leaves nothing behind" is checked below the contract too.
   */
  leftovers?(backend: Backend): Promise<readonly string[]>
  /** Cases of your own; they run like the others. */
  additionalCases?: readonly BackendCase[]
  /** True for a backend that keeps the files in this process: leaves out the cases on memory. @default false */
  holdsFilesInMemory?: boolean
}
