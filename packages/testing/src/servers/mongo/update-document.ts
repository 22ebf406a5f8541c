import { ObjectId } from 'bson'
import { Aggregator, update as applyOperators } from 'mingo'
import { MAX_DOCUMENT_BYTES } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { recordOf, type DocumentRecord } from './document-record.ts'
import { decode, isPlainObject, type Doc } from './documents.ts'
import { badValue } from './query.ts'
import { valueKey } from './value-key.ts'

/** How a statement changes documents: operators, a whole new document, or a pipeline. */
export interface Update {
  readonly change: unknown
  readonly arrayFilters?: unknown
  /** True if the document is made by this update, so that `$setOnInsert` counts. */
  readonly inserts?: boolean
}

/** The record as the update leaves it. */
export function updatedRecord(record: DocumentRecord, update: Update): DocumentRecord {
  // A copy of its own: readers hold the old one.
  const before = decode(record.raw)
  const after = updatedDocument(before, update)
  if (valueKey(after._id) !== record.key) {
    const text = "Performing an update on the path '_id' would modify the immutable field '_id'"
    throw new CommandError(66, 'ImmutableField', text)
  }
  const result = recordOf(after)
  checkSize(result)
  return result
}

/** @throws CommandError 10334 */
export function checkSize({ raw }: DocumentRecord): void {
  if (raw.byteLength <= MAX_DOCUMENT_BYTES) return
  const text = `BSONObj size: ${raw.byteLength} is invalid. Size must be between 0 and ${MAX_DOCUMENT_BYTES}`
  throw new CommandError(10334, 'BSONObjectTooLarge', text)
}

/** What an upsert starts from: the values that its filter demands. */
export function seedOf(filter: unknown, change: unknown): DocumentRecord {
  const seed: Doc = {}
  for (const [path, condition] of Object.entries(isPlainObject(filter) ? filter : {})) {
    if (path.startsWith('$')) continue
    if (!isPlainObject(condition)) setAt(seed, path, condition)
    else if ('$eq' in condition) setAt(seed, path, condition.$eq)
    else if (!Object.keys(condition).some((key) => key.startsWith('$'))) setAt(seed, path, condition)
  }
  seed._id ??= idIn(change) ?? new ObjectId()
  return recordOf(seed)
}

function updatedDocument(doc: Doc, { change, arrayFilters, inserts = false }: Update): Doc {
  try {
    if (Array.isArray(change)) return applyPipeline(doc, change as Doc[])
    if (!isPlainObject(change)) throw new TypeError('an update is a document or a pipeline')
    if (!isOperators(change)) return { _id: doc._id, ...change }
    const { $setOnInsert, ...operators } = change
    if (inserts && isPlainObject($setOnInsert)) {
      operators.$set = { ...$setOnInsert, ...(operators.$set as Doc | undefined) }
    }
    for (const [operator, fields] of Object.entries(operators)) {
      if (isPlainObject(fields) && Object.keys(fields).length === 0) continue
      applyOperators(doc, { [operator]: fields }, (arrayFilters ?? []) as Doc[])
    }
    return doc
  } catch (error) {
    throw error instanceof CommandError ? error : badValue(error)
  }
}

function applyPipeline(doc: Doc, pipeline: Doc[]): Doc {
  const [after] = new Aggregator(pipeline).run<Doc>([doc])
  return { _id: doc._id, ...after }
}

function isOperators(change: Doc): boolean {
  return Object.keys(change).some((key) => key.startsWith('$'))
}

function idIn(change: unknown): unknown {
  if (!isPlainObject(change)) return undefined
  const places = [change, change.$set, change.$setOnInsert]
  return places.map((place) => (isPlainObject(place) ? place._id : undefined)).find((id) => id !== undefined)
}

function setAt(doc: Doc, path: string, value: unknown): void {
  const names = path.split('.')
  const last = names.pop() ?? path
  let place = doc
  for (const name of names) place = (place[name] ??= {}) as Doc
  place[last] = value
}
