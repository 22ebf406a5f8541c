import { FiledepotError } from '@filedepot/core'
import type { ChangeFailure, ChangeReport } from './change-rows.ts'

/**
 * Values could not be moved, or made anew. They are as they were, and the others are done, as far as `maxFailures` let it come.
 */
export class MoveIncompleteError extends FiledepotError {
  override readonly name = 'MoveIncompleteError'
  /** What was done all the same. */
  readonly report: ChangeReport
  /** The values, and why: at most a few more than `maxFailures`. */
  readonly failures: readonly ChangeFailure[]

  constructor(what: string, report: ChangeReport, failures: readonly ChangeFailure[]) {
    const [first] = failures
    const values = failures.length === 1 ? 'one value' : `${failures.length} values`
    const { table, column, key, error } = first ?? { table: '', column: '', key: {}, error: undefined }
    const reason = error instanceof Error ? error.message : String(error)
    super(
      'MOVE_INCOMPLETE',
      `Could not finish ${what}: ${values} of rows could not be changed, the first in ${table}.${column} of the row ${JSON.stringify(key)}: ${reason}. Look at the failures, and run it again: it does what is left`,
      { cause: error },
    )
    this.report = report
    this.failures = [...failures]
  }
}
