import type { ObjectLiteral } from 'typeorm'
import type { FileColumn } from './file-column.ts'

/**
 * What each entity's file columns held when it was loaded or saved last. TypeORM compares an entity with the row and
 * not with what was loaded, so an entity that was loaded before somebody else replaced a file would put the old one
 * back by saving a title.
 */
export class LoadedFiles {
  readonly #values = new WeakMap<ObjectLiteral, Map<FileColumn, readonly unknown[]>>()

  remember(entity: ObjectLiteral, column: FileColumn): void {
    const value = column.get(entity)
    if (value === undefined) return
    const values = this.#values.get(entity) ?? new Map<FileColumn, readonly unknown[]>()
    values.set(column, [...column.list(value)])
    this.#values.set(entity, values)
  }

  /** True where the property still holds the very values that it was loaded with. */
  isUntouched(entity: ObjectLiteral, column: FileColumn): boolean {
    const loaded = this.#values.get(entity)?.get(column)
    if (!loaded) return false
    const now = column.list(column.get(entity))
    return now.length === loaded.length && now.every((file, index) => file === loaded[index])
  }
}
