import type { StoredFile } from '@filedepot/core'
import { isUtf8 } from 'node:buffer'
import { LRUCache } from 'lru-cache'

/** How many bytes from the start are looked at. */
const HEAD_BYTES = 64 * 1024

/** How many files are remembered, so that a file is read for its charset once. */
const REMEMBERED = 1000

/** The charsets of texts, as far as their first bytes prove them. */
export class Charsets {
  readonly #remembered = new LRUCache<string, string>({ max: REMEMBERED })

  /** The type with its charset, if it is a text without one. Browsers guess what is not said, or read it as UTF-8. */
  addTo(type: string, file: StoredFile): string | Promise<string> {
    if (!type.startsWith('text/') || type.includes(';')) return type
    const key = `${file.etag} ${file.path}`
    const remembered = this.#remembered.get(key)
    return remembered === undefined ? this.#look(type, file, key) : type + remembered
  }

  async #look(type: string, file: StoredFile, key: string): Promise<string> {
    const head = await readHead(file)
    if (!head) return type
    const charset = charsetOf(head)
    const parameter = charset === undefined ? '' : `; charset=${charset}`
    this.#remembered.set(key, parameter)
    return type + parameter
  }
}

/** `undefined` if the file cannot be read: sending it then reports the error. */
async function readHead(file: StoredFile): Promise<Buffer | undefined> {
  const length = Math.min(file.size, HEAD_BYTES)
  if (length === 0) return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  let left = length
  try {
    const stream = await file.stream({ start: 0, end: length - 1 })
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      left -= chunk.byteLength
      // A storage that sends more than it was asked for is not read to its end.
      if (left <= 0) break
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).subarray(0, length)
}

/** What a byte order mark says, or UTF-8 if the bytes are valid. Other encodings look like each other. */
function charsetOf(head: Buffer): string | undefined {
  const mark = head.toString('latin1', 0, 2)
  if (mark === '\xff\xfe') return 'utf-16le'
  if (mark === '\xfe\xff') return 'utf-16be'
  return isUtf8(withoutCutCharacter(head)) ? 'utf-8' : undefined
}

/** The head of a longer text may end in the middle of a character. */
function withoutCutCharacter(head: Buffer): Buffer {
  if (head.length < HEAD_BYTES) return head
  for (let back = 1; back <= 3; back++) {
    const byte = head[head.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return head.subarray(0, head.length - back)
  }
  return head
}
