import type { FileFilter, FileValidator, UploadType } from '@filedepot/core'

/** What may come in one field of a form. */
export interface FileRules {
  /** How many files, from 1 up. @default 1 */
  maxFiles?: number
  /** In bytes, of each file; a larger one is refused at that byte. @default 10485760, 10 MiB */
  maxSize?: number
  /** The upload type, for example `UploadedImage`. @default UploadedFile */
  type?: UploadType
  /** Name or alias of a storage. @default the default storage */
  storage?: string
  /** Run before anything is stored. */
  validators?: readonly FileValidator[]
  /** Run after the upload. */
  filters?: readonly FileFilter[]
}

export const DEFAULT_MAX_SIZE = 10 * 1024 * 1024
