import { deserialize, serialize } from 'bson'

/** A document as the handlers see it: numbers are numbers, other types of BSON are objects of their classes. */
export type Doc = Record<string, unknown>

/** Values such as `ObjectId` stay what they are; numbers of any BSON type become JavaScript's. */
const DECODING = { promoteBuffers: false, promoteLongs: true, promoteValues: true }

/** Decodes BSON; of the `documents` of an insert it keeps the bytes, so that their types survive. */
export function decode(bytes: Uint8Array): Doc {
  const doc: Doc = deserialize(bytes, { ...DECODING, fieldsAsRaw: { documents: true } })
  if (Array.isArray(doc.documents)) {
    doc.documents = doc.documents.map((raw: unknown) =>
      raw instanceof Uint8Array ? decodeKeepingBytes(raw) : raw,
    )
  }
  return doc
}

/** Decodes a document and remembers its bytes, which {@link bytesOf} gives back. */
export function decodeKeepingBytes(bytes: Uint8Array): Doc {
  // A copy, as the bytes are a part of a message with other documents.
  const own = Uint8Array.from(bytes)
  const doc: Doc = deserialize(own, DECODING)
  keptBytes.set(doc, own)
  return doc
}

/** The bytes that a document was decoded from, or a fresh encoding. */
export function bytesOf(doc: Doc): Uint8Array {
  return keptBytes.get(doc) ?? encode(doc)
}

export function encode(doc: Doc): Uint8Array {
  return serialize(doc, { ignoreUndefined: true })
}

/** A plain object, as opposed to a value such as an `ObjectId`, a `Date`, a regular expression or an array. */
export function isPlainObject(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const keptBytes = new WeakMap<Doc, Uint8Array>()
