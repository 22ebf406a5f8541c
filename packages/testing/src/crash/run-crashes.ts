import { randomNumbers } from '../chaos/random.ts'
import type { CrashPoint } from './crash-points.ts'
import { killProgram, type KillOptions } from './kill-program.ts'

/** Options of {@link runCrashes}. */
export interface CrashTest extends Pick<
  KillOptions,
  'program' | 'options' | 'seed' | 'steps' | 'lanes' | 'signal'
> {
  /** How often the program is killed. */
  readonly kills: number
  /** Which share of the kills comes at a random moment, and not at a labelled point. @default 0.25 */
  readonly random?: number
  /** The longest random moment, in milliseconds after the program has opened its database. @default 150 */
  readonly longest?: number
  /** Brings rows and files together again, when what the dead program has begun is over: drain and sweep. */
  recover(): Promise<void>
  /** The paths of the files that rows refer to. */
  rows(): Promise<readonly string[]>
  /** The paths of the files that are there. */
  files(): Promise<readonly string[]>
}

/** A path that a kill has left in the wrong place. */
export interface CrashFinding {
  readonly path: string
  /** The point at which the program was killed. */
  readonly at: string
  readonly seed: number
}

/** What {@link runCrashes} has found. */
export interface CrashReport {
  readonly kills: number
  /** How often the program was killed at each label; `random` for a random moment. */
  readonly at: Readonly<Record<string, number>>
  /** Files that rows refer to and that are not there. */
  readonly lost: readonly CrashFinding[]
  /** Files that are there and that no row refers to. */
  readonly leaked: readonly CrashFinding[]
}

/**
 * Kills a program again and again, recovers after each kill, and compares rows and files. A promise of filedepot holds if
 * `lost` and `leaked` are empty.
 *
 * ```ts
 * import type { Ledger } from '@filedepot/ledger'
 * import { runCrashes } from '@filedepot/testing/crash'
 *
 * async function check(ledger: Ledger, rows: () => Promise<string[]>, files: () => Promise<string[]>): Promise<void> {
 *   const report = await runCrashes({
 *     program: './crash-driver.mjs',
 *     kills: 100,
 *     seed: 1,
 *     recover: async () => void (await ledger.drain()),
 *     rows,
 *     files,
 *   })
 *   console.log(report.lost, report.leaked)
 * }
 * ```
 */
export async function runCrashes(test: CrashTest): Promise<CrashReport> {
  const { kills, seed, random: share = 0.25, longest = 150 } = test
  const random = randomNumbers(seed)
  const known = { lost: new Set<string>(), leaked: new Set<string>() }
  const lost: CrashFinding[] = []
  const leaked: CrashFinding[] = []
  const counts: Record<string, number> = {}
  const { passed } = await killProgram({ ...test, at: undefined, after: undefined })
  const labels = shuffled(Object.keys(passed), random)
  let [done, turn] = [0, 0]
  for (let run = 1; done < kills; run++) {
    const at = random() < share ? undefined : pointOf(labels, passed, { turn: turn++, random })
    const after = at ? undefined : random() * longest
    const { isKilled } = await killProgram({ ...test, seed: seed + run, at, after })
    const name = at?.label ?? 'random'
    if (isKilled) {
      done++
      counts[name] = (counts[name] ?? 0) + 1
    }
    await test.recover()
    const { missing, unwanted } = await compare(test)
    for (const path of fresh(missing, known.lost)) lost.push({ path, at: name, seed: seed + run })
    for (const path of fresh(unwanted, known.leaked)) leaked.push({ path, at: name, seed: seed + run })
  }
  return { kills: done, at: counts, lost, leaked }
}

/** Each label in its turn, mostly at one of its first passings, as the program runs up to there each time. */
function pointOf(
  labels: readonly string[],
  passed: Readonly<Record<string, number>>,
  { turn, random }: { turn: number; random: () => number },
): CrashPoint {
  const label = labels[turn % labels.length] ?? ''
  return { label, passing: 1 + Math.floor(random() ** 2 * (passed[label] ?? 1)) }
}

async function compare(
  test: Pick<CrashTest, 'rows' | 'files'>,
): Promise<{ missing: string[]; unwanted: string[] }> {
  const wanted = new Set(await test.rows())
  const present = new Set(await test.files())
  return {
    missing: [...wanted].filter((path) => !present.has(path)),
    unwanted: [...present].filter((path) => !wanted.has(path)),
  }
}

function fresh(paths: readonly string[], known: Set<string>): string[] {
  const found = paths.filter((path) => !known.has(path))
  for (const path of found) known.add(path)
  return found
}

function shuffled(labels: readonly string[], random: () => number): string[] {
  return labels
    .map((label) => ({ label, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ label }) => label)
}
