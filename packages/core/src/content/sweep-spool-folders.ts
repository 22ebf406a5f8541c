import { lstat, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerOf, startOf, thisProcess, type SpoolOwner } from './spool-owner.ts'

/** A folder of a process that this one cannot look at is left alone until nothing has been written for so long. */
const FOREIGN_MS = 24 * 60 * 60 * 1000

/**
 * Removes the spool folders of processes that are gone. A process of this machine and container is looked for. Of others,
 * who may share the folder for temporary files, only the age of what they have written can be known.
 *
 * @param now in milliseconds
 */
export async function sweepSpoolFolders(folder: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = ownerOf(name)
    if (!owner || isRunningHere(owner)) continue
    const path = join(folder, name)
    // Whatever fails here, another user's folder for example, is not ours to remove.
    if (await isGone(path, owner, now).catch(() => false)) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined)
    }
  }
}

async function isGone(path: string, owner: SpoolOwner, now: number): Promise<boolean> {
  // A link or a folder of another user, which a privileged process could follow or remove, is no folder of ours.
  const found = await lstat(path)
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) return false
  if (owner.place === thisProcess().place) return true
  const times = [found.mtimeMs]
  for (const name of await readdir(path)) times.push((await stat(join(path, name))).mtimeMs)
  return now - Math.max(...times) > FOREIGN_MS
}

function isRunningHere({ pid, started, place }: SpoolOwner): boolean {
  if (place !== thisProcess().place) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Any other error says that there is such a process.
    if ((error as { code?: unknown }).code === 'ESRCH') return false
  }
  // If the system does not say when it began, it counts as the same process.
  return (startOf(pid) ?? started) === started
}
