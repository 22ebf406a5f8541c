import { FiledepotError } from '../errors.ts'
import { describe, reasonOf } from '../expected.ts'
import { stateOf } from './value-state.ts'
import { MissingFields } from './missing-fields.ts'
import type { UploadedFile } from './uploaded-file.ts'

/** The table, column and row of a value, as far as they are known. */
export interface ValuePlace {
  /** The table, collection or model. */
  readonly table: string
  /** The column or field. */
  readonly column: string
  /** The primary key of the row. */
  readonly key?: Readonly<Record<string, unknown>> | undefined
}

/** What a row holds that is no uploaded file. */
export class BrokenContent {
  place: ValuePlace | undefined

  /**
   * @param got as the database gave it
   * @param isWhole true for what stands in the column by itself, and false for an element of a list
   * @param cause why it cannot be read
   */
  constructor(
    readonly got: unknown,
    readonly isWhole: boolean,
    readonly cause: unknown,
  ) {}

  /** The text that the row has. */
  get text(): string {
    if (typeof this.got === 'string' && this.isWhole) return this.got
    try {
      return JSON.stringify(this.got)
    } catch {
      return describe(this.got)
    }
  }
}

export const brokenFields = new MissingFields((value) => throwBroken(value))

/**
 * True for the value of a row that cannot be read: it throws `INVALID_VALUE` when it is used.
 *
 * ```ts
 * import type { UploadedFile } from '@filedepot/core'
 * import { isBroken } from '@filedepot/core/integration'
 *
 * const good = (files: UploadedFile[]) => files.filter((file) => !isBroken(file))
 * ```
 */
export function isBroken(value: UploadedFile): boolean {
  return stateOf(value).broken !== undefined
}

/**
 * True for a broken value that stands for the whole of a column: its text is that of the column, also if the column is
 * one of several files. For integrations.
 */
export function isWholeColumn(value: UploadedFile): boolean {
  return stateOf(value).broken?.isWhole === true
}

/** Sets the table, column and key of a broken value, for its error message. For integrations. */
export function locate(value: UploadedFile, place: ValuePlace): void {
  const { broken } = stateOf(value)
  if (broken) broken.place = place
}

/**
 * Refuses a broken value where a stored one is needed.
 *
 * @throws FiledepotError `INVALID_VALUE`
 */
export function refuseBroken(value: UploadedFile): void {
  if (isBroken(value)) throwBroken(value)
}

export function throwBroken(value: UploadedFile): never {
  const { broken } = stateOf(value)
  const text = broken?.text ?? ''
  const excerpt = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text
  throw new FiledepotError(
    'INVALID_VALUE',
    `${nameOf(broken?.place)}: ${reasonOf(broken?.cause)}, got ${excerpt}. Write a new file, or null, into the column`,
    { cause: broken?.cause },
  )
}

const EXCERPT = 80

function nameOf(place: ValuePlace | undefined): string {
  if (!place) return 'A file column (a data source or client with filedepot knows its name)'
  const { table, column, key } = place
  return `${table}.${column} of ${key ? `the row ${textOf(key)}` : 'a row without its key'}`
}

function textOf(key: Readonly<Record<string, unknown>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} = ${valueText(value)}`)
    .join(', ')
}

function valueText(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return String(value)
}
