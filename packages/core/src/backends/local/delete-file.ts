import { FIRST } from './folders.ts'
import type { LocalFolder } from './local-folder.ts'
import type { NamesOfIds } from './names-of-ids.ts'
import { isWriting } from './replace-file.ts'
import { bothOf, together, waitFor, type Steps } from './steps.ts'

/**
 * Deletes a file, and what a killed process has left of one. What this process is writing stays.
 *
 * A file that was not replaced is gone when both its names are, without a look at them. Of any other the folder is read.
 */
export function* deleteFile(folder: LocalFolder, id: string, names: NamesOfIds): Steps<void> {
  const { disk, shards, depot } = folder
  if (folder.writing.has(id + FIRST)) return
  yield* folder.know()
  if (depot) yield depot.remove(id)
  const gone = yield* together(disk.unlink(folder.sidecarPath(id)), disk.unlink(folder.firstPath(id)))
  if (!bothOf(gone).includes(false)) return

  // The names may have been read before the last change of this file.
  const content = yield* contentOf(folder, id)
  if (content !== undefined) yield* disk.unlink(shards.path(id, content))
  yield* disk.unlink(folder.replacedPath(id))
  for (const name of yield* waitFor(names.of(id)))
    if (!isWriting(folder, name)) yield* disk.unlink(shards.path(id, name))
  yield* folder.marker.expect()
}

function* contentOf(folder: LocalFolder, id: string): Steps<string | undefined> {
  try {
    return (yield* folder.readSidecar(id))?.content
  } catch {
    // Metadata that cannot be read name nothing, and are about to go.
    return undefined
  }
}
