import { bytesOf, type Doc } from './documents.ts'
import { valueKey } from './value-key.ts'

/** A stored document: decoded to be searched, and in the bytes in which it came. */
export interface DocumentRecord {
  /** Of its `_id`. */
  readonly key: string
  readonly doc: Doc
  readonly raw: Uint8Array
}

export function recordOf(doc: Doc): DocumentRecord {
  return { key: valueKey(doc._id), doc, raw: bytesOf(doc) }
}
