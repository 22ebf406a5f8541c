import type { FileBody, FileInfo } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import { FIRST } from './folders.ts'
import type { LocalFolder } from './local-folder.ts'
import { formatSidecar } from './sidecar.ts'
import { bothOf, together, type Steps } from './steps.ts'
import { writeBody } from './write-body.ts'

/**
 * Stores a file with an id that no file has had. Both names are made first, then the bytes are written, and the metadata when
 * they are complete. So the id is listed from the start, and a file with metadata has all its bytes.
 */
export function* storeNewFile(
  folder: LocalFolder,
  id: string,
  body: FileBody,
  info: FileInfo,
  signal: AbortSignal | undefined,
): Steps<void> {
  const { disk, marker, shards, writing, fsync } = folder
  const content = id + FIRST
  yield* marker.ensure()
  writing.add(content)
  try {
    const [bytesFd, textFd] = yield* shards.create(id, () => createBoth(folder, id))
    try {
      try {
        yield* writeBody(disk, bytesFd, body, { sync: fsync, signal })
        signal?.throwIfAborted()
        const size = body instanceof Uint8Array ? body.byteLength : (info.size ?? 0)
        yield* disk.write(textFd, Buffer.from(formatSidecar(content, info, size)))
        if (fsync) yield* disk.sync(textFd)
      } finally {
        yield* disk.close(textFd)
      }
      yield* shards.sync(id)
      // A stream takes as long as it likes, and another process may take its bytes for what a killed one has left.
      if (!(body instanceof Uint8Array)) yield* expectBoth(folder, id)
    } catch (error) {
      yield* together(
        folder.removeQuietly(folder.firstPath(id)),
        folder.removeQuietly(folder.sidecarPath(id)),
      )
      throw error
    }
  } finally {
    writing.delete(content)
  }
}

function* createBoth(folder: LocalFolder, id: string): Steps<[number, number]> {
  const { disk } = folder
  const paths = [folder.firstPath(id), folder.sidecarPath(id)] as const
  const created = yield* together(disk.create(paths[0]), disk.create(paths[1]))
  for (const [index, one] of created.entries()) {
    if (one.status === 'rejected' || created.every(({ status }) => status === 'fulfilled')) continue
    yield* disk.close(one.value)
    yield* folder.removeQuietly(paths[index] ?? '')
  }
  return bothOf(created)
}

function* expectBoth(folder: LocalFolder, id: string): Steps<void> {
  const found = yield* together(folder.has(folder.firstPath(id)), folder.has(folder.sidecarPath(id)))
  if (bothOf(found).includes(false)) throw deletedMeanwhile(id)
}

/** Another process has deleted what this one was writing. */
export function deletedMeanwhile(id: string): FiledepotError {
  return new FiledepotError('WRITE_FAILED', `Cannot store the file "${id}": it was deleted at the same time`)
}
