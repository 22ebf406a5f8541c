import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import type { CrashPoint } from './crash-points.ts'
import { ORDER, type CrashOrder } from './crash-program.ts'

/** Options of {@link killProgram}. */
export interface KillOptions {
  /** The file of a program that calls `runCrashProgram`. */
  readonly program: string | URL
  /** What its driver gets, by way of JSON. */
  readonly options?: unknown
  /** Of the random steps. */
  readonly seed: number
  /** How many each lane makes, unless it is killed. @default 40 */
  readonly steps?: number
  /** How many lanes run at the same time. @default 2 */
  readonly lanes?: number
  /** The point at which it kills itself. */
  readonly at?: CrashPoint | undefined
  /** When it is killed, in milliseconds after it has opened its database. */
  readonly after?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** How a program ended. */
export interface KillOutcome {
  /** False if it came to its end before. */
  readonly isKilled: boolean
  /** How often it passed each label, if it came to its end. */
  readonly passed: Readonly<Record<string, number>>
}

/**
 * Starts a program in a process of its own, which is killed by SIGKILL at a labelled point or after some time.
 *
 * ```ts
 * import { killProgram } from '@filedepot/testing/crash'
 *
 * const { passed } = await killProgram({ program: './crash-driver.mjs', seed: 1 }) // not at all: only counts
 * await killProgram({ program: './crash-driver.mjs', seed: 1, at: { label: 'write:during', passing: 2 } })
 * await killProgram({ program: './crash-driver.mjs', seed: 1, after: 50 })
 * console.log(Object.keys(passed))
 * ```
 *
 * @throws Error if the program fails by itself; the message is what it has written
 */
export async function killProgram({
  program,
  options = null,
  seed,
  steps = 40,
  lanes = 2,
  at,
  after,
  signal,
}: KillOptions): Promise<KillOutcome> {
  const order: CrashOrder = { options, seed, steps, lanes, at }
  const child = spawn(process.execPath, [program instanceof URL ? fileURLToPath(program) : program], {
    // What the flags of a test runner load is not meant for it.
    env: { ...process.env, NODE_OPTIONS: '', [ORDER]: JSON.stringify(order) },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGKILL' }),
  })
  let [said, complained] = ['', '']
  const timer = new AbortController()
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasReady = said !== ''
    said += text
    if (after === undefined || wasReady) return
    void setTimeout(after, undefined, timer).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    )
  })
  const [code, ended] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  timer.abort()
  if (ended === 'SIGKILL') return { isKilled: true, passed: {} }
  if (code !== 0) throw new Error(`the program ended with ${code ?? ended ?? 'nothing'}: ${complained}`)
  return { isKilled: false, passed: JSON.parse(said.split('\n')[1] ?? '{}') as Record<string, number> }
}
