import { isUtf8 } from 'node:buffer'

/** How many bytes from the start have to be text. */
const TEXT_BYTES = 4096

/** UTF-16 without a mark is told by its zeros; fewer characters are no proof. */
const LEAST_UTF16_BYTES = 8

/** The start of a text. */
export interface TextHead {
  /** Its ASCII characters are right, others may be wrong. */
  readonly text: string
  /** False for what may be a text of an older encoding, such as Latin-1, and may be something else. */
  readonly certain: boolean
  /** True for UTF-16, in which no format is written that is read by its bytes. */
  readonly isWide?: boolean
}

/** The text that the first bytes are, or `undefined` if they are none. */
export function readText(bytes: Buffer): TextHead | undefined {
  const start = bytes.subarray(0, TEXT_BYTES)
  const utf16 = readUtf16(start)
  if (utf16 !== undefined) return { text: utf16, certain: true, isWide: true }
  if (start.some((byte) => isControl(byte))) return undefined
  const afterMark = start.length > 2 && start.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0
  return { text: bytes.toString('latin1', afterMark), certain: isUtf8(withoutCutCharacter(start)) }
}

/** No text has control characters, except for white space, the bell, the backspace and the escape. */
function isControl(code: number): boolean {
  return code < 32 ? (code < 7 || code > 13) && code !== 27 : code === 127
}

/** UTF-16 has a byte order mark, or a zero in every other byte. */
function readUtf16(start: Buffer): string | undefined {
  const whole = start.subarray(0, start.length & ~1)
  const mark = whole.length > 0 ? whole.readUInt16BE(0) : 0
  const isBigEndian = mark === 0xfeff || hasZeros(whole, 0)
  if (mark !== 0xfeff && mark !== 0xfffe && !isBigEndian && !hasZeros(whole, 1)) return undefined
  const text = (isBigEndian ? Buffer.from(whole).swap16() : whole)
    .toString('utf16le')
    .replace(/^\ufeff|[\ud800-\udbff]$/g, '')
  for (let i = 0; i < text.length; i++) if (isControl(text.charCodeAt(i))) return undefined
  return /\p{Cs}/u.test(text) ? undefined : text
}

function hasZeros(bytes: Buffer, from: number): boolean {
  for (let i = from; i < bytes.length; i += 2) if (bytes[i] !== 0) return false
  return bytes.length >= LEAST_UTF16_BYTES
}

/** What is cut after some bytes may end in the middle of a character. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return bytes.subarray(0, bytes.length - back)
  }
  return bytes
}
