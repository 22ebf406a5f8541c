import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sweepSpoolFolders } from './sweep-spool-folders.ts'

const FILE = 'content'
const NAME = /^filedepot-spool-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f-]{36}$/

/** The process that made a spool folder, as the name of the folder says it. */
export interface SpoolOwner {
  readonly pid: number
  /** When the process began, in ticks of the clock of its machine; 0 if the system does not say. */
  readonly started: number
  /** Says on which machine, since which start of it, and in which container the process id holds. */
  readonly place: string
}

let self: SpoolOwner | undefined

/** This process, as the names of its spool folders say it. */
export function thisProcess(): SpoolOwner {
  return (self ??= { pid: process.pid, started: startOf(process.pid) ?? 0, place: thisPlace() })
}

/** The owner of a folder with this name; `undefined` if it is no spool folder. */
export function ownerOf(name: string): SpoolOwner | undefined {
  const [, pid, started, place] = NAME.exec(name) ?? []
  return place === undefined ? undefined : { pid: Number(pid), started: Number(started), place }
}

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

/**
 * When a process of this machine began; `undefined` if there is none, or if the system does not say. A process id is
 * used again, and the time tells the processes apart.
 */
export function startOf(pid: number): number | undefined {
  try {
    // The name of the program is in brackets and may hold anything. The time is the 20th field behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')
    return Number(fields?.[19])
  } catch {
    return undefined
  }
}

function thisPlace(): string {
  const known = [
    hostname(),
    orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    orNothing(() => readlinkSync('/proc/self/ns/pid')),
  ]
  return createHash('sha256').update(known.join('\n')).digest('hex').slice(0, 8)
}

function orNothing(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
