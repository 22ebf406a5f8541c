import type { DepotManager } from '../depot/depot-manager.ts'
import type { BrokenContent } from './broken-value.ts'
import type { KeptRules } from './kept-rules.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * What becomes of a value, which itself never changes. It is kept inside the value: a `WeakMap` with thousands of them makes
 * every garbage collection longer by milliseconds. Values of the same file that {@link UploadedFile.with} has made of each
 * other share it, because they belong to one row.
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
  /** What brought it is over, so that its files go. */
  isDiscarded = false
  /** Called once when it is given back. */
  onGiveBack: (() => void) | undefined
  /** A storage or a row says what it is, and not somebody's JSON. */
  isVerified = false
  /** A rollback has removed its files. */
  isRevoked = false
  /** What it was held against when it was stored, if that was anything. */
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

/** True for what the constructor of the values made. */
export function hasState(value: object): value is UploadedFile {
  return fields.has(value)
}

export function stateOf(value: UploadedFile): ValueState {
  return fields.state(value)
}

/** The JSON text of the value, if somebody has asked for it. */
export function knownText(value: UploadedFile): string | undefined {
  return fields.text(value)
}

export function setKnownText(value: UploadedFile, text: string): void {
  fields.setText(value, text)
}
