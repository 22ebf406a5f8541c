import {
  FiledepotError,
  UploadedFile,
  type FileFilter,
  type FileValidator,
  type UploadType,
} from '@filedepot/core'
import { Column, type ValueTransformer } from 'typeorm'
import { UploadedFileTransformer } from './uploaded-file-transformer.ts'

/** Options of {@link UploadedFileColumn}. */
export interface UploadedFileColumnOptions {
  /** The upload type: what loaded values are instances of. @default UploadedFile */
  type?: UploadType
  /** Several files in one column: the property is an array. @default false */
  array?: boolean
  /** Name or alias of the storage for new files. @default the default storage */
  storage?: string
  /** The most bytes of one file. @default Infinity */
  maxSize?: number
  /** Run before anything is stored. */
  validators?: readonly FileValidator[]
  /** Run after the upload, in order. */
  filters?: readonly FileFilter[]
  /** @default true */
  nullable?: boolean
  /** Name of the database column. @default the naming strategy's */
  name?: string
  /** False: loaded only where it is selected by name. @default true */
  select?: boolean
  /** False: written when the row is inserted, and never again; what is put there later is not uploaded. @default true */
  update?: boolean
  /** False: left out when the row is inserted, so that the first file comes with an update. @default true */
  insert?: boolean
  /** Comment of the database column. */
  comment?: string
}

/** What TypeORM is told of a file column, by a decorator as in an `EntitySchema`. */
export interface TextColumnOptions {
  type: 'text'
  nullable: boolean
  transformer: ValueTransformer
  name?: string
  select?: boolean
  update?: boolean
  insert?: boolean
  comment?: string
}

/** What stands behind a file column, with the defaults filled in. */
export interface FileColumnSettings extends UploadedFileColumnOptions {
  readonly type: UploadType
  readonly array: boolean
}

/**
 * A file, or several, that belong to the row. The property takes a pending {@link UploadedFile} or the content itself
 * (bytes, a `Blob`, a stream, an upload); saving the entity uploads it. The row holds JSON in a text column.
 *
 * ```ts
 * import { allowTypes, UploadedFile } from '@filedepot/core'
 * import { UploadedFileColumn } from '@filedepot/typeorm'
 * import { Entity, PrimaryGeneratedColumn } from 'typeorm'
 *
 * @Entity()
 * class Person {
 *   @PrimaryGeneratedColumn() id!: number
 *
 *   @UploadedFileColumn({ maxSize: 5_000_000, validators: [allowTypes('image/*')] })
 *   photo!: UploadedFile | null
 *
 *   @UploadedFileColumn({ array: true, storage: 'documents' })
 *   documents!: UploadedFile[] | null
 * }
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for a type that is no upload type
 */
export function UploadedFileColumn(options?: UploadedFileColumnOptions): PropertyDecorator {
  const column = uploadedFileColumn(options)
  return (prototype, property) => {
    const { transformer } = column
    if (transformer instanceof UploadedFileTransformer) {
      transformer.name(prototype.constructor.name, String(property))
    }
    Column(column)(prototype, property)
  }
}

/**
 * The same for an `EntitySchema`.
 *
 * ```ts
 * import type { UploadedFile } from '@filedepot/core'
 * import { uploadedFileColumn } from '@filedepot/typeorm'
 * import { EntitySchema } from 'typeorm'
 *
 * const Person = new EntitySchema<{ id: number; photo: UploadedFile | null }>({
 *   name: 'person',
 *   columns: { id: { type: Number, primary: true, generated: true }, photo: uploadedFileColumn() },
 * })
 * ```
 */
export function uploadedFileColumn(options: UploadedFileColumnOptions = {}): TextColumnOptions {
  const { type = UploadedFile, array = false, nullable = true } = options
  const { name, select, update, insert, comment } = options
  if (type !== UploadedFile && !(type.prototype instanceof UploadedFile)) {
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      'Expected the type of a file column to be a class of UploadedFile',
    )
  }
  return {
    type: 'text',
    nullable,
    transformer: new UploadedFileTransformer<FileColumnSettings>({ ...options, type, array }),
    ...(name !== undefined && { name }),
    ...(select !== undefined && { select }),
    ...(update !== undefined && { update }),
    ...(insert !== undefined && { insert }),
    ...(comment !== undefined && { comment }),
  }
}
