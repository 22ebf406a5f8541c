import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { ByteRange } from '../../backend.ts'
import { SMALL_BYTES, type Disk } from './disk.ts'
import { checkLength } from './opened-local-file.ts'
import type { Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

const READ_CHUNK_BYTES = 512 * 1024

/**
 * The bytes of a file, or a part of them. Few of them are read at once: a stream of its own would cost more.
 *
 * @throws FiledepotError `CORRUPT_FILE` if there are more or fewer than its sidecar says
 */
export function* streamLocalFile(
  disk: Disk,
  path: string,
  sidecar: Sidecar,
  { range, signal }: { range?: ByteRange | undefined; signal?: AbortSignal | undefined },
): Steps<Readable> {
  const start = range?.start ?? 0
  const end = Math.min(range?.end ?? Infinity, sidecar.size - 1)
  const length = Math.max(0, end - start + 1)
  // Opened here, so that a missing file is an error of this call and not of the stream.
  const fd = yield* disk.open(path)
  let isHandedOver = false
  try {
    checkLength(path, yield* disk.length(fd), sidecar.size)
    if (length <= SMALL_BYTES) {
      const bytes = Buffer.allocUnsafe(length)
      checkLength(path, yield* disk.read(fd, bytes, start), length)
      return streamOf(bytes)
    }
    isHandedOver = true
    const options = { fd, start, end, highWaterMark: READ_CHUNK_BYTES }
    return createReadStream(path, signal ? { ...options, signal } : options)
  } finally {
    if (!isHandedOver) disk.closeRead(fd)
  }
}

function streamOf(bytes: Buffer): Readable {
  const stream = new Readable({ read: () => undefined })
  if (bytes.byteLength > 0) stream.push(bytes)
  stream.push(null)
  return stream
}
