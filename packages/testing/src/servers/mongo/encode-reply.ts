import { encode, isPlainObject, type Doc } from './documents.ts'

/** Documents of a batch as they are stored; they go into the answer without being decoded. */
export class RawDocuments {
  constructor(readonly items: readonly Uint8Array[]) {}
}

const DOCUMENT = 0x03
const ARRAY = 0x04

/** Encodes an answer, whose `cursor` may have a batch of {@link RawDocuments}. */
export function encodeReply(reply: Doc): Uint8Array {
  const { cursor, ...rest } = reply
  if (!isPlainObject(cursor)) return encode(reply)
  return withField(rest, DOCUMENT, 'cursor', encodeCursor(cursor))
}

function encodeCursor(cursor: Doc): Uint8Array {
  const batch = Object.entries(cursor).find(([, value]) => value instanceof RawDocuments)
  if (!batch) return encode(cursor)
  const [name, { items }] = batch as [string, RawDocuments]
  const fields = items.flatMap((item, index) => [fieldHead(DOCUMENT, String(index)), item])
  const others = Object.fromEntries(Object.entries(cursor).filter(([key]) => key !== name))
  return withField(others, ARRAY, name, enclose(fields))
}

/** The document with one more field, whose value is encoded already. */
function withField(doc: Doc, type: number, name: string, value: Uint8Array): Uint8Array {
  return enclose([encode(doc).subarray(4, -1), fieldHead(type, name), value])
}

function fieldHead(type: number, name: string): Buffer {
  return Buffer.concat([Buffer.of(type), Buffer.from(name), Buffer.of(0)])
}

/** A document of these fields: its length before them, a zero after. */
function enclose(fields: readonly Uint8Array[]): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32LE(fields.reduce((sum, { byteLength }) => sum + byteLength, 5))
  return Buffer.concat([length, ...fields, Buffer.of(0)])
}
