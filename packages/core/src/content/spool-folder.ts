import { randomUUID } from 'node:crypto'
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { thisProcess } from './spool-owner.ts'
import { sweepSpoolFolders } from './sweep-spool-folders.ts'

const FILE = 'content'

/**
 * Makes the folder of one temporary file, mode 0700, and resolves with the path for the file. The file is alone in it: a
 * decoder that follows names within a file finds no other upload. The first call of a process also begins to remove what
 * other processes have left that were killed.
 */
export async function makeSpoolFolder(): Promise<string> {
  const { pid, started, place } = thisProcess()
  const folder = join(tmpdir(), `filedepot-spool-${pid}-${started}-${place}-${randomUUID()}`)
  await mkdir(folder, { mode: 0o700 })
  sweepOnce()
  return join(folder, FILE)
}

/** Removes a temporary file and its folder. */
export async function removeSpoolFolder(path: string): Promise<void> {
  await rm(path, { force: true })
  await rmdir(dirname(path)).catch(() => undefined)
}

let swept = false

function sweepOnce(): void {
  if (swept) return
  swept = true
  // In the background: nothing waits for it, and what it cannot remove another process may.
  void sweepSpoolFolders(tmpdir()).catch(() => undefined)
}
