import type { FileFilter } from '../upload/file-filter.ts'
import type { UploadedFile, UploadType } from '../upload/uploaded-file.ts'
import type { FileValidator } from './file-validator.ts'

/**
 * What a column or field says of its files, as `receiveFiles` and `multerStorage` of `@filedepot/http` take it. `rulesOf` of
 * `@filedepot/typeorm` and `@filedepot/prisma` makes it.
 */
export interface ColumnRules<File extends UploadedFile = UploadedFile> {
  readonly type: UploadType<File>
  /** Name or alias of a storage. */
  readonly storage?: string
  /** In bytes, of each file. */
  readonly maxSize?: number
  readonly validators?: readonly FileValidator[]
  readonly filters?: readonly FileFilter[]
  /** How many files a form may bring: 10 for a list, else 1. */
  readonly maxFiles: number
}

/**
 * The rules of a column, without what it leaves open. For integrations.
 *
 * @param isList true for a column of several files
 */
export function columnRules<File extends UploadedFile>(
  type: UploadType<File>,
  { storage, maxSize, validators, filters }: Partial<Omit<ColumnRules, 'type' | 'maxFiles'>>,
  isList: boolean,
): ColumnRules<File> {
  return {
    type,
    maxFiles: isList ? MAX_FILES : 1,
    ...(storage !== undefined && { storage }),
    ...(maxSize !== undefined && { maxSize }),
    ...(validators && { validators }),
    ...(filters && { filters }),
  }
}

/** How many files a form may bring for a list, unless it says so itself. */
const MAX_FILES = 10
