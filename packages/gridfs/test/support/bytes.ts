/** Bytes of which no two positions near each other look the same, so that a lost or doubled chunk shows. */
export function bytesOf(size: number, seed = 31): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let index = 0; index < size; index++) bytes[index] = (index * seed + (index >> 8) * 17) & 0xff
  return bytes
}

/** The bytes as a stream of chunks of 64 KiB. */
export async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 65_536) {
    yield await Promise.resolve(bytes.subarray(start, start + 65_536))
  }
}
