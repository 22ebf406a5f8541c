import { FiledepotError } from '@filedepot/core'
import type { FoundRow } from '../audit/findings.ts'
import { plainKey } from '../audit/plain-key.ts'
import { filesOf } from '../audit/value-files.ts'
import type { ColumnValues } from '../databases/move-database.ts'
import { inLanes } from '../in-lanes.ts'
import { isFileGone } from '../is-file-gone.ts'
import type { TableColumns } from '../ledger-column.ts'
import { runStep, throwIfAborted, type LedgerContext } from '../ledger-context.ts'
import { pageRows } from '../ledger-rows.ts'

/** What is to stand instead of a value. */
export interface RowChange {
  readonly text: string
  /** The files that the row refers to no more. */
  readonly gives: readonly string[]
  /** The files that the row refers to from now on. They are stored, and the ledger has a reservation for them. */
  readonly takes: readonly string[]
  /** How many bytes were copied or read for it. */
  readonly bytes: number
}

/** What is known of a value that is to be changed. */
export interface ChangingValue extends FoundRow {
  readonly text: string
  /** True if the database has refused the last change, as one of its files is gone. */
  readonly isRefused: boolean
}

/** How far it has come. */
export interface ChangeCounts {
  /** Values that were looked at; those that were looked at again count again. */
  readonly values: number
  /** Values that were changed. */
  readonly changed: number
  /** Files that these refer to anew. */
  readonly files: number
  /** Bytes that were copied, or read to make files of them. */
  readonly bytes: number
  /** Values that another writer changed or removed first. */
  readonly overtaken: number
  /** Values that could not be changed. */
  readonly failed: number
}

/** A value that could not be changed, and why. */
export interface ChangeFailure extends FoundRow {
  readonly error: unknown
}

/** What was done, and what was left. */
export interface ChangeReport extends ChangeCounts {
  /** Values that were to be changed, and were not, when the rows were read for the last time. */
  readonly left: number
}

/** What is done with the rows, and how. */
export interface RowChanges {
  /** `undefined` if the value may stay. It is called again if the value has become another one meanwhile. */
  readonly change: (value: ChangingValue) => Promise<RowChange | undefined>
  /** True if the value is to be changed. */
  readonly concerns: (text: string) => boolean | Promise<boolean>
  /** How often the rows are read at most, to find what was written behind the place where the reading was. */
  readonly readings: number
  /** True: values are counted only. */
  readonly isPreview: boolean
  readonly concurrency: number
  /** For how long drains leave the files alone that rows give up, in milliseconds. */
  readonly keepFor: number
  readonly maxFailures: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((counts: ChangeCounts) => void) | undefined
  /** For the message of an error: `moving files`. */
  readonly what: string
}

/** How long a reservation holds, in milliseconds: what a killed process leaves goes after that. */
const RESERVED = 24 * 60 * 60 * 1000
/** A value that others change all the time is left to the next reading of the rows. */
const ATTEMPTS = 5

/**
 * Gives rows other values for their files while others write: a value is replaced only if it still is what was read. So no
 * change of anybody else is lost, and no file that a row has come to refer to.
 */
export async function changeRows(
  context: LedgerContext,
  changes: RowChanges,
): Promise<{ report: ChangeReport; failures: ChangeFailure[] }> {
  return await new ChangingRows(context, changes).run()
}

/** Notes new files, so that drains delete them if no row takes them. Resolves with those that no row can take. */
export async function reserve(context: LedgerContext, paths: readonly string[]): Promise<Set<string>> {
  const { database } = context
  const places = await runStep(context, async (session) => {
    await database.reserve(session, paths, RESERVED)
    return await database.places(session, paths)
  })
  return new Set(places.filter(({ isGone }) => isGone).map(({ path }) => path))
}

/** Drains may delete new files if no row has them. */
export async function release(context: LedgerContext, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await runStep(context, (session) => context.database.hold(session, paths, 0))
}

class ChangingRows {
  readonly #context: LedgerContext
  readonly #changes: RowChanges
  readonly #count = { values: 0, changed: 0, files: 0, bytes: 0, overtaken: 0, failed: 0 }
  readonly #columns = new Map<string, Promise<ColumnValues>>()
  #failures: ChangeFailure[] = []
  /** In the reading of the rows that is under way. */
  #reading = { concerned: 0, changed: 0 }

  constructor(context: LedgerContext, changes: RowChanges) {
    this.#context = context
    this.#changes = changes
  }

  async run(): Promise<{ report: ChangeReport; failures: ChangeFailure[] }> {
    for (let reading = 1; reading <= this.#changes.readings; reading++) {
      this.#reading = { concerned: 0, changed: 0 }
      this.#failures = []
      this.#count.failed = 0
      await inLanes(this.#values(), this.#changes.concurrency, (value) => this.#settle(value))
      this.#throwIfAborted()
      if (this.#reading.changed === 0 || this.#isGivenUp) break
    }
    const { concerned, changed } = this.#reading
    return { report: { ...this.#count, left: concerned - changed }, failures: this.#failures }
  }

  async *#values(): AsyncGenerator<ReadValue> {
    for await (const { from, row } of pageRows(this.#context, this.#changes.signal)) {
      for (const [column, value] of Object.entries(row.values)) {
        if (this.#isGivenUp) return
        if (value === null) continue
        yield { from, column, key: row.key, position: row.position, value }
      }
    }
  }

  get #isGivenUp(): boolean {
    return this.#failures.length >= this.#changes.maxFailures
  }

  async #settle(read: ReadValue): Promise<void> {
    const { onProgress, concerns, isPreview } = this.#changes
    const count = this.#count
    count.values++
    // Some drivers make an object of JSON.
    const text = typeof read.value === 'string' ? read.value : await this.#read(read)
    if (text !== undefined && (await concerns(text))) {
      this.#reading.concerned++
      const outcome = isPreview ? 'left' : await this.#change(read, text)
      if (outcome === 'changed' || outcome === 'overtaken' || outcome === 'failed') count[outcome]++
      if (outcome === 'changed') this.#reading.changed++
      if (outcome === 'overtaken' || outcome === 'stays') this.#reading.concerned--
    }
    onProgress?.({ ...count })
  }

  async #change(read: ReadValue, before: string): Promise<'changed' | 'overtaken' | 'failed' | 'stays'> {
    const place = placeOf(read)
    let [text, isRefused]: [string, boolean] = [before, false]
    for (let attempt = 1; ; attempt++) {
      let change: RowChange | undefined
      try {
        change = await this.#changes.change({ ...place, text, isRefused })
      } catch (error) {
        this.#throwIfAborted()
        const now = await this.#read(read)
        // The files of another value are nobody's failure.
        if (now === text || (now !== undefined && attempt === ATTEMPTS)) return this.#fail(place, error)
        if (now === undefined || !(await this.#changes.concerns(now))) return 'overtaken'
        text = now
        continue
      }
      if (!change) return 'stays'
      const outcome = await this.#replace(read, text, change)
      if (outcome === 'replaced') {
        this.#count.files += change.takes.length
        this.#count.bytes += change.bytes
        await release(this.#context, change.takes)
        return 'changed'
      }
      isRefused = outcome === 'refused'
      const now = await this.#read(read)
      await this.#giveUp(change, now ?? '')
      if (now === undefined || !(await this.#changes.concerns(now))) return 'overtaken'
      if (attempt === ATTEMPTS) return this.#fail(place, unsteady(place))
      text = now
    }
  }

  async #replace(
    { from, column, position }: ReadValue,
    before: string,
    { text: after, gives }: RowChange,
  ): Promise<'replaced' | 'overtaken' | 'refused'> {
    const { keepFor } = this.#changes
    const { database } = this.#context
    const values = await this.#valuesOf(from, column)
    // Before the row gives them up: a drain may be quick. As a step of its own, so that no lock is held while the row is waited for.
    if (keepFor > 0 && gives.length > 0)
      await runStep(this.#context, (session) => database.hold(session, gives, keepFor))
    this.#throwIfAborted()
    try {
      const isReplaced = await runStep(this.#context, (session) =>
        values.replace(session, position, { before, after }),
      )
      return isReplaced ? 'replaced' : 'overtaken'
    } catch (error) {
      if (isFileGone(error)) return 'refused'
      throw error
    }
  }

  /** What no row can have is deleted; the rest is left to drains, as another row may have taken it. */
  async #giveUp({ takes }: RowChange, now: string): Promise<void> {
    const { depot, database } = this.#context
    const used = new Set(filesOf(now)?.map(({ path }) => path))
    const unused = takes.filter((path) => !used.has(path))
    const places = await runStep(this.#context, (session) => database.places(session, unused))
    const gone = places.filter(({ isGone }) => isGone).map(({ path }) => path)
    await depot.deleteFiles(gone)
    await release(this.#context, unused)
  }

  #fail(place: FoundRow, error: unknown): 'failed' {
    this.#failures.push({ ...place, error })
    return 'failed'
  }

  async #read({ from, column, position }: ReadValue): Promise<string | undefined> {
    const values = await this.#valuesOf(from, column)
    return await runStep(this.#context, (session) => values.read(session, position))
  }

  #valuesOf({ schema, table }: TableColumns, column: string): Promise<ColumnValues> {
    const { database } = this.#context
    const name = JSON.stringify([schema, table, column])
    const known =
      this.#columns.get(name) ??
      runStep(this.#context, (session) => database.columnValues(session, { schema, table, column }))
    this.#columns.set(name, known)
    return known
  }

  #throwIfAborted(): void {
    throwIfAborted(this.#changes.what, this.#changes.signal)
  }
}

/** A value as it was read. */
interface ReadValue {
  readonly from: TableColumns
  readonly column: string
  readonly key: Readonly<Record<string, unknown>>
  readonly position: readonly unknown[]
  readonly value: unknown
}

function placeOf({ from, column, key }: ReadValue): FoundRow {
  const table = from.schema === undefined ? from.table : `${from.schema}.${from.table}`
  return { table, column, key: plainKey(key) }
}

function unsteady({ table, column }: FoundRow): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `A value of ${table}.${column} changed each time before it could be replaced, ${ATTEMPTS} times. Run it again`,
  )
}
