import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ByteRange } from '../../backend.ts'
import type { Disk } from './disk.ts'
import { checkLength } from './opened-local-file.ts'
import type { Sidecar } from './sidecar.ts'

/** Up to so many bytes are read at once: a stream of its own would cost more than the bytes. */
const SMALL_BYTES = 256 * 1024
const READ_CHUNK_BYTES = 512 * 1024

/** The bytes of a file, or a part of them. @throws FiledepotError `CORRUPT_FILE` if there are more or fewer than it says */
export async function streamLocalFile(
  disk: Disk,
  path: string,
  sidecar: Sidecar,
  { range, signal }: { range?: ByteRange | undefined; signal?: AbortSignal | undefined },
): Promise<Readable> {
  const start = range?.start ?? 0
  const end = Math.min(range?.end ?? Infinity, sidecar.size - 1)
  const length = end - start + 1
  if (length <= SMALL_BYTES) {
    const file = await disk.open(path, sidecar)
    try {
      const bytes = Buffer.allocUnsafe(Math.max(0, length))
      return streamOf(bytes.subarray(0, await file.read(bytes, start)))
    } finally {
      await file.close()
    }
  }
  // Opened here, so that a missing file is an error of this call and not of the stream.
  const fd = await open(path)
  try {
    checkLength(path, (await fd.stat()).size, sidecar.size)
  } catch (error) {
    await fd.close()
    throw error
  }
  return createReadStream(path, {
    fd,
    start,
    end,
    highWaterMark: READ_CHUNK_BYTES,
    ...(signal && { signal }),
  })
}

function streamOf(bytes: Buffer): Readable {
  const stream = new Readable({ read: () => undefined })
  if (bytes.byteLength > 0) stream.push(bytes)
  stream.push(null)
  return stream
}
