import type { Collection } from './collection.ts'
import { writeConflict } from './command-error.ts'
import type { DocumentRecord } from './document-record.ts'
import type { View } from './view.ts'

/** Sees the data as they were when it began, and its own changes; others see these when it has committed. */
export class Transaction {
  state: 'open' | 'committed' | 'aborted' = 'open'
  /** Resolves when it is no longer open. */
  readonly ended: Promise<void>
  #end: () => void = () => undefined
  readonly #views = new Map<Collection, TransactionView>()

  constructor(
    /** Its number in its session. */
    readonly number: bigint,
    collections: Iterable<Collection>,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    for (const collection of collections) this.view(collection)
  }

  view(collection: Collection): View {
    let view = this.#views.get(collection)
    if (!view) this.#views.set(collection, (view = new TransactionView(this, collection)))
    return view
  }

  commit(): void {
    this.#settle('committed', (view) => {
      view.apply()
    })
  }

  abort(): void {
    this.#settle('aborted', () => undefined)
  }

  #settle(state: 'committed' | 'aborted', settleView: (view: TransactionView) => void): void {
    if (this.state !== 'open') return
    this.state = state
    for (const view of this.#views.values()) {
      settleView(view)
      view.release()
    }
    this.#views.clear()
    this.#end()
  }
}

class TransactionView implements View {
  readonly #transaction: Transaction
  readonly #collection: Collection
  readonly #snapshot: ReadonlyMap<string, DocumentRecord>
  /** `undefined` stands for a record that was removed. */
  readonly #writes = new Map<string, DocumentRecord | undefined>()

  constructor(transaction: Transaction, collection: Collection) {
    this.#transaction = transaction
    this.#collection = collection
    this.#snapshot = new Map([...collection.records()].map((record) => [record.key, record]))
  }

  get(key: string): DocumentRecord | undefined {
    return this.#writes.has(key) ? this.#writes.get(key) : this.#snapshot.get(key)
  }

  *candidates(): Generator<DocumentRecord> {
    for (const [key, record] of this.#snapshot) if (!this.#writes.has(key)) yield record
    for (const record of this.#writes.values()) if (record) yield record
  }

  put(record: DocumentRecord): void {
    const before = this.get(record.key)
    if (before) this.#lock(before)
    this.#collection.checkUnique(record, ({ key }) => key !== record.key && !this.#writes.has(key))
    this.#checkOwn(record)
    this.#lock(record)
    this.#writes.set(record.key, record)
  }

  remove(record: DocumentRecord): void {
    this.#lock(record)
    this.#writes.set(record.key, undefined)
  }

  apply(): void {
    for (const [key, record] of this.#writes) if (!record) this.#collection.replace(key, undefined)
    for (const [key, record] of this.#writes) if (record) this.#collection.replace(key, record)
  }

  release(): void {
    const { locks } = this.#collection
    for (const [name, holder] of locks) if (holder === this.#transaction) locks.delete(name)
  }

  #checkOwn(record: DocumentRecord): void {
    for (const index of this.#collection.indexes) {
      if (!index.unique) continue
      const keys = new Set(index.keysOf(record.doc))
      for (const other of this.#writes.values()) {
        if (!other || other.key === record.key) continue
        if (index.keysOf(other.doc).some((key) => keys.has(key))) {
          throw this.#collection.duplicateKey(index, record.doc)
        }
      }
    }
  }

  /** A transaction does not wait: what another one holds, or has changed since, is a conflict. */
  #lock(record: DocumentRecord): void {
    const { locks } = this.#collection
    const names = this.#collection.locksOf(record)
    const held = names.some((name) => (locks.get(name) ?? this.#transaction) !== this.#transaction)
    const changed =
      !this.#writes.has(record.key) && this.#collection.get(record.key) !== this.#snapshot.get(record.key)
    if (held || changed) {
      this.#transaction.abort()
      throw writeConflict()
    }
    for (const name of names) locks.set(name, this.#transaction)
  }
}
