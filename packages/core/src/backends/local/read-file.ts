import { FiledepotError, FileNotFoundError } from '../../errors.ts'
import { SMALL_BYTES, type Disk } from './disk.ts'
import { isMissing } from './folders.ts'
import type { LocalFolder } from './local-folder.ts'
import { checkLength } from './opened-local-file.ts'
import type { Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

/** Opens the bytes of a file, once more if it is replaced in this moment. */
export function* reading<T>(
  folder: LocalFolder,
  id: string,
  open: (path: string, sidecar: Sidecar) => Steps<T>,
): Steps<T> {
  const sidecar = yield* folder.find(id)
  if (!sidecar) throw new FileNotFoundError(id)
  try {
    return yield* open(folder.shards.path(id, sidecar.content), sidecar)
  } catch (error) {
    if (!isMissing(error)) throw error
    // Either the file was changed between the two steps, and then its sidecar is another one, or its bytes are lost.
    const changing = folder.changes.settled(id)
    if (changing) yield changing
    const now = yield* folder.find(id)
    if (!now) throw new FileNotFoundError(id)
    if (now.content !== sidecar.content) return yield* reading(folder, id, open)
    throw new FiledepotError(
      'CORRUPT_FILE',
      `Cannot read the file "${id}": its bytes are missing. Restore it from a backup, or delete it`,
      { cause: error },
    )
  }
}

/**
 * All bytes of a file. If it is small and was never replaced, whoever knows its size need not look at its metadata.
 *
 * @param size a hint
 */
export function* readWholeFile(folder: LocalFolder, id: string, size = Infinity): Steps<Buffer> {
  const { disk } = folder
  if (size <= SMALL_BYTES) {
    yield* folder.know()
    const bytes = yield* readFirst(folder, id, size)
    if (bytes) return bytes
  }
  return yield* reading(folder, id, (path, sidecar) => readAll(disk, path, sidecar.size))
}

/** The bytes that the file has had from the start; `undefined` if there are none, or more or fewer. */
function* readFirst(folder: LocalFolder, id: string, size: number): Steps<Buffer | undefined> {
  try {
    return yield* readSmall(folder.disk, folder.firstPath(id), size)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function* readAll(disk: Disk, path: string, size: number): Steps<Buffer> {
  const bytes = size <= SMALL_BYTES ? yield* readSmall(disk, path, size) : undefined
  if (bytes) return bytes
  const fd = yield* disk.open(path)
  try {
    checkLength(path, yield* disk.length(fd), size)
    const all = Buffer.allocUnsafeSlow(size)
    checkLength(path, yield* disk.read(fd, all, 0), size)
    return all
  } finally {
    disk.closeRead(fd)
  }
}

/** One call, in which one byte more is asked for than there should be. `undefined` if there are more or fewer. */
function* readSmall(disk: Disk, path: string, size: number): Steps<Buffer | undefined> {
  const fd = yield* disk.open(path)
  try {
    const bytes = Buffer.allocUnsafeSlow(size + 1)
    return (yield* disk.read(fd, bytes, 0)) === size ? bytes.subarray(0, size) : undefined
  } finally {
    disk.closeRead(fd)
  }
}
