import { randomBytes } from 'node:crypto'
import { Binary } from 'bson'
import { CollectionIndex } from './collection-index.ts'
import { CommandError } from './command-error.ts'
import type { DocumentRecord } from './document-record.ts'
import { isPlainObject, type Doc } from './documents.ts'
import { HeldError, type LockHolder } from './held-error.ts'
import type { View } from './view.ts'

const ID_INDEX = { v: 2, key: { _id: 1 }, name: '_id_' }

/** The committed documents of a collection, its indexes, and what open transactions hold of it. */
export class Collection implements View {
  readonly uuid = new Binary(randomBytes(16), Binary.SUBTYPE_UUID)
  readonly indexes: CollectionIndex[] = [new CollectionIndex(ID_INDEX)]
  /** By the names of {@link Collection.locksOf}. */
  readonly locks = new Map<string, LockHolder>()
  readonly #records = new Map<string, DocumentRecord>()

  constructor(
    /** `database.collection`. */
    public namespace: string,
    readonly options: Doc = {},
  ) {}

  get size(): number {
    return this.#records.size
  }

  records(): IterableIterator<DocumentRecord> {
    return this.#records.values()
  }

  get(key: string): DocumentRecord | undefined {
    return this.#records.get(key)
  }

  /** Through an index where one of its first fields has to have a certain value, or one of some. */
  candidates(filter: Doc): Iterable<DocumentRecord> {
    for (const index of this.indexes) {
      const values = index.complete ? wantedValues(filter[index.fields[0] ?? '_id']) : undefined
      if (values) return new Set(values.flatMap((value) => [...index.recordsWithFirst(value)]))
    }
    return this.#records.values()
  }

  put(record: DocumentRecord): void {
    this.#checkFree(record)
    this.checkUnique(record, ({ key }) => key !== record.key)
    this.replace(record.key, record)
  }

  remove(record: DocumentRecord): void {
    this.#checkFree(record)
    this.replace(record.key, undefined)
  }

  /** Sets what is under a key, unchecked. */
  replace(key: string, record: DocumentRecord | undefined): void {
    const before = this.#records.get(key)
    for (const index of this.indexes) {
      if (before) index.remove(before)
      if (record) index.add(record)
    }
    if (record) this.#records.set(key, record)
    else this.#records.delete(key)
  }

  /** @throws CommandError 11000 where a record that counts has the values of this one in a unique index */
  checkUnique(record: DocumentRecord, counts: (other: DocumentRecord) => boolean): void {
    for (const index of this.indexes) {
      if (!index.unique) continue
      for (const key of index.keysOf(record.doc)) {
        for (const other of index.recordsWith(key)) {
          if (counts(other)) throw this.duplicateKey(index, record.doc)
        }
      }
    }
  }

  duplicateKey({ spec, fields }: CollectionIndex, doc: Doc): CommandError {
    const keyValue = Object.fromEntries(fields.map((field) => [field, doc[field] ?? null]))
    const text = `E11000 duplicate key error collection: ${this.namespace} index: ${String(spec.name)} dup key: ${JSON.stringify(keyValue)}`
    return new CommandError(11000, 'DuplicateKey', text, { keyPattern: spec.key, keyValue })
  }

  /** What a transaction holds that has changed a record: the document, and its places in unique indexes. */
  locksOf({ doc }: DocumentRecord): string[] {
    return this.indexes
      .filter(({ unique }) => unique)
      .flatMap((index) => index.keysOf(doc).map((key) => `${String(index.spec.name)} ${key}`))
  }

  /** @throws CommandError 11000 where a unique index would have values twice; it is not added then */
  addIndex(spec: Doc): void {
    const index = new CollectionIndex({ v: 2, ...spec })
    for (const record of this.#records.values()) {
      const taken = index.keysOf(record.doc).some((key) => [...index.recordsWith(key)].length > 0)
      if (index.unique && taken) throw this.duplicateKey(index, record.doc)
      index.add(record)
    }
    this.indexes.push(index)
  }

  #checkFree(record: DocumentRecord): void {
    if (this.locks.size === 0) return
    for (const name of this.locksOf(record)) {
      const holder = this.locks.get(name)
      if (holder) throw new HeldError(holder.ended)
    }
  }
}

/** The values that a condition lets a field have, if these can be looked up. */
function wantedValues(condition: unknown): readonly unknown[] | undefined {
  if (condition === undefined || condition instanceof RegExp) return undefined
  if (!isPlainObject(condition)) return [condition]
  if ('$eq' in condition) return [condition.$eq]
  const values: unknown = condition.$in
  return Array.isArray(values) && !values.some((value) => value instanceof RegExp) ? values : undefined
}
