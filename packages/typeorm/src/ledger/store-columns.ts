import { FiledepotError, type DepotManager, type UploadedFile } from '@filedepot/core'
import { storeForRow } from '@filedepot/core/integration'
import type { ObjectLiteral } from 'typeorm'
import type { FileColumn } from '../column/file-column.ts'
import type { OwnUploads } from './own-uploads.ts'

/** The depot of a data source, and the database whose ledger counts its rows. */
export interface FilesHome {
  readonly depot: DepotManager
  readonly books: object
}

/** A property that is about to be written. */
export interface ColumnWrite {
  readonly column: FileColumn
  readonly entity: ObjectLiteral
  /** What the row holds, as far as TypeORM has read it. */
  readonly current: readonly UploadedFile[]
}

/**
 * Stores what the properties of an entity hold, and lets them hold stored values. If one of the files cannot be stored, the
 * properties keep what they were given, and the uploads of the others are stopped.
 *
 * @param uploads gets what was stored, also if another file fails
 */
export async function storeColumns(
  { depot, books }: FilesHome,
  writes: readonly ColumnWrite[],
  uploads: OwnUploads,
  ended: AbortSignal | undefined,
): Promise<void> {
  const failed = new AbortController()
  const signal = ended ? AbortSignal.any([ended, failed.signal]) : failed.signal
  try {
    const putting = await Promise.all(
      writes.map((write) => storeColumn(write, uploads, { depot, books, signal })),
    )
    for (const put of putting) put()
  } catch (error) {
    failed.abort()
    throw error
  }
}

/** Resolves with what puts the stored values into the property. */
async function storeColumn(
  { column, entity, current }: ColumnWrite,
  uploads: OwnUploads,
  { depot, books, signal }: FilesHome & { readonly signal: AbortSignal },
): Promise<() => void> {
  const { type, storage, maxSize, validators, filters } = column.settings
  const options = { type, storage, maxSize, validators, filters, current, books, signal }
  try {
    const given = column.get(entity)
    const list = column.list(given)
    const storing = list.map(async (file) => {
      const { file: stored, uploads: paths, left, undo } = await storeForRow(depot, file, options)
      uploads.add(paths)
      for (const path of left) uploads.left.add(path)
      uploads.onUndo(undo)
      return stored
    })
    const stored = await Promise.all(storing)
    return () => {
      if (stored.every((file, index) => file === list[index])) return
      const value = column.value(stored)
      column.set(entity, value)
      uploads.texts.push(column.transformer.to(value))
      uploads.onUndo(() => {
        // What the application has put there since stays.
        if (column.get(entity) === value) column.set(entity, given)
      })
    }
  } catch (error) {
    throw named(error, column)
  }
}

/** The same error, with the name of the column in front of its message: a row may have several files. */
function named(error: unknown, { column: { entityMetadata, propertyPath } }: FileColumn): unknown {
  if (error instanceof FiledepotError)
    error.message = `${entityMetadata.name}.${propertyPath}: ${error.message}`
  return error
}
