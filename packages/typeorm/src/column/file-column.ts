import { FiledepotError, UploadedFile, type FileContent } from '@filedepot/core'
import { isBroken } from '@filedepot/core/integration'
import type { EntityMetadata, ObjectLiteral } from 'typeorm'
import type { FileColumnSettings } from './uploaded-file-column.ts'
import type { ColumnMetadata } from '../typeorm-internals.ts'
import { UploadedFileTransformer } from './uploaded-file-transformer.ts'

/** What a property may hold: stored values, pending ones, contents. */
export type GivenFile = UploadedFile | FileContent

/** One file column of an entity or a view, also inside embedded objects. */
export class FileColumn {
  readonly column: ColumnMetadata
  readonly transformer: UploadedFileTransformer<FileColumnSettings>

  constructor(column: ColumnMetadata, transformer: UploadedFileTransformer<FileColumnSettings>) {
    this.column = column
    this.transformer = transformer
  }

  get settings(): FileColumnSettings {
    return this.transformer.options
  }

  get(entity: ObjectLiteral): unknown {
    return this.column.getEntityValue(entity) as unknown
  }

  set(entity: ObjectLiteral, value: unknown): void {
    this.column.setEntityValue(entity, value)
  }

  /** True if the entity has another value than the row, also one that TypeORM does not know of yet. */
  isChanged(entity: ObjectLiteral, databaseEntity: ObjectLiteral): boolean {
    const value = this.get(entity)
    const before = this.get(databaseEntity)
    // A loaded value is the same object for as long as its text is remembered.
    if (value === undefined || value === before) return false
    return this.transformer.to(value) !== this.transformer.to(before)
  }

  /** The property's value as a list, also if the column holds one file. */
  list(value: unknown): GivenFile[] {
    if (value === null || value === undefined) return []
    if (!this.settings.array) return [value as GivenFile]
    if (Array.isArray(value)) return value as GivenFile[]
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected "${this.column.propertyPath}" to be an array of files`,
    )
  }

  /** The list as the property's value. */
  value(list: readonly UploadedFile[]): UploadedFile[] | UploadedFile | null {
    return this.settings.array ? [...list] : (list[0] ?? null)
  }

  /** The files that stand in a row, from the text of its column. What is broken there has none. */
  parse(text: unknown): UploadedFile[] {
    return (this.list(this.transformer.from(text)) as UploadedFile[]).filter((file) => !isBroken(file))
  }
}

/** Kept in the metadata of an entity, as they are asked for with each of its rows. */
const FILE_COLUMNS = Symbol('filedepot.fileColumns')

/** The file columns of an entity; none for most. */
export function fileColumnsOf(
  metadata: EntityMetadata & { [FILE_COLUMNS]?: readonly FileColumn[] | undefined },
): readonly FileColumn[] {
  return (metadata[FILE_COLUMNS] ??= findFileColumns(metadata))
}

function findFileColumns({ columns }: EntityMetadata): FileColumn[] {
  return columns.flatMap((column) => {
    const transformer = [column.transformer].flat().find((found) => found instanceof UploadedFileTransformer)
    return transformer
      ? [new FileColumn(column, transformer as UploadedFileTransformer<FileColumnSettings>)]
      : []
  })
}
