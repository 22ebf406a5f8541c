import { randomUUID } from 'node:crypto'
import type { FileBody, FileInfo } from '../../backend.ts'
import { hasCode } from '../../errors.ts'
import { SIDECAR, REPLACED } from './folders.ts'
import type { LocalFolder } from './local-folder.ts'
import { NamesOfIds } from './names-of-ids.ts'
import { formatSidecar } from './sidecar.ts'
import { runSteps, waitFor, type Steps } from './steps.ts'
import { deletedMeanwhile } from './store-new-file.ts'
import { writeBody } from './write-body.ts'

/**
 * Stores a file with an id that may have one. The bytes are written under a name that is used once, and renaming the metadata
 * into their place is the moment in which the file comes to exist or is replaced.
 *
 * First the metadata of a new file get another name. So the name of those says that nothing but its bytes bears the id, and
 * deleting it takes no look at anything.
 */
export function* replaceFile(
  folder: LocalFolder,
  id: string,
  body: FileBody,
  info: FileInfo,
  signal: AbortSignal | undefined,
): Steps<void> {
  const { disk, shards, writing, fsync } = folder
  const content = contentName(id)
  const path = shards.path(id, content)
  yield* folder.marker.ensure()
  writing.add(content)
  try {
    yield* disk.rename(folder.sidecarPath(id), folder.replacedPath(id))
    const fd = yield* shards.create(id, () => disk.create(path))
    yield* writeBody(disk, fd, body, { sync: fsync, signal })
    signal?.throwIfAborted()
    const size = body instanceof Uint8Array ? body.byteLength : (info.size ?? 0)
    const text = formatSidecar(content, info, size)
    yield* waitFor(folder.changes.run(id, () => runSteps(commit(folder, id, content, text))))
  } catch (error) {
    yield* folder.removeQuietly(path)
    throw error
  } finally {
    writing.delete(content)
  }
}

/** Lets the file exist, or be the new one, and removes the bytes that it had. */
function* commit(folder: LocalFolder, id: string, content: string, text: string): Steps<void> {
  const { shards } = folder
  const before = (yield* contentsOf(folder, id)).filter((name) => name !== content)
  yield* shards.create(id, () => putSidecar(folder, id, shards.path(id, `${content}.tmp`), text))
  yield* shards.sync(id)
  if (!(yield* folder.has(shards.path(id, content)))) {
    yield* folder.removeQuietly(folder.replacedPath(id))
    throw deletedMeanwhile(id)
  }
  for (const name of before) yield* folder.removeQuietly(shards.path(id, name))
  // What stays of it is behind the new file, and goes with that.
  if (folder.depot) yield folder.depot.remove(id).catch(() => undefined)
}

function* putSidecar(folder: LocalFolder, id: string, temporary: string, text: string): Steps<void> {
  const { disk } = folder
  const fd = yield* disk.create(temporary)
  try {
    yield* writeBody(disk, fd, Buffer.from(text), { sync: folder.fsync, signal: undefined })
    if (!(yield* disk.rename(temporary, folder.replacedPath(id)))) throw deletedMeanwhile(id)
  } catch (error) {
    yield* folder.removeQuietly(temporary)
    throw error
  }
}

/** The names of the bytes that the file has now; if the sidecar cannot be read, of all that bear its id. */
function* contentsOf(folder: LocalFolder, id: string): Steps<string[]> {
  try {
    const sidecar = yield* folder.readSidecar(id)
    return sidecar ? [sidecar.content] : []
  } catch (error) {
    if (hasCode(error, 'STORAGE_UNAVAILABLE')) throw error
    const names = yield* waitFor(new NamesOfIds(folder.path).of(id))
    return names.filter((name) => name !== id + SIDECAR && name !== id + REPLACED && !isWriting(folder, name))
  }
}

/** True for bytes that this process is writing, and for metadata of theirs. */
export function isWriting({ writing }: Pick<LocalFolder, 'writing'>, name: string): boolean {
  return writing.has(name.replace(/\.tmp$/, ''))
}

/** The last part of a UUID is six random bytes; Node gets those of many UUIDs at once. */
function contentName(id: string): string {
  return `${id}.${randomUUID().slice(-12)}`
}
