import type { Readable } from 'node:stream'
import type { JsonValue } from '../json-value.ts'
import type { FileContent } from '../content/file-content.ts'
import type { StoredRecord, StoreOptions } from '../storage/file-storage.ts'

/** Stores one more file that belongs to the same value, and dies with it. */
export type StoreFile = (content: FileContent, options?: StoreOptions) => Promise<StoredRecord>

/** What a filter is given of a file that has just been uploaded. */
export interface FilteredFile {
  /** The file, as it was stored. */
  readonly file: StoredRecord
  /** Stays with the value in the row, as JSON. Filters add to it. */
  readonly metadata: Record<string, JsonValue>
  /** The bytes: the original content where it can be read again, else from the storage. */
  readonly open: () => Promise<Readable>
  /** Stores one more file of this value, for example a thumbnail. */
  readonly store: StoreFile
  /** Fires where the upload is given up. */
  readonly signal: AbortSignal | undefined
}

/**
 * Works on every file that a column stores, after the upload and before the row is written. Filters run in order.
 * If one throws, nothing of the file stays.
 *
 * ```ts
 * import type { FileFilter } from '@filedepot/core'
 *
 * const countLines: FileFilter = {
 *   async onSave({ open, metadata }) {
 *     let lines = 0
 *     for await (const chunk of (await open()) as AsyncIterable<Buffer>) {
 *       for (const byte of chunk) if (byte === 10) lines++
 *     }
 *     metadata['lines'] = lines
 *   },
 * }
 * ```
 */
export interface FileFilter {
  onSave(file: FilteredFile): void | Promise<void>
}
