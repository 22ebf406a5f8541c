import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { extname, join } from 'node:path'

/** How many files with one extension are enough. */
const EACH = 150

/** Files of other people: what the packages in a folder consist of, some of each extension. */
export function findFiles(folder: string): string[] {
  const seen = new Map<string, number>()
  const found: string[] = []
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name)
      if (entry.isDirectory()) folders.push(path)
      if (!entry.isFile() || /[\n\r]/.test(path)) continue
      const kind = extname(entry.name).toLowerCase()
      const count = seen.get(kind) ?? 0
      seen.set(kind, count + 1)
      if (count < EACH) found.push(path)
    }
  }
  return found
}

/** True if Debian's `file` is there. */
export function hasLibmagic(): boolean {
  try {
    execFileSync('file', ['--version'])
    return true
  } catch {
    return false
  }
}

/** The types that Debian's `file` says. */
export function libmagicTypes(paths: readonly string[]): string[] {
  const options = { input: paths.join('\n'), encoding: 'utf8', maxBuffer: 2 ** 26 } as const
  return execFileSync('file', ['--mime-type', '--brief', '--files-from', '-'], options).trimEnd().split('\n')
}

/** The first bytes of a file, as many as an upload shows. */
export function readHead(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(64 * 1024)
    return head.subarray(0, readSync(file, head))
  } finally {
    closeSync(file)
  }
}
