import { FileNotFoundError, HashMismatchError, hasCode, type FileStorage } from '@filedepot/core'
import { checkWholeNumber, expected, parseFileId } from '@filedepot/core/backend'
import { copyFile, Pace } from '@filedepot/core/integration'
import { filesOf, type ValueFile } from '../audit/value-files.ts'
import { refuseAliases } from '../drain.ts'
import { chosenColumns, type LedgerColumn } from '../ledger-column.ts'
import { expectTrusted, runStep, type LedgerContext } from '../ledger-context.ts'
import { expectOwner } from '../storage-owner.ts'
import {
  changeRows,
  release,
  reserve,
  type ChangeCounts,
  type ChangeReport,
  type ChangingValue,
  type RowChange,
} from './change-rows.ts'
import { MoveIncompleteError } from './move-incomplete-error.ts'
import { movedText, type MovedFile } from './moved-value.ts'

/** Options of {@link Ledger.moveFiles}. */
export interface MoveOptions {
  /** The name of the storage that the files are in. */
  readonly from: string
  /** The name of the storage that they come to. */
  readonly to: string
  /** The columns whose files are moved. @default all that the ledger follows */
  readonly columns?: readonly LedgerColumn[]
  /**
   * How long the old files are kept, in milliseconds, for readers that read the row before the move and the file after it. Choose
   * more than the duration of requests and signed URLs. Then drains delete them. @default one hour
   */
  readonly keepFor?: number
  /** How many values are moved at the same time. @default 8 */
  readonly concurrency?: number
  /**
   * Copies so many bytes in a second, in the mean: after a file the next one waits until the time of its bytes is over.
   * @default Infinity
   */
  readonly bytesPerSecond?: number
  /** Reads each new copy back, whole, and holds its bytes against the hash. @default false */
  readonly readBack?: boolean
  /** After so many values that could not be moved no other is begun. @default 100 */
  readonly maxFailures?: number
  /** True: nothing is moved, and `left` says how many values there are to move. @default false */
  readonly dryRun?: boolean
  /** Ends it when the values are done that are being moved. What was moved stays so; another run goes on. */
  readonly signal?: AbortSignal
  /** Called after each value. What it throws ends the move. */
  readonly onProgress?: (progress: MoveProgress) => void
}

/** How far {@link Ledger.moveFiles} has come. */
export type MoveProgress = ChangeCounts
/** What {@link Ledger.moveFiles} has done. If `left` is 0, no row refers to the old storage any more. */
export type MoveReport = ChangeReport

const HOUR = 60 * 60 * 1000
/** While the application writes into the old storage, there is always something left. */
const READINGS = 5

export async function moveFiles(context: LedgerContext, options: MoveOptions): Promise<MoveReport> {
  const { depot, database } = context
  const { keepFor = HOUR, concurrency = 8, maxFailures = 100, dryRun = false, signal, onProgress } = options
  const [from, to] = [depot.get(options.from), depot.get(options.to)]
  if (from.backend === to.backend) throw expected('to', 'another storage than the one to move from', to.name)
  checkWholeNumber('keepFor', keepFor, 0)
  checkWholeNumber('concurrency', concurrency, 1)
  checkWholeNumber('maxFailures', maxFailures, 1)
  checkWholeNumber('bytesPerSecond', options.bytesPerSecond, 1)
  const columns = options.columns ? chosenColumns(context.columns, options.columns) : context.columns
  await runStep(context, async (session) => {
    await expectTrusted(context, session)
    await refuseAliases(depot, database, session)
  })
  // Another database would delete the files there.
  await expectOwner(context, to)
  const copies = new Copies(context, { from, to, options })
  const what = `moving files from the storage "${from.name}" to "${to.name}"`
  const { report, failures } = await changeRows(
    { ...context, columns },
    {
      what,
      concerns: (text) => copies.filesIn(text).length > 0,
      change: (value) => copies.change(value),
      readings: READINGS,
      isPreview: dryRun,
      concurrency: Math.min(concurrency, MOST_LANES),
      ...{ keepFor, maxFailures, signal, onProgress },
    },
  )
  if (failures.length > 0) throw new MoveIncompleteError(what, report, failures)
  return report
}

/** More than any service takes. */
const MOST_LANES = 1000

class Copies {
  readonly #context: LedgerContext
  readonly #from: FileStorage
  readonly #to: FileStorage
  readonly #options: MoveOptions
  readonly #pace: Pace

  constructor(
    context: LedgerContext,
    { from, to, options }: { from: FileStorage; to: FileStorage; options: MoveOptions },
  ) {
    this.#context = context
    this.#from = from
    this.#to = to
    this.#options = options
    this.#pace = new Pace(options.bytesPerSecond)
  }

  filesIn(text: string): ValueFile[] {
    return (filesOf(text) ?? []).filter(({ path }) => path.startsWith(this.#from.path('')))
  }

  /**
   * The copies have the ids of the originals: they are found again after a crash, rows that share a file go on sharing it, and a
   * service copies them by itself. Only if the ledger has such a copy as deleted, or its storage takes no such id, it gets a new one.
   */
  async change({ text }: ChangingValue): Promise<RowChange | undefined> {
    const files = this.filesIn(text)
    if (files.length === 0) return undefined
    await this.#pace.wait(this.#options.signal)
    const wanted = files.flatMap(({ path }) => this.#sameId(path) ?? [])
    const gone = await reserve(this.#context, wanted)
    const done: { moved: MovedFile; bytes: number }[] = []
    try {
      for (const file of files) {
        const same = this.#sameId(file.path)
        done.push(
          await (same === undefined || gone.has(same) ? this.#copyAnew(file) : this.#copy(file, same)),
        )
      }
    } catch (error) {
      await release(this.#context, [...wanted, ...done.map(({ moved }) => moved.to)])
      throw error
    }
    const moved = done.map((one) => one.moved)
    return {
      text: movedText(text, moved),
      gives: files.map(({ path }) => path),
      takes: moved.map((one) => one.to),
      bytes: done.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  async #copy(wanted: ValueFile, to: string): Promise<{ moved: MovedFile; bytes: number }> {
    const { readBack, signal } = this.#options
    const copy = await copyFile(this.#from, this.#to, idOf(to), { readBack, signal })
    if (!copy) throw new FileNotFoundError(wanted.path)
    expectSame(wanted, copy.file)
    const bytes = copy.isNew ? copy.file.size : 0
    this.#pace.count(bytes)
    return { moved: { from: wanted.path, to }, bytes }
  }

  async #copyAnew(wanted: ValueFile): Promise<{ moved: MovedFile; bytes: number }> {
    const { signal } = this.#options
    const file = await this.#from.get(idOf(wanted.path))
    expectSame(wanted, file)
    const { path: to, size: bytes } = await this.#to.copy(file, { signal })
    await reserve(this.#context, [to])
    this.#pace.count(bytes)
    return { moved: { from: wanted.path, to }, bytes }
  }

  /** The path that a copy with the same id has. Ids of another program may be none that the target takes. */
  #sameId(path: string): string | undefined {
    try {
      return this.#to.path(parseFileId(idOf(path)))
    } catch (error) {
      if (hasCode(error, 'INVALID_FILE_ID')) return undefined
      throw error
    }
  }
}

/** @throws HashMismatchError if the file is not the one that the row describes */
function expectSame(
  wanted: ValueFile,
  got: { readonly size: number; readonly sha256: string | undefined },
): void {
  const size = wanted.size ?? got.size
  const sha256 = wanted.sha256 ?? got.sha256
  if (size === got.size && (got.sha256 === undefined || sha256 === got.sha256)) return
  throw new HashMismatchError(wanted.path, { size, sha256 }, got)
}

function idOf(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}
