import { find, Query } from 'mingo'
import { CommandError } from './command-error.ts'
import type { Doc } from './documents.ts'

/** A filter as a function. What it cannot mean is an error of the command, as it is on a server. */
export function matcher(filter: Doc): (doc: Doc) => boolean {
  try {
    const query = new Query(filter)
    return (doc) => query.test(doc)
  } catch (error) {
    throw badValue(error)
  }
}

export function sorted<T extends { readonly doc: Doc }>(items: readonly T[], sort: Doc | undefined): T[] {
  if (!sort || Object.keys(sort).length === 0 || items.length < 2) return [...items]
  const byDoc = new Map<Doc, T>(items.map((item) => [item.doc, item]))
  const docs = find<Doc>([...byDoc.keys()], {}).sort(sort)
  return docs.all().flatMap((doc) => byDoc.get(doc) ?? [])
}

/** The document with the fields that a projection lets through. */
export function projected(doc: Doc, projection: Doc | undefined): Doc {
  if (!projection || Object.keys(projection).length === 0) return doc
  return find<Doc>([doc], {}, projection).next()
}

export function badValue(error: unknown): CommandError {
  return new CommandError(2, 'BadValue', error instanceof Error ? error.message : String(error))
}
