import { isBroken, isUploadedFile, locate } from '@filedepot/core/integration'
import type { EntityMetadata, ObjectLiteral } from 'typeorm'
import { fileColumnsOf, type FileColumn } from './file-column.ts'
import { placeOf } from './place-of.ts'

/**
 * What each entity's file columns held when it was loaded or saved last. TypeORM compares an entity with the row and
 * not with what was loaded. So an entity that was loaded before another client replaced its file would restore the old file
 * when its title is saved.
 */
export class LoadedFiles {
  /** By the path of the property: an entity can be loaded as one of its base class, and saved as what it is. */
  readonly #values = new Map<string, WeakMap<ObjectLiteral, Held>>()
  /** What was loaded last, if it was one entity: often the row of a save, for which a `WeakMap` would be slow. */
  #last: { entity: ObjectLiteral; columns: readonly FileColumn[]; held: (Held | undefined)[] } | undefined

  /** What all of their file columns hold, as they were loaded. */
  rememberAll(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
    this.#keepLast()
    const columns = fileColumnsOf(metadata)
    for (const entity of entities) {
      // Of lazy relations, TypeORM may have promises.
      if (entity instanceof Promise) continue
      const held = columns.map((column) => heldBy(entity, column))
      columns.forEach((column, index) => {
        locateBroken(entity, column, held[index])
      })
      this.#last = { entity, columns, held }
      if (entities.length > 1) this.#keepLast()
    }
  }

  /** Forgets an entity that is never saved: TypeORM loaded it only to compare another one with it. */
  drop(entity: ObjectLiteral): void {
    if (this.#last?.entity === entity) this.#last = undefined
  }

  /**
   * Returns what forgets it, for a save that is undone; nothing where nothing new is remembered. What was remembered
   * before is forgotten with it: it may have been loaded within the transaction that is undone, and never have been so.
   */
  remember(entity: ObjectLiteral, column: FileColumn): (() => void) | undefined {
    this.#keepLast()
    return this.#remember(entity, column, heldBy(entity, column))
  }

  #remember(entity: ObjectLiteral, column: FileColumn, held: Held | undefined): (() => void) | undefined {
    // What is no value of a row was not written, as in a column with `insert: false`.
    if (held === undefined || !isStored(held)) return undefined
    const values = this.#valuesOf(column)
    const before = values.get(entity)
    if (before !== undefined && isSame(before, held)) return undefined

    values.set(entity, held)
    return () => {
      if (values.get(entity) === held) values.delete(entity)
    }
  }

  /** True if the property still holds the very values that it was loaded with. */
  isUntouched(entity: ObjectLiteral, column: FileColumn): boolean {
    this.#keepLast()
    const loaded = this.#valuesOf(column).get(entity)
    const held = heldBy(entity, column)
    return loaded !== undefined && held !== undefined && isSame(loaded, held)
  }

  #keepLast(): void {
    if (!this.#last) return
    const { entity, columns, held } = this.#last
    this.#last = undefined
    columns.forEach((column, index) => this.#remember(entity, column, held[index]))
  }

  #valuesOf({ column: { propertyPath } }: FileColumn): WeakMap<ObjectLiteral, Held> {
    let values = this.#values.get(propertyPath)
    if (!values) this.#values.set(propertyPath, (values = new WeakMap()))
    return values
  }
}

/** The value of a property; of a list, what is in it, as lists can be changed in place. */
type Held = object | null

function heldBy(entity: ObjectLiteral, column: FileColumn): Held | undefined {
  const value = column.get(entity) as Held | undefined
  return Array.isArray(value) ? [...(value as unknown[])] : value
}

/** Lets broken values say in which row they stand. */
function locateBroken(entity: ObjectLiteral, column: FileColumn, held: Held | undefined): void {
  if (Array.isArray(held)) for (const file of held as unknown[]) locateFile(entity, column, file)
  else locateFile(entity, column, held)
}

function locateFile(entity: ObjectLiteral, { column }: FileColumn, file: unknown): void {
  if (isUploadedFile(file) && isBroken(file)) locate(file, placeOf(column, entity))
}

function isSame(one: Held, other: Held): boolean {
  if (one === other) return true
  if (!Array.isArray(one) || !Array.isArray(other)) return false
  return one.length === other.length && one.every((file, index) => file === other[index])
}

function isStored(held: Held): boolean {
  if (held === null) return true
  return Array.isArray(held) ? held.every(isStoredFile) : isStoredFile(held)
}

function isStoredFile(file: unknown): boolean {
  return isUploadedFile(file) && !file.isPending
}
