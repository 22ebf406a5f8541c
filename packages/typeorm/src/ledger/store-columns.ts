import {
  boundManager,
  FiledepotError,
  giveBack,
  isUploadedFile,
  markRevoked,
  shareOwnership,
  storeForRow,
  takeOwnership,
  takingOf,
  UploadedFile,
  type DepotManager,
} from '@filedepot/core'
import type { ObjectLiteral } from 'typeorm'
import type { FileColumn, GivenFile } from '../column/file-column.ts'
import type { OwnUploads } from './own-uploads.ts'

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
  depot: DepotManager,
  writes: readonly ColumnWrite[],
  uploads: OwnUploads,
  ended: AbortSignal | undefined,
): Promise<void> {
  const failed = new AbortController()
  const signal = ended ? AbortSignal.any([ended, failed.signal]) : failed.signal
  try {
    const putting = await Promise.all(writes.map((write) => storeColumn(depot, write, uploads, signal)))
    for (const put of putting) put()
  } catch (error) {
    failed.abort()
    throw error
  }
}

/** Resolves with what puts the stored values into the property. */
async function storeColumn(
  depot: DepotManager,
  { column, entity, current }: ColumnWrite,
  uploads: OwnUploads,
  signal: AbortSignal,
): Promise<() => void> {
  try {
    const given = column.get(entity)
    const list = column.list(given)
    const storing = list.map((file) => storeFile(depot, column, file, { current, uploads, signal }))
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

async function storeFile(
  depot: DepotManager,
  { settings }: FileColumn,
  given: GivenFile,
  {
    current,
    uploads,
    signal,
  }: { current: readonly UploadedFile[]; uploads: OwnUploads; signal: AbortSignal },
): Promise<UploadedFile> {
  const { type, storage, maxSize, validators, filters } = settings
  const value = isUploadedFile(given) && !given.isPending ? given : undefined
  const isHere = value !== undefined && (boundManager(value) ?? depot) === depot
  // Before anything else: a form that ends meanwhile must not delete it.
  const isTaken = isHere && takeOwnership(value)
  if (isHere && !isTaken) shareOwnership(value)
  const taking = value && takingOf(value)
  const back = () => {
    if (isTaken) giveBack(value, taking)
  }
  try {
    const stored = await storeForRow(depot, given, {
      type,
      storage,
      maxSize,
      validators,
      filters,
      current,
      signal,
    })
    uploads.onUndo(back)
    if (stored === given || current.includes(stored)) return stored
    takeOwnership(stored)
    uploads.add(stored.files)
    uploads.onUndo(() => {
      markRevoked(stored)
    })
    // The row has a copy, and no other row has what was copied.
    if (isTaken) for (const path of value.files) uploads.left.add(path)
    return stored
  } catch (error) {
    back()
    throw error
  }
}

/** The same error, with the name of the column in front of its message: a row may have several files. */
function named(error: unknown, { column: { entityMetadata, propertyPath } }: FileColumn): unknown {
  if (error instanceof FiledepotError)
    error.message = `${entityMetadata.name}.${propertyPath}: ${error.message}`
  return error
}
