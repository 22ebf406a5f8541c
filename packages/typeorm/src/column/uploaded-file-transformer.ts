import type { UploadedFile, UploadType } from '@filedepot/core'
import {
  isBroken,
  isRevoked,
  isUploadedFile,
  isVerified,
  isWholeColumn,
  locate,
  readRowList,
  readRowValue,
  rememberText,
  textOf,
} from '@filedepot/core/integration'
import type { ValueTransformer } from 'typeorm'
import { UnsavedFile } from './unsaved-file.ts'

/** What the transformer of a file column has to know. */
export interface TransformerOptions {
  readonly type: UploadType
  readonly array: boolean
}

/**
 * Between a property and its text column. TypeORM calls `to` often, also to find out what has changed and with values
 * that were not uploaded yet, so it is total and always gives the same answer for the same value.
 */
export class UploadedFileTransformer<
  Options extends TransformerOptions = TransformerOptions,
> implements ValueTransformer {
  readonly options: Options
  /** The class and the property, if a decorator has said them. */
  #place: { readonly table: string; readonly column: string } | undefined

  constructor(options: Options) {
    this.options = options
  }

  /** Names the column in errors, also if no depot is attached to the data source. The first class that has it counts. */
  name(table: string, column: string): void {
    this.#place ??= { table, column }
  }

  to(value: unknown): unknown {
    if (value === null || value === undefined) return value
    if (!Array.isArray(value)) return isStored(value) ? textOf(value) : this.#unsaved(value)
    if (!value.every(isStored)) return this.#unsaved(value)
    const whole = value.find(isWholeColumn)
    if (!whole) return `[${value.map(textOf).join(',')}]`
    return value.length === 1 ? textOf(whole) : this.#unsaved(value)
  }

  from(text: unknown): UploadedFile | UploadedFile[] | null {
    if (text === null || text === undefined) return null
    const { array, type } = this.options
    if (array) return readRowList(type, text).map((file) => this.#located(file))
    return remember(this.#located(readRowValue(type, text)), text)
  }

  #located(file: UploadedFile): UploadedFile {
    if (this.#place && isBroken(file)) locate(file, this.#place)
    return file
  }

  #unsaved(value: unknown): UnsavedFile {
    return UnsavedFile.of(value, this.#place ? `${this.#place.table}.${this.#place.column}` : 'a file column')
  }
}

/** True for a value that a row can hold unchanged: its file is stored, and it does not come from JSON of a client. */
function isStored(value: unknown): value is UploadedFile {
  return isUploadedFile(value) && !value.isPending && isVerified(value) && !isRevoked(value)
}

/** The text that a row has is that of the value, also if we would write it in another way. */
function remember(file: UploadedFile, text: unknown): UploadedFile {
  if (typeof text === 'string' && !isBroken(file)) rememberText(file, text)
  return file
}
