import { decode, decodeKeepingBytes, type Doc } from './documents.ts'
import { encodeReply } from './encode-reply.ts'
import { HEADER_BYTES } from './message-reader.ts'

/** The two kinds that a driver sends: the first `hello` may come as the older one. */
const OP_QUERY = 2004
const OP_MSG = 2013
const OP_REPLY = 1

const CHECKSUM_PRESENT = 1
const MORE_TO_COME = 2

/** A command as it came over the wire. */
export interface Message {
  readonly requestId: number
  readonly opCode: number
  readonly command: Doc
  /** The sender waits for no answer: an unacknowledged write. */
  readonly moreToCome: boolean
}

export function parseMessage(bytes: Buffer): Message {
  const requestId = bytes.readInt32LE(4)
  const opCode = bytes.readInt32LE(12)
  if (opCode === OP_QUERY) {
    const afterName = bytes.indexOf(0, HEADER_BYTES + 4) + 1
    // Behind the collection's name: how many to skip, how many to return. The command's name has to stay its first key.
    const command = decode(documentAt(bytes, afterName + 8))
    return { requestId, opCode, command: { ...command, $db: 'admin' }, moreToCome: false }
  }
  if (opCode !== OP_MSG) throw new Error(`a message of the unknown kind ${opCode}`)
  const flags = bytes.readUInt32LE(HEADER_BYTES)
  const end = bytes.byteLength - (flags & CHECKSUM_PRESENT ? 4 : 0)
  const command = parseSections(bytes.subarray(HEADER_BYTES + 4, end))
  return { requestId, opCode, command, moreToCome: (flags & MORE_TO_COME) !== 0 }
}

/** Kind 0 is the command itself, kind 1 a list of documents that belongs into one of its fields. */
function parseSections(bytes: Buffer): Doc {
  let command: Doc = {}
  const lists: Doc = {}
  for (let at = 0; at < bytes.byteLength;) {
    const kind = bytes[at]
    const section = documentAt(bytes, at + 1)
    if (kind === 0) {
      command = decode(section)
    } else {
      const nameEnd = section.indexOf(0, 4)
      const documents: Doc[] = []
      for (let from = nameEnd + 1; from < section.byteLength;) {
        const document = documentAt(section, from)
        documents.push(decodeKeepingBytes(document))
        from += document.byteLength
      }
      lists[section.toString('utf8', 4, nameEnd)] = documents
    }
    at += 1 + section.byteLength
  }
  return { ...command, ...lists }
}

/** Documents and lists of them begin with their length. */
function documentAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at, at + bytes.readInt32LE(at))
}

export function formatReply({ requestId, opCode }: Message, reply: Doc): Buffer {
  const document = encodeReply(reply)
  const fixed = opCode === OP_QUERY ? 20 : 5
  const head = Buffer.alloc(HEADER_BYTES + fixed)
  head.writeInt32LE(head.byteLength + document.byteLength, 0)
  head.writeInt32LE(requestId, 8)
  head.writeInt32LE(opCode === OP_QUERY ? OP_REPLY : OP_MSG, 12)
  // The older answer says how many documents it has.
  if (opCode === OP_QUERY) head.writeInt32LE(1, HEADER_BYTES + 16)
  return Buffer.concat([head, document])
}
