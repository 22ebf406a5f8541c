import type { DepotManager } from '../depot/depot-manager.ts'
import type { BrokenContent } from './broken-value.ts'
import type { KeptRules } from './kept-rules.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * The mutable state of an otherwise immutable {@link UploadedFile}. It is kept inside the value, because a `WeakMap` with
 * thousands of entries slows down garbage collection. Values of the same file that {@link UploadedFile.with} created share it,
 * because they belong to one row.
 */
export class ValueState {
  /** Through which the value finds its file, if that is not the one of the process. */
  manager: DepotManager | undefined
  /** The database whose ledger counts its rows; none if no ledger does, or no row has it. */
  books: object | undefined
  /** No row has it yet: it was uploaded ahead of a transaction, or given back by one that was rolled back. */
  isUnowned = false
  /** Rows that have it beside the one that has taken it, as far as that is remembered. */
  sharers = 0
  /** How often it has been taken for a row. */
  takings = 0
  /** The form or request that brought it has ended, so its files are deleted. */
  isDiscarded = false
  /** Called once when it is given back. */
  onGiveBack: (() => void) | undefined
  /** True if the value comes from a storage or a row, and not from JSON of a client. */
  isVerified = false
  /** A rollback has removed its files. */
  isRevoked = false
  /** The rules that it passed when it was stored, if any. */
  kept: KeptRules | undefined
  /** What the row holds instead of a file. */
  broken: BrokenContent | undefined
}

/** How the private fields of a value are read. */
interface PrivateFields {
  readonly has: (value: object) => boolean
  readonly state: (value: UploadedFile) => ValueState
  readonly text: (value: UploadedFile) => string | undefined
  readonly setText: (value: UploadedFile, text: string) => void
}

let fields: PrivateFields

/** The class of the values says here how to read its private fields. */
export function readPrivateFieldsBy(access: PrivateFields): void {
  fields = access
}

/** True for a value that the constructor of `UploadedFile` created. */
export function hasState(value: object): value is UploadedFile {
  return fields.has(value)
}

export function stateOf(value: UploadedFile): ValueState {
  return fields.state(value)
}

/** The JSON text of the value, if it was read before. */
export function knownText(value: UploadedFile): string | undefined {
  return fields.text(value)
}

export function setKnownText(value: UploadedFile, text: string): void {
  fields.setText(value, text)
}
