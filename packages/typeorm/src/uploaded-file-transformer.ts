import {
  isBroken,
  isRevoked,
  isUploadedFile,
  isVerified,
  isWholeColumn,
  readRowList,
  readRowValue,
  rememberText,
  textOf,
  type UploadedFile,
  type UploadType,
} from '@filedepot/core'
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

  constructor(options: Options) {
    this.options = options
  }

  to(value: unknown): unknown {
    if (value === null || value === undefined) return value
    if (!Array.isArray(value)) return isStored(value) ? textOf(value) : UnsavedFile.of(value)
    if (!value.every(isStored)) return UnsavedFile.of(value)
    const whole = value.find(isWholeColumn)
    if (!whole) return `[${value.map(textOf).join(',')}]`
    return value.length === 1 ? textOf(whole) : UnsavedFile.of(value)
  }

  from(text: unknown): UploadedFile | UploadedFile[] | null {
    if (text === null || text === undefined) return null
    const { array, type } = this.options
    return array ? readRowList(type, text) : remember(readRowValue(type, text), text)
  }
}

/** A value that a row can hold as it is: one whose file is in a storage, and that does not come from somebody's JSON. */
function isStored(value: unknown): value is UploadedFile {
  return isUploadedFile(value) && !value.isPending && isVerified(value) && !isRevoked(value)
}

/** The text that a row has is that of the value, also where we would write it in another way. */
function remember(file: UploadedFile, text: unknown): UploadedFile {
  if (typeof text === 'string' && !isBroken(file)) rememberText(file, text)
  return file
}
