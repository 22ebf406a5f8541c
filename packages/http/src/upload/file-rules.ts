import type { FileFilter, FileValidator, UploadedFile, UploadType } from '@filedepot/core'

/**
 * What may come in one field of a form. `rulesOf` of `@filedepot/typeorm` and `@filedepot/prisma` has the rules of a column
 * or field.
 */
export interface FileRules<File extends UploadedFile = UploadedFile> {
  /** How many files, from 1 up. @default 1 */
  maxFiles?: number
  /** In bytes, of each file; a larger one is refused at that byte. @default 10485760, 10 MiB */
  maxSize?: number
  /** The upload type, for example `UploadedImage`. @default UploadedFile */
  type?: UploadType<File>
  /** Name or alias of a storage. @default the default storage */
  storage?: string
  /** Run before anything is stored. */
  validators?: readonly FileValidator[]
  /** Run after the upload. */
  filters?: readonly FileFilter[]
}

/** The rules of a form, by the names of its fields. */
export type FormRules = Readonly<Record<string, FileRules>>

/** What the files of a field are, by its rules. */
export type FileOf<Rules> = Rules extends { readonly type: UploadType<infer File> } ? File : UploadedFile

export const DEFAULT_MAX_SIZE = 10 * 1024 * 1024
