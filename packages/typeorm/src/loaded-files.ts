import { UploadedFile } from '@filedepot/core'
import type { EntityMetadata, ObjectLiteral } from 'typeorm'
import { fileColumnsOf, type FileColumn } from './file-column.ts'

/**
 * What each entity's file columns held when it was loaded or saved last. TypeORM compares an entity with the row and
 * not with what was loaded, so an entity that was loaded before somebody else replaced a file would put the old one
 * back by saving a title.
 */
export class LoadedFiles {
  /** By the path of the property: an entity can be loaded as one of its base class, and saved as what it is. */
  readonly #values = new WeakMap<ObjectLiteral, Map<string, Held>>()

  /** What all of its file columns hold, as it was loaded. */
  rememberAll(metadata: EntityMetadata, entity: ObjectLiteral): void {
    for (const column of fileColumnsOf(metadata)) this.remember(entity, column)
  }

  /**
   * Returns what forgets it, for a save that is undone; nothing where nothing new is remembered. What was remembered
   * before is forgotten with it: it may have been loaded within the transaction that is undone, and never have been so.
   */
  remember(entity: ObjectLiteral, column: FileColumn): (() => void) | undefined {
    const held = heldBy(entity, column)
    // What is no value of a row was not written, as in a column with `insert: false`.
    if (held === undefined || held?.some((file) => !isStored(file))) return undefined
    const { propertyPath } = column.column
    const values = this.#values.get(entity) ?? new Map<string, Held>()
    const before = values.get(propertyPath)
    if (before !== undefined && isSame(before, held)) return undefined

    values.set(propertyPath, held)
    this.#values.set(entity, values)
    return () => {
      if (values.get(propertyPath) === held) values.delete(propertyPath)
    }
  }

  /** True where the property still holds the very values that it was loaded with. */
  isUntouched(entity: ObjectLiteral, column: FileColumn): boolean {
    const loaded = this.#values.get(entity)?.get(column.column.propertyPath)
    const held = heldBy(entity, column)
    return loaded !== undefined && held !== undefined && isSame(loaded, held)
  }
}

/** The values of a property, also where it can hold one only. */
type Held = readonly unknown[] | null

function heldBy(entity: ObjectLiteral, column: FileColumn): Held | undefined {
  const value = column.get(entity)
  // A copy: arrays can be changed in place.
  return value === undefined || value === null ? value : [value].flat()
}

function isSame(one: Held, other: Held): boolean {
  if (one === null || other === null) return one === other
  return one.length === other.length && one.every((file, index) => file === other[index])
}

function isStored(file: unknown): boolean {
  return file instanceof UploadedFile && !file.isPending
}
