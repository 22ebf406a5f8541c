import { CommandError } from './command-error.ts'
import type { DocumentRecord } from './document-record.ts'
import type { View } from './view.ts'

/**
 * Adds a document, never instead of another one: that of an upsert may have the id of one that its filter does not
 * match.
 *
 * @throws CommandError 11000 where its id is taken
 */
export function putNew(view: View, record: DocumentRecord, namespace: string): void {
  if (view.get(record.key)) {
    const { _id } = record.doc
    const text = `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: ${JSON.stringify(_id)} }`
    throw new CommandError(11000, 'DuplicateKey', text, { keyPattern: { _id: 1 }, keyValue: { _id } })
  }
  view.put(record)
}
