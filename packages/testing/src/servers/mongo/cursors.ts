import { Long } from 'bson'
import { CommandError } from './command-error.ts'
import type { Doc } from './documents.ts'
import { RawDocuments } from './encode-reply.ts'

/** Documents of an answer; their sum is kept under the 16 MB that a message may have. */
const BATCH_BYTES = 15_000_000

interface Cursor {
  readonly namespace: string
  readonly documents: Iterator<Uint8Array>
  /** Taken, but too large for the batch before. */
  pending: IteratorResult<Uint8Array>
}

/** Cursors that clients have not read to their end. */
export class Cursors {
  readonly #cursors = new Map<bigint, Cursor>()
  #lastId = 0n

  /** How many are open. */
  get size(): number {
    return this.#cursors.size
  }

  /** The answer with the first batch; what is left waits under an id. */
  open(
    namespace: string,
    documents: Iterable<Uint8Array>,
    { batchSize = 101, singleBatch = false }: { batchSize?: number; singleBatch?: boolean } = {},
  ): Doc {
    const iterator = documents[Symbol.iterator]()
    const cursor: Cursor = { namespace, documents: iterator, pending: iterator.next() }
    const firstBatch = take(cursor, batchSize)
    let id = 0n
    if (!cursor.pending.done && !singleBatch) this.#cursors.set((id = ++this.#lastId), cursor)
    return { cursor: { id: Long.fromBigInt(id), ns: namespace, firstBatch }, ok: 1 }
  }

  next(id: bigint, batchSize = Infinity): Doc {
    const cursor = this.#cursors.get(id)
    if (!cursor) throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`)
    const nextBatch = take(cursor, batchSize)
    if (cursor.pending.done) this.#cursors.delete(id)
    const left = cursor.pending.done ? Long.ZERO : Long.fromBigInt(id)
    return { cursor: { id: left, ns: cursor.namespace, nextBatch }, ok: 1 }
  }

  kill(id: bigint): boolean {
    return this.#cursors.delete(id)
  }
}

function take(cursor: Cursor, batchSize: number): RawDocuments {
  const items: Uint8Array[] = []
  let bytes = 0
  while (!cursor.pending.done && items.length < batchSize) {
    const { value } = cursor.pending
    if (items.length > 0 && bytes + value.byteLength > BATCH_BYTES) break
    items.push(value)
    bytes += value.byteLength
    cursor.pending = cursor.documents.next()
  }
  return new RawDocuments(items)
}
