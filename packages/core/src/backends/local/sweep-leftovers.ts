import { stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeftoverOptions } from '../../backend.ts'
import { MARKER } from './folder-marker.ts'
import { isMissing, OF_AN_ID, readSorted, REPLACED, SHARD, shardOf, SIDECAR } from './folders.ts'
import type { LocalFolder } from './local-folder.ts'
import { isWriting } from './replace-file.ts'
import { parseSidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

/**
 * Removes bytes that no sidecar names any more, as a process leaves that is killed while it replaces a file, and markers
 * that were not put into their place. What bears an id without a file is listed, and not looked at here.
 */
export async function sweepLeftovers(
  folder: LocalFolder,
  { after = '', olderThan, signal }: LeftoverOptions,
): Promise<number> {
  let removed = 0
  const remove = async (path: string): Promise<void> => {
    try {
      if ((await stat(path)).mtimeMs >= +olderThan) return
      await unlink(path)
      removed++
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  for (const name of await readSorted(folder.path)) {
    if (name.startsWith(`${MARKER}.`)) await remove(join(folder.path, name))
    if (!SHARD.test(name) || name < shardOf(after)) continue
    signal?.throwIfAborted()
    const shard = join(folder.path, name)
    for (const [id, contents] of await severalOf(shard)) {
      if (id <= after) continue
      // Bytes without metadata are still being stored, or were never: their id is listed.
      const text = await folder.disk.run(() => textOf(folder, id))
      const current = text ? currentIn(text, id) : undefined
      if (current === undefined) continue
      const strays = contents.filter((content) => content !== current && !isWriting(folder, content))
      for (const stray of strays) await remove(join(shard, stray))
    }
  }
  return removed
}

function* textOf(folder: LocalFolder, id: string): Steps<string | undefined> {
  const { disk } = folder
  const text = yield* disk.readText(folder.sidecarPath(id))
  if (text) return text
  return yield* disk.readText(folder.replacedPath(id))
}

/** The ids of a folder under which there is more than a sidecar and its bytes. */
async function severalOf(shard: string): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>()
  for (const name of await readSorted(shard)) {
    const [, id] = OF_AN_ID.exec(name) ?? []
    if (id === undefined || name === id + SIDECAR || name === id + REPLACED) continue
    const names = byId.get(id)
    if (names) names.push(name)
    else byId.set(id, [name])
  }
  for (const [id, names] of byId) if (names.length < 2) byId.delete(id)
  return byId
}

/** `undefined` for a sidecar that is damaged: nothing of such a file goes. */
function currentIn(text: string, id: string): string | undefined {
  try {
    return parseSidecar(text, id).content
  } catch {
    return undefined
  }
}
