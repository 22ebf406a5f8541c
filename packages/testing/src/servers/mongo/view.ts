import type { Doc } from './documents.ts'
import type { DocumentRecord } from './document-record.ts'

/** A collection as a command sees it: what is committed, or what its transaction sees. */
export interface View {
  get(key: string): DocumentRecord | undefined
  /** All records that may match the filter, and others. */
  candidates(filter: Doc): Iterable<DocumentRecord>
  /**
   * Adds or replaces.
   *
   * @throws CommandError 11000 where a unique index has the values already; HeldError where a transaction holds it
   */
  put(record: DocumentRecord): void
  /** @throws HeldError where a transaction holds it */
  remove(record: DocumentRecord): void
}
