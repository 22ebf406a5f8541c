import { isPlainObject, type Doc } from './documents.ts'
import type { DocumentRecord } from './document-record.ts'
import { matcher } from './query.ts'
import { valueKey, valuesAt } from './value-key.ts'

/** An index: finds records by its first field, and tells which of them have equal values in all of its fields. */
export class CollectionIndex {
  readonly fields: readonly string[]
  readonly unique: boolean
  readonly #sparse: boolean
  readonly #covers: (doc: Doc) => boolean
  readonly #byFirst = new Map<string, Set<DocumentRecord>>()
  readonly #byAll = new Map<string, Set<DocumentRecord>>()

  constructor(
    /** As `listIndexes` tells it. */
    readonly spec: Doc,
  ) {
    this.fields = Object.keys(spec.key as Doc)
    this.unique = spec.unique === true || spec.name === '_id_'
    this.#sparse = spec.sparse === true
    const partial = spec.partialFilterExpression
    this.#covers = isPlainObject(partial) ? matcher(partial) : () => true
  }

  /** True where every document is in the index, so that it can answer for the collection. */
  get complete(): boolean {
    return !this.#sparse && this.spec.partialFilterExpression === undefined
  }

  add(record: DocumentRecord): void {
    for (const key of this.keysOf(record.doc)) addTo(this.#byAll, key, record)
    for (const key of this.#firstKeysOf(record.doc)) addTo(this.#byFirst, key, record)
  }

  remove(record: DocumentRecord): void {
    for (const key of this.keysOf(record.doc)) removeFrom(this.#byAll, key, record)
    for (const key of this.#firstKeysOf(record.doc)) removeFrom(this.#byFirst, key, record)
  }

  /** Under these keys a document stands in the index: one, or one for each item of an array. */
  keysOf(doc: Doc): string[] {
    if (!this.#covers(doc)) return []
    const values = this.fields.map((field) => valuesAt(doc, field))
    if (this.#sparse && values.every((found) => found.every((value) => value === undefined))) return []
    return values.reduce<string[]>(
      (keys, found) => keys.flatMap((key) => [...keysOfValues(found)].map((next) => `${key}|${next}`)),
      [''],
    )
  }

  recordsWith(key: string): Iterable<DocumentRecord> {
    return this.#byAll.get(key) ?? []
  }

  recordsWithFirst(value: unknown): Iterable<DocumentRecord> {
    return this.#byFirst.get(valueKey(value)) ?? []
  }

  #firstKeysOf(doc: Doc): Set<string> {
    return keysOfValues(valuesAt(doc, this.fields[0] ?? '_id'))
  }
}

function keysOfValues(values: readonly unknown[]): Set<string> {
  const items = values.flatMap((value): unknown[] =>
    Array.isArray(value) ? [value, ...(value as unknown[])] : [value],
  )
  return new Set(items.length === 0 ? [valueKey(null)] : items.map(valueKey))
}

function addTo(map: Map<string, Set<DocumentRecord>>, key: string, record: DocumentRecord): void {
  const records = map.get(key)
  if (records) records.add(record)
  else map.set(key, new Set([record]))
}

function removeFrom(map: Map<string, Set<DocumentRecord>>, key: string, record: DocumentRecord): void {
  const records = map.get(key)
  records?.delete(record)
  if (records?.size === 0) map.delete(key)
}
