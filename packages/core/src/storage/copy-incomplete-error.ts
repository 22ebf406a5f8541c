import { FiledepotError } from '../errors.ts'
import { reasonOf } from '../expected.ts'

/** What a {@link copyStorage} has done. */
export interface CopyReport {
  /** How many files were copied. */
  readonly copied: number
  /** How many files were there already, and right. */
  readonly skipped: number
  /** How many files were deleted from the source before they could be copied. */
  readonly vanished: number
  /** How many bytes the copied files have. */
  readonly bytes: number
  /**
   * Ids that the source lists, but that have no file: what a process has left that was killed while it stored one, or a file
   * that is just being stored. They are not copied. A row that refers to one has lost its file. At most the first 1,000.
   */
  readonly leftovers: readonly string[]
}

/** A file that could not be copied, and why. */
export interface CopyFailure {
  readonly id: string
  readonly error: unknown
}

/** Some files could not be copied. All others were, unless {@link CopyStorageOptions.maxFailures} ended the run. */
export class CopyIncompleteError extends FiledepotError {
  override readonly name = 'CopyIncompleteError'
  /** What was done all the same. */
  readonly report: CopyReport
  /** The files that could not be copied, and why: at most a few more than `maxFailures`. */
  readonly failures: readonly CopyFailure[]

  constructor([from, to]: readonly [string, string], report: CopyReport, failures: readonly CopyFailure[]) {
    const [first] = failures
    const files = failures.length === 1 ? 'a file' : `${failures.length} files`
    super(
      'COPY_INCOMPLETE',
      `${files} of the storage "${from}" could not be copied to "${to}", the first: ${reasonOf(first?.error)}`,
      { cause: first?.error },
    )
    this.report = { ...report }
    this.failures = [...failures]
  }
}
