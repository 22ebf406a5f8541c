import { writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { randomNumbers } from '../chaos/random.ts'
import { CrashPoints, type CrashPoint } from './crash-points.ts'

/** What a driver writes as a file: few bytes, or a stream. */
export type CrashContent = Buffer | Readable

/** Says how a program stores files and writes rows. Each step is a transaction of its own. */
export interface CrashDriver {
  /** The names of the rows that there are. */
  names(): Promise<string[]>
  /** Stores a file, and inserts a row that refers to it. */
  insert(name: string, content: CrashContent): Promise<void>
  /** Stores a file, and puts it into a row instead of another. */
  replace(name: string, content: CrashContent): Promise<void>
  /** Removes a row, and so its file. */
  remove(name: string): Promise<void>
  /** Stores a file, writes it into a row, and rolls the transaction back. */
  rollBack(name: string, content: CrashContent): Promise<void>
  /** Deletes what no row refers to, as a program does now and then. */
  drain?(): Promise<void>
  /** Ends a run in which the program was not killed. */
  close(): Promise<void>
}

/** What a driver is opened with. */
export interface CrashContext<Options = unknown> {
  /** What the test has given, by way of JSON. */
  readonly options: Options
  /** For statements: `points.around('commit', () => client.query('COMMIT'))`. */
  readonly points: CrashPoints
}

/** What a test tells the program. */
export interface CrashOrder {
  readonly options: unknown
  readonly seed: number
  readonly steps: number
  readonly lanes: number
  readonly at: CrashPoint | undefined
}

/** The variable of the environment that holds the {@link CrashOrder}. */
export const ORDER = 'FILEDEPOT_CRASH'
/** Rows that a lane has at the most. */
const ROWS = 6
const PART = 64 * 1024

/**
 * Runs the random steps of a program that a test kills. Call it in a file of its own, which `killProgram` starts.
 *
 * ```ts
 * import { depot, LocalBackend, UploadedFile } from '@filedepot/core'
 * import { crashingBackend, runCrashProgram, type CrashContent } from '@filedepot/testing/crash'
 * import { Pool } from 'pg'
 *
 * await runCrashProgram(async ({ points }) => {
 *   depot.configure('default', crashingBackend(new LocalBackend('./files'), points))
 *   const pool = new Pool()
 *   const query = (label: string, sql: string, values: string[] = []) => points.around(label, () => pool.query(sql, values))
 *   const upload = async (content: CrashContent) => JSON.stringify(await depot.upload(UploadedFile.from(content)))
 *   return {
 *     names: async () => (await pool.query<{ name: string }>('SELECT name FROM documents')).rows.map(({ name }) => name),
 *     insert: async (name, content) => {
 *       await query('insert', 'INSERT INTO documents VALUES ($1, $2)', [name, await upload(content)])
 *     },
 *     replace: async (name, content) => {
 *       await query('update', 'UPDATE documents SET content = $2 WHERE name = $1', [name, await upload(content)])
 *     },
 *     remove: async (name) => {
 *       await query('delete', 'DELETE FROM documents WHERE name = $1', [name])
 *     },
 *     rollBack: async (_, content) => {
 *       await upload(content)
 *     },
 *     close: () => pool.end(),
 *   }
 * })
 * ```
 */
export async function runCrashProgram<Options>(
  open: (context: CrashContext<Options>) => Promise<CrashDriver>,
): Promise<void> {
  const order = JSON.parse(process.env[ORDER] ?? '{}') as CrashOrder
  const points = new CrashPoints(order.at)
  const driver = await open({ options: order.options as Options, points })
  const names = await driver.names()
  say('ready')
  await Promise.all(
    Array.from({ length: order.lanes }, async (_, lane) => {
      const own = names.filter((name) => name.startsWith(`${lane}-`))
      await runLane(driver, { ...order, seed: order.seed + lane }, { prefix: `${lane}-`, names: own })
    }),
  )
  await driver.close()
  say(JSON.stringify(Object.fromEntries(points.passed)))
}

/** A lane has rows of its own, so that several can run at the same time. */
async function runLane(
  driver: CrashDriver,
  { seed, steps }: CrashOrder,
  { prefix, names }: { prefix: string; names: string[] },
): Promise<void> {
  const random = randomNumbers(seed)
  const pick = (count: number) => Math.floor(random() * count)
  for (let step = 0; step < steps; step++) {
    const name = names[pick(names.length)]
    const content = contentOf(pick)
    const what = random()
    if (name === undefined || (what < 0.3 && names.length < ROWS)) {
      const fresh = `${prefix}${seed}-${step}`
      await driver.insert(fresh, content)
      names.push(fresh)
    } else if (what < 0.6) {
      await driver.replace(name, content)
    } else if (what < 0.8) {
      await driver.remove(name)
      names.splice(names.indexOf(name), 1)
    } else if (what < 0.9) {
      await driver.rollBack(name, content)
    } else {
      await driver.drain?.()
    }
  }
}

/** Few bytes, or a stream of several parts. */
function contentOf(pick: (count: number) => number): CrashContent {
  if (pick(2) === 0) return Buffer.alloc(1 + pick(PART), pick(256))
  const parts = Array.from({ length: 2 + pick(3) }, () => Buffer.alloc(PART, pick(256)))
  return Readable.from(parts)
}

/** At once, so that a kill does not lose it. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
