import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const PREFIX = 'filedepot-spool-'
const NAME = /^filedepot-spool-(.+)-(\d+)-[^-]+$/
/** After a day, a folder of another machine counts as left behind. Machines and containers can share a folder. */
const OLD_MS = 24 * 60 * 60 * 1000

let sweeping: Promise<void> | undefined

/**
 * Makes a folder for one temporary file, and resolves with the path for the file. Nobody else can read the folder. The file
 * is alone in it, so that a decoder that follows relative paths finds nothing there.
 *
 * The first call of a process also removes what processes that were killed have left.
 */
export async function newSpoolPath(): Promise<string> {
  sweeping ??= sweepSpoolFolders().catch(() => undefined)
  return join(await mkdtemp(join(tmpdir(), `${PREFIX}${ownHost()}-${process.pid}-`)), 'content')
}

/** Removes a temporary file with its folder. */
export async function removeSpooled(path: string): Promise<void> {
  await rm(dirname(path), { recursive: true, force: true })
}

/**
 * Removes the folders of processes of this machine that have ended, and every folder that nobody has written to for a day.
 * A folder that cannot be removed, because it belongs to somebody else, stays.
 */
export async function sweepSpoolFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, host, pid] = NAME.exec(name) ?? []
    if (host === undefined) continue
    const folder = join(tmpdir(), name)
    if ((host === ownHost() && !isRunning(Number(pid))) || (await isOld(folder))) {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
    }
  }
}

function ownHost(): string {
  return hostname().replace(/[^\w.]+/g, '_') || 'localhost'
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function isOld(folder: string): Promise<boolean> {
  const times = await Promise.all(
    [folder, join(folder, 'content')].map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return Date.now() - Math.max(...times) > OLD_MS
}
