import { hasCode, UploadedFile, type FileFilter, type UploadType } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import { bindManager, isBroken, readRowList } from '@filedepot/core/integration'
import { refuseAliases } from '../drain.ts'
import { chosenColumns, type LedgerColumn } from '../ledger-column.ts'
import { expectTrusted, runStep, type LedgerContext } from '../ledger-context.ts'
import {
  changeRows,
  release,
  reserve,
  type ChangeCounts,
  type ChangeReport,
  type RowChange,
} from './change-rows.ts'
import { MoveIncompleteError } from './move-incomplete-error.ts'
import { regeneratedValue } from './regenerated-value.ts'

/** Options of {@link Ledger.regenerateFiles} that do not depend on how columns are named. */
export interface RegenerateSettings {
  /** Which values are made anew. @default all */
  readonly only?: (value: UploadedFile) => boolean | Promise<boolean>
  /**
   * True: values of which the storage lacks a derived file are made anew, and those that `only` names. @default false
   */
  readonly onlyMissing?: boolean
  /**
   * For how long the old files are kept, in milliseconds, for whoever has read a row before and its files afterwards. Then drains
   * delete them. @default one hour
   */
  readonly keepFor?: number
  /** How many values are made at the same time. @default 2 */
  readonly concurrency?: number
  /** After so many values that could not be made no other is begun. @default 100 */
  readonly maxFailures?: number
  /** True: nothing is changed, and `left` says how many values there are to make. @default false */
  readonly dryRun?: boolean
  /** Ends it when the values are done that are being made. */
  readonly signal?: AbortSignal
  /** Called after each value. What it throws ends it. */
  readonly onProgress?: (progress: ChangeCounts) => void
}

/** Options of {@link Ledger.regenerateFiles}. */
export interface RegenerateOptions extends RegenerateSettings {
  /** The column whose values are made anew. */
  readonly column: LedgerColumn
  /** The upload type of the column: it makes the files, by its `process`. */
  readonly type: UploadType
  /** The filters of the column. */
  readonly filters?: readonly FileFilter[] | undefined
}

const HOUR = 60 * 60 * 1000

export async function regenerateFiles(
  context: LedgerContext,
  options: RegenerateOptions,
): Promise<ChangeReport> {
  const { keepFor = HOUR, concurrency = 2, maxFailures = 100, dryRun = false, signal, onProgress } = options
  checkWholeNumber('keepFor', keepFor, 0)
  checkWholeNumber('concurrency', concurrency, 1)
  checkWholeNumber('maxFailures', maxFailures, 1)
  const columns = chosenColumns(context.columns, [options.column])
  await runStep(context, async (session) => {
    await expectTrusted(context, session)
    await refuseAliases(context.depot, context.database, session)
  })
  const values = new Values(context, options)
  const what = `making the files of ${options.column.table}.${options.column.column} anew`
  const { report, failures } = await changeRows(
    { ...context, columns },
    {
      what,
      concerns: async (text) => (await values.wantedIn(text)).size > 0,
      change: ({ text }) => values.change(text),
      // A value looks the same when it is done.
      readings: 1,
      isPreview: dryRun,
      ...{ concurrency, keepFor, maxFailures, signal, onProgress },
    },
  )
  if (failures.length > 0) throw new MoveIncompleteError(what, report, failures)
  return report
}

class Values {
  readonly #context: LedgerContext
  readonly #options: RegenerateOptions

  constructor(context: LedgerContext, options: RegenerateOptions) {
    this.#context = context
    this.#options = options
  }

  /** The values of a column that are to be made anew, by their place in an array. */
  async wantedIn(text: string): Promise<Map<number, UploadedFile>> {
    const { type, only, onlyMissing = false } = this.#options
    const json: unknown = JSON.parse(text)
    const wanted = new Map<number, UploadedFile>()
    for (const [index, value] of readRowList(type, Array.isArray(json) ? json : [json]).entries()) {
      if (isBroken(value)) continue
      bindManager(value, this.#context.depot)
      const isWanted = only !== undefined ? await only(value) : !onlyMissing
      if (isWanted || (onlyMissing && (await this.#lacksFiles(value)))) wanted.set(index, value)
    }
    return wanted
  }

  async change(text: string): Promise<RowChange | undefined> {
    const wanted = await this.wantedIn(text)
    if (wanted.size === 0) return undefined
    const json: unknown = JSON.parse(text)
    const list: unknown[] = Array.isArray(json) ? [...(json as unknown[])] : [json]
    const [gives, takes]: [string[], string[]] = [[], []]
    let bytes = 0
    try {
      for (const [index, value] of wanted) {
        const made = await this.#make(value)
        gives.push(...made.gives)
        takes.push(...made.takes)
        list[index] = made.json
        bytes += value.size ?? 0
      }
    } catch (error) {
      await release(this.#context, takes)
      throw error
    }
    return { text: JSON.stringify(Array.isArray(json) ? list : list[0]), gives, takes, bytes }
  }

  /** What accepted the file once is not asked again: limits and validators are for what users send. */
  async #make(value: UploadedFile): Promise<{ json: unknown; gives: string[]; takes: string[] }> {
    const { depot } = this.#context
    const { type, filters, signal } = this.#options
    const original = await depot.getFile(value.path)
    const { filename, storage } = value
    const pending = UploadedFile.from.call(type, original, { filename, storage })
    const made = await depot.upload(pending, { filters, signal })
    await reserve(this.#context, made.files)
    const { json, files, spare } = regeneratedValue(value, made)
    await release(this.#context, spare)
    return {
      json,
      gives: value.files.filter((path) => !files.includes(path)),
      takes: files.filter((path) => !value.files.includes(path)),
    }
  }

  async #lacksFiles({ files }: UploadedFile): Promise<boolean> {
    for (const path of files.slice(1)) {
      try {
        await this.#context.depot.getFile(path)
      } catch (error) {
        if (hasCode(error, 'FILE_NOT_FOUND')) return true
        throw error
      }
    }
    return false
  }
}
