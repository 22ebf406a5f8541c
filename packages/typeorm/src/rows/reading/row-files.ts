import type { EntityMetadata, ObjectLiteral } from 'typeorm'
import type { FileColumn } from '../../column/file-column.ts'

/** A row as it is in the database: its key, and the texts of its file columns. */
export interface RowFiles {
  /** An object with the primary key, and with what cascading foreign keys refer to. */
  readonly key: ObjectLiteral
  readonly texts: ReadonlyMap<FileColumn, unknown>
}

/** The paths of all files that the row refers to, or of those in some of its columns. */
export function pathsIn({ texts }: RowFiles, columns?: readonly FileColumn[]): string[] {
  return [...texts]
    .filter(([column]) => !columns || columns.includes(column))
    .flatMap(([column, text]) => column.parse(text).flatMap(({ files }) => files))
}

/** Names a row by its primary key: the same for two objects with the same key, whatever types a driver gives them. */
export function keyOf(metadata: EntityMetadata, key: ObjectLiteral): string {
  return JSON.stringify(
    metadata.primaryColumns.map((column) => textOf(column.getEntityValue(key) as unknown)),
  )
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return value.toString('hex')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
