import type { DepotManager } from '../depot/depot-manager.ts'
import type { BrokenContent } from './broken-value.ts'
import type { KeptRules } from './kept-rules.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * What becomes of a value, which itself never changes. It is kept inside the value: a `WeakMap` with thousands of them makes
 * every garbage collection longer by milliseconds.
 */
export class FileTies {
  /** Through which the value finds its file, where that is not the one of the process. */
  manager: DepotManager | undefined
  /** No row has it yet: it was uploaded ahead of a transaction, or given back by one that was rolled back. */
  isUnowned = false
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
  /** Its JSON, once somebody has asked for it. */
  text: string | undefined
  /** What the row holds instead of a file. */
  broken: BrokenContent | undefined
}

type Read = (value: UploadedFile) => FileTies
type Has = (value: object) => boolean

let read: Read
let has: Has

/** The class of the values has them in a private field, and says here how to read it. */
export function readTiesBy(readPrivate: Read, hasPrivate: Has): void {
  read = readPrivate
  has = hasPrivate
}

/** True for what the constructor of the values made. */
export function hasTies(value: object): value is UploadedFile {
  return has(value)
}

export function tiesOf(value: UploadedFile): FileTies {
  return read(value)
}
