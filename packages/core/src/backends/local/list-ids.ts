import { join } from 'node:path'
import type { DepotFolders } from './depot-folders.ts'
import { readSorted, SHARD_DIGITS, shardOf, SIDECAR } from './folders.ts'

/** The ids of the files in a folder in order: the folders within it are, so one of them at a time is looked at. */
export async function* listIds(
  folder: string,
  after: string,
  depot: DepotFolders | undefined,
): AsyncGenerator<string> {
  const names = await readSorted(folder)
  const old = depot?.byShard(names)
  const ownShards = new Set(names.filter((name) => name.length === SHARD_DIGITS))
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
  const names = await readSorted(shard)
  return names.filter((name) => name.endsWith(SIDECAR)).map((name) => name.slice(0, -SIDECAR.length))
}
