import { readdir } from 'node:fs/promises'

/** What the name of a sidecar ends with, behind the id. */
export const SIDECAR = '.json'
const SHARD_DIGITS = 6
/** The name of a folder that holds files. */
export const SHARD = /^[0-9a-f]{6}$/

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
