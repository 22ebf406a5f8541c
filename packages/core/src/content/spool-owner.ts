import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

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
