import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { FileTooLargeError } from '../errors.ts'
import { wrapError } from '../storage-error.ts'
import type { Source } from './source.ts'
import { makeSpoolFolder, removeSpoolFolder } from './spool-folder.ts'

/** Up to this many bytes are kept in memory. */
const MEMORY_BYTES = 4 * 1024 * 1024

/** Reads a source to its end: the bytes, or the path of a temporary file and its size. */
export async function spoolSource(
  source: Source,
  { filename, maxSize }: { filename: string; maxSize: number },
): Promise<{ place: Uint8Array | string; size: number }> {
  const head = await source.peek(Math.min(MEMORY_BYTES, maxSize))
  let size = head.byteLength
  if (size > maxSize) throw new FileTooLargeError(filename, maxSize)
  if (source.ended) return { place: head, size }

  const path = await makeSpoolFolder().catch((error: unknown) => {
    throw wrapError('write', tmpdir(), error)
  })
  async function* counted(): AsyncGenerator<Uint8Array> {
    size = 0
    for (let chunk = await source.next(); chunk; chunk = await source.next()) {
      size += chunk.byteLength
      if (size > maxSize) throw new FileTooLargeError(filename, maxSize)
      yield chunk
    }
  }
  try {
    await writeFile(path, counted(), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    await removeSpoolFolder(path)
    throw wrapError('write', path, error)
  }
  return { place: path, size }
}
