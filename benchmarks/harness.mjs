import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const KIB = 1024
export const MIB = 1024 * KIB

/**
 * Measures a subject against a floor and against the floor's own twin, the A/A control, whose ratio would be 1 on a
 * machine without noise. The three take turns within one process: a batch of each in a round, in an order that is
 * drawn anew each time, as whoever comes next always pays for what the one before has left (garbage, cold caches).
 *
 * A contender is `{ batch(), before?(), after?() }`; only the batch is timed. One that measures itself, in a process
 * of its own, returns the milliseconds.
 */
export async function compare({ floor, control, subject, rounds, warmUp = Math.ceil(rounds / 6) }) {
  const contenders = { floor, control, subject }
  const runs = { floor: [], control: [], subject: [] }
  // Once, and not before each round: a full collection also throws away what V8 has optimised, and costs the next
  // batches up to seven times their time.
  globalThis.gc?.()
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of shuffled(Object.keys(contenders))) {
      const run = await measure(contenders[name])
      if (round >= 0) runs[name].push(run)
    }
  }
  const times = { floor: timesOf(runs.floor), subject: timesOf(runs.subject) }
  return { ...against(runs.subject, runs.floor), control: against(runs.control, runs.floor), times }
}

/**
 * The medians of the ratios of paired batches, in time and in CPU time, and the ratio of what each takes when nothing
 * disturbs it.
 */
function against(runs, floor) {
  const pairs = runs.map((run, index) => [run, floor[index]])
  return {
    ratio: median(pairs.map(([run, other]) => run.time / other.time)),
    p10: quantile(timesOf(runs), 0.1) / quantile(timesOf(floor), 0.1),
    cpu: runs[0].cpu === undefined ? undefined : median(pairs.map(([run, other]) => run.cpu / other.cpu)),
  }
}

function timesOf(runs) {
  return runs.map(({ time }) => time)
}

/** Milliseconds, and the microseconds that all threads of this process have spent. */
async function measure({ before, batch, after }) {
  await before?.()
  const usage = process.cpuUsage()
  const start = performance.now()
  const own = await batch()
  const time = own ?? performance.now() - start
  const { user, system } = process.cpuUsage(usage)
  await after?.()
  return { time, cpu: own === undefined ? user + system : undefined }
}

/** Runs an operation `count` times, `inFlight` of them at a time. */
export async function repeat(count, inFlight, operation) {
  let next = 0
  const lane = async () => {
    while (next < count) await operation(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

export function median(values) {
  return quantile(values, 0.5)
}

export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at - Math.floor(at))
}

export function shuffled(list) {
  const rest = [...list]
  return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0])
}

/** A folder for the files of a run: in memory where there is room, as disks differ by more than what is measured. */
export function makeScratch(bytesNeeded) {
  const parent = freeBytes('/dev/shm') > bytesNeeded ? '/dev/shm' : tmpdir()
  const root = mkdtempSync(join(parent, 'filedepot-bench-'))
  let count = 0
  return {
    place: parent === '/dev/shm' ? 'tmpfs (/dev/shm)' : `${parent} (no tmpfs with enough room)`,
    folder() {
      const folder = join(root, String(count++))
      mkdirSync(folder)
      return folder
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Removes the files and keeps the folders, so that nobody has to make them again within a batch. */
export function emptyFolder(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // A `LocalBackend` knows its folder, and whose it is, by files with a dot.
    if (entry.isFile() && !entry.name.startsWith('.')) unlinkSync(join(entry.parentPath, entry.name))
  }
}

function freeBytes(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}
