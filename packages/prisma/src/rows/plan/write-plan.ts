import type { Args, Where } from '../../prisma-internals.ts'
import type { FileField } from '../../fields/file-fields.ts'
import type { Model } from '../../schema/data-model.ts'
import type { WrittenFile } from '../../fields/written-values.ts'

/** Rows that a write may change or delete, so that they may give up files. They are read before it runs. */
export interface Target {
  readonly model: Model
  readonly where: Where
  /** The fields that may lose their files. */
  readonly fields: Set<FileField>
  readonly deletes: boolean
  /** How many rows the write touches at the most. */
  readonly limit?: number | undefined
  /** What becomes of the key, if the write changes it. */
  readonly newKey: Record<string, unknown>
  /** True if the write affects at most one row. */
  readonly isOne: boolean
  /** True if `where` looks at no other rows: then the rows that it has found stay found while they are locked. */
  readonly isOfRowsAlone: boolean
  /**
   * Restricts the write to some rows, because other rows could match by the time it runs. Without an argument, it removes the
   * restriction. Several conditions are parts, and each part is written separately.
   */
  readonly restrict: (parts?: readonly Where[]) => void
  /** How the rows can be written in parts: not at all, by a list in the arguments, or by one operation for each part. */
  readonly parts: 'none' | 'listed' | 'sent'
}

/**
 * When a part of a write takes place: if a target has rows, or if it has none. `'mayBeSkipped'`: only the database
 * knows.
 */
export type Condition =
  { readonly target: Target; readonly is: 'found' | 'absent' } | { readonly is: 'mayBeSkipped' }

/** A file field that a write gives a value to. */
export interface Slot {
  readonly field: FileField
  /** None if the field is emptied. */
  readonly files: readonly WrittenFile[]
  /** The place of the value in the arguments. */
  readonly holder: Args
  /** What stood there. */
  readonly written: unknown
  readonly conditions: readonly Condition[]
  /** The rows that get the value, unless they are new. */
  readonly target: Target | undefined
  /** Finds the row that has got the value, or has it not as it was there before. */
  readonly row: Where | undefined
}

/** What a write does to files. */
export interface WritePlan {
  /** That of the operation. */
  readonly model: Model
  readonly slots: readonly Slot[]
  readonly targets: readonly Target[]
  /** True if a row is sure to get each file, and none gives one up: nothing has to be looked at. */
  readonly onlyCreates: boolean
  /** True if the result says how many rows of its only target it has written. */
  readonly isCounted: boolean
  /** How many rows the operation itself creates, unless some are passed over. */
  readonly rows: number | undefined
  /** The one row that an update or upsert writes, if it matters. Its result says what the row holds afterwards. */
  readonly row: Target | undefined
}

/** True if only one of two parts of a write can take place. */
export function excludeEachOther(one: readonly Condition[], other: readonly Condition[]): boolean {
  return one.some((a) =>
    other.some((b) => 'target' in a && 'target' in b && a.target === b.target && a.is !== b.is),
  )
}
