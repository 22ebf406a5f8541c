import { stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeftoverOptions } from '../../backend.ts'
import type { Disk } from './disk.ts'
import { MARKER } from './folder-marker.ts'
import { isMissing, readSorted, SHARD, shardOf, SIDECAR } from './folders.ts'
import { parseSidecar } from './sidecar.ts'

const OF_AN_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\./

/**
 * Removes bytes that no sidecar names any more, as a process leaves that is killed while it replaces a file, and markers
 * that were not put into their place. What bears an id without a file is listed, and not looked at here.
 *
 * @param isWriting true for the name of bytes that this process is writing
 */
export async function sweepLeftovers(
  { folder, disk }: { folder: string; disk: Disk },
  { after = '', olderThan, signal }: LeftoverOptions,
  isWriting: (name: string) => boolean,
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
  for (const name of await readSorted(folder)) {
    if (name.startsWith(`${MARKER}.`)) await remove(join(folder, name))
    if (!SHARD.test(name) || name < shardOf(after)) continue
    signal?.throwIfAborted()
    const shard = join(folder, name)
    for (const [id, contents] of await severalOf(shard)) {
      if (id <= after) continue
      const text = await disk.readText(join(shard, id + SIDECAR)).catch(unlessMissing)
      if (!text) continue
      const current = currentIn(text, id)
      if (current === undefined) continue
      const strays = contents.filter(
        (content) => content !== current && !isWriting(content.replace(/\.tmp$/, '')),
      )
      for (const stray of strays) await remove(join(shard, stray))
    }
  }
  return removed
}

/** The ids of a folder under which there is more than a sidecar and its bytes. */
async function severalOf(shard: string): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>()
  for (const name of await readSorted(shard)) {
    const [, id] = OF_AN_ID.exec(name) ?? []
    if (id === undefined || name === id + SIDECAR) continue
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

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
