import type { StoredFile } from '@filedepot/core'

/** What the handler looks at in a request. A web `Request` is one, and so is what `toNodeHandler` makes of Node's. */
export interface FileRequest {
  readonly method: string
  /** Absolute, or from the path on. */
  readonly url: string
  readonly headers: { get(name: string): string | null }
  /** Aborted where the client goes away. */
  readonly signal?: AbortSignal
}

/** The file that a request is for. Nobody has looked yet whether it is there. */
export interface RequestedFile {
  /** `storage/id`, with the name of the storage itself where the URL has an alias: what rows hold. */
  readonly path: string
  readonly storage: string
  readonly id: string
  /**
   * The file with its metadata, where they are needed to decide.
   *
   * @throws FiledepotError `FILE_NOT_FOUND`, `CORRUPT_FILE`, `READ_FAILED`
   */
  open(): Promise<StoredFile>
}
