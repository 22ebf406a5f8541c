import { createHash } from 'node:crypto'

/** The polynomial of CRC32C (RFC 3720), its bits reversed. */
const POLYNOMIAL = 0x82f63b78

const TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc
})

/** As the service gives it: the four bytes, most significant first, in Base64. */
export function crc32cOf(bytes: Uint8Array): string {
  let crc = 0xffffffff
  // By index, as an iterator over so many bytes takes four times as long.
  let at = 0
  while (at < bytes.byteLength) crc = (TABLE[(crc ^ (bytes[at++] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
  const result = Buffer.alloc(4)
  result.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
  return result.toString('base64')
}

export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

/** The checksums that a header `x-goog-hash: crc32c=…,md5=…` names. */
export function parseHashHeader(header: string | string[] | undefined): {
  crc32c?: string
  md5Hash?: string
} {
  const named = new Map(
    String(header ?? '')
      .split(',')
      .map((pair): [string, string] => {
        const at = pair.indexOf('=')
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      }),
  )
  const [crc32c, md5Hash] = [named.get('crc32c'), named.get('md5')]
  return { ...(crc32c && { crc32c }), ...(md5Hash && { md5Hash }) }
}
