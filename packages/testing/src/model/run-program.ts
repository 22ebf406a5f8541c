import assert from 'node:assert/strict'
import { checkFiles, type LeftFiles } from './check-files.ts'
import type { Step } from './program.ts'
import { BROKEN, type RowContent, type RowDriver } from './row-driver.ts'
import { RowModel, type ModelRow } from './row-model.ts'

/** Options of {@link runProgram}. */
export type RunProgramOptions = LeftFiles

/**
 * Runs a program on an integration and on the model, and compares: the committed rows and the bytes of their files
 * are those of the model, every row has its files, and every file has its row.
 *
 * @throws AssertionError where they differ
 */
export async function runProgram(
  program: readonly Step[],
  driver: RowDriver,
  options: RunProgramOptions = {},
): Promise<void> {
  const run = new ProgramRun(driver)
  for (const step of program) await run.step(step)
  await run.finish()

  assert.deepEqual(
    sorted(await driver.rows()),
    sorted(run.model.committed),
    'the rows are not those of the model',
  )
  await checkFiles(driver, options)
}

class ProgramRun {
  readonly model = new RowModel()
  readonly #driver: RowDriver
  /** What the object that was saved last for each row holds; a rollback does not change that. */
  readonly #objects = new Map<string, string | null>()
  #contents = 0
  /** A statement has failed in the innermost level, if that leaves nothing to do but to roll it back. */
  #aborted = false

  constructor(driver: RowDriver) {
    this.#driver = driver
  }

  async step(step: Step): Promise<void> {
    const { depth } = this.model
    switch (step.do) {
      case 'commit':
      case 'rollback':
        if (depth > 0) await this.finish(step.do)
        return
      case 'rollbackTo':
        if (depth > 1) await this.#both('rollbackTo', 'undo')
        return
      case 'kill':
        if (depth > 0 && this.#driver.kill) await this.#kill(this.#driver.kill.bind(this.#driver))
        return
    }
    if (!this.#aborted) await this.#act(step, depth)
  }

  /** Ends what is open, savepoints first, as the client of a database does. */
  async finish(how: 'commit' | 'rollback' = 'commit'): Promise<void> {
    while (this.model.depth > 1) {
      if (how === 'commit' && !this.#aborted) await this.#both('release', 'keep')
      else await this.#both('rollbackTo', 'undo')
    }
    if (this.model.depth === 0) return
    if (how === 'commit' && this.#aborted) {
      await assert.rejects(this.#driver.commit(), { code: 'TRANSACTION_ABORTED' })
      this.model.undo()
      this.#aborted = false
    } else await this.#both(how, how === 'commit' ? 'keep' : 'undo')
  }

  /** A step that needs a transaction which has not been aborted, or none. */
  async #act(
    step: Exclude<Step, { do: 'commit' | 'rollback' | 'rollbackTo' | 'kill' }>,
    depth: number,
  ): Promise<void> {
    switch (step.do) {
      case 'begin':
        if (depth === 0) await this.#both('begin', 'push')
        break
      case 'savepoint':
        if (depth > 0) await this.#both('savepoint', 'push')
        break
      case 'release':
        if (depth > 1) await this.#both('release', 'keep')
        break
      case 'killInCommit':
        if (depth === 1 && this.#driver.killInCommit) await this.#killInCommit()
        break
      case 'save':
        await this.#save(new Map(step.rows.map((row) => [row, this.#newContent()])))
        break
      case 'saveBroken':
        await this.#saveBroken(step.rows)
        break
      case 'clear':
        await this.#save(new Map([[step.row, null]]))
        break
      case 'remove':
        if (!this.model.rows.has(step.row)) break
        await this.#driver.remove(step.row)
        this.#forget(this.model.delete([step.row]))
        break
      case 'removeAll':
        await this.#driver.removeAll(step.rows)
        this.#forget([...step.rows, ...this.model.delete(step.rows)])
        break
      case 'clearAll':
        await this.#driver.clearAll(step.rows)
        for (const row of step.rows) if (this.model.rows.has(row)) this.model.set(row, null)
        this.#forget(step.rows)
        break
      case 'move':
        await this.#move(step.row, step.to)
        break
      case 'saveAgain':
        await this.#saveAgain(step.row)
        break
      case 'saveRefused':
        await assert.rejects(this.#driver.saveRefused(step.row, this.#newContent()))
        this.#objects.delete(step.row)
        this.#aborted = depth > 0 && this.#driver.errorsAbortTransactions === true
    }
  }

  async #both(
    onDriver: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo',
    onModel: 'push' | 'keep' | 'undo',
  ): Promise<void> {
    await this.#driver[onDriver]()
    this.model[onModel]()
    if (onModel === 'undo') this.#aborted = false
  }

  async #save(contents: Map<string, string | null>): Promise<void> {
    await this.#driver.save(contents)
    for (const [row, content] of contents) {
      this.model.set(row, content)
      this.#objects.set(row, content)
    }
  }

  /** All rows of the call get new contents, and the last one cannot be uploaded: none of them may change. */
  async #saveBroken(rows: readonly string[]): Promise<void> {
    const contents = new Map<string, RowContent>(rows.map((row) => [row, this.#newContent()]))
    for (const row of rows.slice(-1)) contents.set(row, BROKEN)
    await assert.rejects(this.#driver.save(contents), { code: 'CONTENT_FAILED' })
    this.#forget(rows)
  }

  async #move(row: string, to: string | null): Promise<void> {
    const { rows } = this.model
    if (!rows.has(row) || (to !== null && !rows.has(to))) return
    await this.#driver.move(row, to)
    this.model.move(row, to)
  }

  async #saveAgain(row: string): Promise<void> {
    const content = this.#objects.get(row)
    if (content === undefined) return
    await this.#driver.saveAgain(row)
    this.model.set(row, content)
  }

  async #kill(kill: () => Promise<void>): Promise<void> {
    await kill()
    this.model.end('undo')
    this.#aborted = false
    this.#objects.clear()
  }

  /** The database is asked how it ended; only its answer can be one of two. */
  async #killInCommit(): Promise<void> {
    await this.#driver.killInCommit?.()
    this.#objects.clear()
    const [committed, rolledBack] = [sorted(this.model.rows), sorted(this.model.committed)]
    const rows = sorted(await this.#driver.rows())
    const isCommitted = JSON.stringify(rows) === JSON.stringify(committed)
    if (!isCommitted) assert.deepEqual(rows, rolledBack, 'a transaction was committed in part')
    this.model.end(isCommitted ? 'keep' : 'undo')
  }

  /** These rows were changed behind the back of their objects. */
  #forget(rows: Iterable<string>): void {
    for (const row of rows) this.#objects.delete(row)
  }

  #newContent(): string {
    return `content ${++this.#contents}`
  }
}

function sorted(rows: ReadonlyMap<string, ModelRow>): [string, ModelRow][] {
  return [...rows].sort(([a], [b]) => a.localeCompare(b))
}
