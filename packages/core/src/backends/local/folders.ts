import { readdir } from 'node:fs/promises'

/** What the name of a sidecar ends with, behind the id. */
export const SIDECAR = '.json'
/** That of a file that was replaced, or that is not new in this storage. */
export const REPLACED = '.r.json'
/** What ends the name of the bytes of a new file. */
export const FIRST = '.first'
const SHARD_DIGITS = 6
/** The name of a folder that holds files. */
export const SHARD = /^[0-9a-f]{6}$/
/** Whatever bears an id: a sidecar, bytes, or a sidecar that was not put into its place. */
export const OF_AN_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\./

/** The name of the folder in which the file with an id is. */
export function shardOf(id: string): string {
  return id.slice(0, SHARD_DIGITS)
}

/** The names in a folder; none where it is not there. */
export async function readSorted(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ENOENT'
}
