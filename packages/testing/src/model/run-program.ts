import assert from 'node:assert/strict'
import type { Step } from './program.ts'
import { BROKEN, type RowContent, type RowDriver } from './row-driver.ts'
import { RowModel } from './row-model.ts'

/** Options of {@link runProgram}. */
export interface RunProgramOptions {
  /** Files that may be left because deleting them failed, which the depot has reported. @default none */
  undeleted?: () => Iterable<string>
}

/**
 * Runs a program on an integration and on the model, and compares: the committed rows and the bytes of their files
 * are those of the model, every row has its files, and every file has its row.
 *
 * @throws AssertionError where they differ
 */
export async function runProgram(
  program: readonly Step[],
  driver: RowDriver,
  { undeleted = () => [] }: RunProgramOptions = {},
): Promise<void> {
  const run = new ProgramRun(driver)
  for (const step of program) await run.step(step)
  await run.finish()

  const [rows, wanted, files] = [await driver.rows(), await driver.pathsOfRows(), await driver.pathsOfFiles()]
  assert.deepEqual(
    sortedEntries(rows),
    sortedEntries(run.model.committed),
    'the rows are not those of the model',
  )
  const present = new Set(files)
  const missing = wanted.filter((path) => !present.has(path))
  assert.deepEqual(missing, [], 'rows refer to files that are gone')
  const allowed = new Set([...wanted, ...undeleted()])
  const leaked = files.filter((path) => !allowed.has(path))
  assert.deepEqual(leaked, [], 'files are left that belong to no row')
}

class ProgramRun {
  readonly model = new RowModel()
  readonly #driver: RowDriver
  /** What the object that was saved last for each row holds; a rollback does not change that. */
  readonly #objects = new Map<string, string | null>()
  #contents = 0

  constructor(driver: RowDriver) {
    this.#driver = driver
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'begin':
        if (this.model.depth === 0) await this.#both('begin', 'push')
        break
      case 'commit':
        if (this.model.depth > 0) await this.finish('commit')
        break
      case 'rollback':
        if (this.model.depth > 0) await this.finish('rollback')
        break
      case 'savepoint':
        if (this.model.depth > 0) await this.#both('savepoint', 'push')
        break
      case 'release':
        if (this.model.depth > 1) await this.#both('release', 'keep')
        break
      case 'rollbackTo':
        if (this.model.depth > 1) await this.#both('rollbackTo', 'undo')
        break
      case 'save':
        await this.#save(new Map(step.rows.map((row) => [row, `content ${++this.#contents}`])))
        break
      case 'saveBroken':
        await this.#saveBroken(step.rows)
        break
      case 'clear':
        await this.#save(new Map([[step.row, null]]))
        break
      case 'remove':
        if (this.model.rows.has(step.row)) await this.#remove(step.row)
        break
      case 'removeAll':
        await this.#driver.removeAll(step.rows)
        for (const row of step.rows) this.#forget(row, () => this.model.rows.delete(row))
        break
      case 'clearAll':
        await this.#driver.clearAll(step.rows)
        for (const row of step.rows) {
          this.#forget(row, () => this.model.rows.has(row) && this.model.rows.set(row, null))
        }
        break
      case 'saveAgain':
        await this.#saveAgain(step.row)
        break
      case 'saveRefused':
        await assert.rejects(this.#driver.saveRefused(step.row, `content ${++this.#contents}`))
        this.#objects.delete(step.row)
    }
  }

  /** Ends what is open, savepoints first, as the client of a database does. */
  async finish(how: 'commit' | 'rollback' = 'commit'): Promise<void> {
    while (this.model.depth > 1) {
      if (how === 'commit') await this.#both('release', 'keep')
      else await this.#both('rollbackTo', 'undo')
    }
    if (this.model.depth === 1) await this.#both(how, how === 'commit' ? 'keep' : 'undo')
  }

  async #both(
    onDriver: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo',
    onModel: 'push' | 'keep' | 'undo',
  ): Promise<void> {
    await this.#driver[onDriver]()
    this.model[onModel]()
  }

  async #save(contents: Map<string, string | null>): Promise<void> {
    await this.#driver.save(contents)
    for (const [row, content] of contents) {
      this.model.rows.set(row, content)
      this.#objects.set(row, content)
    }
  }

  /** All rows of the call get new contents, and the last one cannot be uploaded: none of them may change. */
  async #saveBroken(rows: readonly string[]): Promise<void> {
    const contents = new Map<string, RowContent>(rows.map((row) => [row, `content ${++this.#contents}`]))
    for (const row of rows.slice(-1)) contents.set(row, BROKEN)
    await assert.rejects(this.#driver.save(contents), { code: 'CONTENT_FAILED' })
    for (const row of rows) this.#objects.delete(row)
  }

  async #remove(row: string): Promise<void> {
    await this.#driver.remove(row)
    this.model.rows.delete(row)
    this.#objects.delete(row)
  }

  /** The row was changed behind the back of its object. */
  #forget(row: string, change: () => unknown): void {
    change()
    this.#objects.delete(row)
  }

  async #saveAgain(row: string): Promise<void> {
    const content = this.#objects.get(row)
    if (content === undefined) return
    await this.#driver.saveAgain(row)
    this.model.rows.set(row, content)
  }
}

function sortedEntries(rows: ReadonlyMap<string, string | null>): [string, string | null][] {
  return [...rows].sort(([a], [b]) => a.localeCompare(b))
}
