import assert from 'node:assert/strict'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { checkFiles, type LeftFiles } from './check-files.ts'
import type { ConcurrentRowDriver, RowWriter } from './row-driver.ts'
import type { ModelRow } from './row-model.ts'
import { runStep } from './run-step.ts'
import type { SiblingProgram, SiblingTask } from './sibling-program.ts'

/** Milliseconds, after which a task is taken for one that never ends. */
const TOO_LONG = 30_000

/** What a task fails with on purpose. */
class Failure extends Error {}

/** How a program ended. */
export interface SiblingRun {
  readonly committed: boolean
  /** Tasks that ended after one had failed, or the transaction had ended. */
  readonly late: number
}

/** A task, and what came of it. */
interface RanTask extends SiblingTask {
  /** What it wrote, by row. */
  readonly contents: ReadonlyMap<string, string>
  /** True if it ended after a failure. Then what it wrote, or a part of it, may stand alone or be undone. */
  readonly isLate: boolean
  readonly isDone: boolean
}

/**
 * Runs concurrent writes in one transaction or savepoint. One of them fails at some moment. What is certain is
 * compared: a transaction that fails leaves the rows as they were. What the moment decides is one of what the tasks have
 * written. And afterwards every row has its own file, and every file has its row.
 *
 * @throws AssertionError
 */
export async function runSiblingProgram(
  program: SiblingProgram,
  driver: ConcurrentRowDriver,
  options: LeftFiles = {},
): Promise<SiblingRun> {
  await driver.transaction((rows) => rows.save(new Map(program.before.map((row) => [row, `${row}, before`]))))
  const before = await driver.rows()
  const siblings = new Siblings(program, driver)
  const outcome = await driver
    .transaction((rows) => siblings.run(rows))
    .then(
      () => 'committed' as const,
      () => 'failed' as const,
    )
  siblings.hasFailed = true
  const tasks = await Promise.race([siblings.settled(), setTimeout(TOO_LONG, undefined, { ref: false })])
  assert.ok(tasks, 'a task does not end')

  const rows = await driver.rows()
  const late = tasks.filter(({ isLate }) => isLate)
  const isUndone = outcome === 'failed' || (program.inSavepoint && siblings.savepointFailed)
  const ran = tasks.filter(({ isDone, isLate }) => isDone || isLate)
  if (!isUndone || driver.lateWritesStandAlone === true) compare(rows, before, ran)
  else compare(rows, before, outcome === 'committed' ? late : [])
  await checkFiles(driver, options)
  return { committed: outcome === 'committed', late: late.length }
}

class Siblings {
  /** A task has failed, or the transaction has ended. */
  hasFailed = false
  savepointFailed = false
  readonly #program: SiblingProgram
  readonly #driver: ConcurrentRowDriver
  #running: Promise<RanTask>[] = []

  constructor(program: SiblingProgram, driver: ConcurrentRowDriver) {
    this.#program = program
    this.#driver = driver
  }

  async run(rows: RowWriter): Promise<void> {
    if (!this.#program.inSavepoint) await this.#runAll(rows)
    else {
      await this.#driver
        .savepoint(rows, (inner) => this.#runAll(inner))
        .catch(() => {
          this.savepointFailed = true
        })
    }
  }

  /** What came of all tasks. */
  settled(): Promise<RanTask[]> {
    return Promise.all(this.#running)
  }

  async #runAll(rows: RowWriter): Promise<void> {
    const ways = this.#driver.ways?.(rows) ?? [rows]
    const { tasks, failsAfter } = this.#program
    const started = tasks.map((task, index) => this.#start(task, ways[task.way % ways.length] ?? rows, index))
    this.#running = started.map(({ ran }) => ran)
    const writes = started.map(({ write }) => write)
    if (failsAfter !== undefined) {
      writes.push(
        turns(failsAfter).then(() => {
          this.hasFailed = true
          throw new Failure('a task fails')
        }),
      )
    }
    await Promise.all(writes)
  }

  #start(task: SiblingTask, rows: RowWriter, index: number): { write: Promise<void>; ran: Promise<RanTask> } {
    const contents = new Map<string, string>()
    let count = 0
    const write = (async () => {
      await turns(task.after)
      try {
        await runStep(recording(rows, contents), task.step, () => `task ${index}, content ${++count}`)
      } catch (error) {
        this.hasFailed = true
        throw error
      }
    })()
    const ran = write.then(
      () => ({ ...task, contents, isLate: this.hasFailed, isDone: true }),
      () => ({ ...task, contents, isLate: this.hasFailed, isDone: false }),
    )
    return { write, ran }
  }
}

/** Notes what is written to each row. */
function recording(rows: RowWriter, contents: Map<string, string>): RowWriter {
  return {
    save: (given) => {
      for (const [row, content] of given) if (typeof content === 'string') contents.set(row, content)
      return rows.save(given)
    },
    remove: (name) => rows.remove(name),
    removeAll: (names) => rows.removeAll(names),
    clearAll: (names) => rows.clearAll(names),
    move: (name, parent) => rows.move(name, parent),
  }
}

/** Each row is as it was before, or as one of the tasks has left it. */
function compare(
  rows: ReadonlyMap<string, ModelRow>,
  before: ReadonlyMap<string, ModelRow>,
  tasks: readonly RanTask[],
): void {
  if (tasks.length === 0) {
    assert.deepEqual(sorted(rows), sorted(before), 'what was undone has left something behind')
    return
  }
  const steps = tasks.map(({ step }) => step)
  const removes = steps.some((step) => step.do === 'remove' || step.do === 'removeAll')
  for (const name of new Set([...rows.keys(), ...before.keys()])) {
    const row = rows.get(name)
    const allowed = tasks.map(({ contents }) => contents.get(name)).filter((content) => content !== undefined)
    if (row) {
      const isCleared = steps.some((step) => step.do === 'clearAll' && step.rows.includes(name))
      // A save that gives a row its parent inserts the row anew, without content, if it has just been removed.
      const isMovedAndRemoved = removes && steps.some((step) => step.do === 'move' && step.row === name)
      const contents = [
        before.get(name)?.content,
        ...allowed,
        ...(isCleared || isMovedAndRemoved ? [null] : []),
      ]
      assert.ok(contents.includes(row.content), `nobody has written "${row.content}" to ${name}`)
    } else assert.ok(removes, `${name} is gone, and nobody has removed it`)
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

function sorted(rows: ReadonlyMap<string, ModelRow>): [string, ModelRow][] {
  return [...rows].sort(([a], [b]) => a.localeCompare(b))
}
