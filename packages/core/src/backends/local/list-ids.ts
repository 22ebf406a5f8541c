import { join } from 'node:path'
import type { DepotFolders } from './depot-folders.ts'
import { OF_AN_ID, readSorted, SHARD, shardOf } from './folders.ts'

/**
 * The ids in a folder in order: the folders within it are, so one of them at a time is looked at. An id is listed if
 * anything bears it: a file, one that is being written, or what a process has left that was killed.
 */
export async function* listIds(
  folder: string,
  after: string,
  depot: DepotFolders | undefined,
): AsyncGenerator<string> {
  const names = await readSorted(folder)
  const old = depot?.byShard(names)
  const ownShards = new Set(names.filter((name) => SHARD.test(name)))
  const shards = old ? [...new Set([...ownShards, ...old.keys()])].sort() : ownShards
  for (const shard of shards) {
    if (shard < shardOf(after)) continue
    const own = ownShards.has(shard) ? await idsIn(join(folder, shard)) : []
    const oldHere = old?.get(shard) ?? []
    const ids = oldHere.length > 0 ? [...new Set([...own, ...oldHere])].sort() : own
    for (const id of ids) {
      if (id > after && (!oldHere.includes(id) || own.includes(id) || (await depot?.has(id)))) yield id
    }
  }
}

async function idsIn(shard: string): Promise<string[]> {
  const ids = new Set<string>()
  for (const name of await readSorted(shard)) {
    const [, id] = OF_AN_ID.exec(name) ?? []
    if (id !== undefined) ids.add(id)
  }
  return [...ids]
}
