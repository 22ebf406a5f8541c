import type { ObjectLiteral } from 'typeorm'
import type { FileColumn } from './file-column.ts'

/**
 * What each entity's file columns held when it was loaded or saved last. TypeORM compares an entity with the row and
 * not with what was loaded, so an entity that was loaded before somebody else replaced a file would put the old one
 * back by saving a title.
 */
export class LoadedFiles {
  /** One map for each column, and not one for each entity: every row that is loaded comes by here. */
  readonly #values = new WeakMap<FileColumn, WeakMap<ObjectLiteral, unknown>>()

  remember(entity: ObjectLiteral, column: FileColumn): void {
    const value = column.get(entity)
    if (value === undefined) return
    let values = this.#values.get(column)
    if (!values) {
      values = new WeakMap()
      this.#values.set(column, values)
    }
    // Whoever has an array can change it.
    values.set(entity, Array.isArray(value) ? [...(value as unknown[])] : value)
  }

  /** True where the property still holds the very values that it was loaded with. */
  isUntouched(entity: ObjectLiteral, column: FileColumn): boolean {
    const values = this.#values.get(column)
    if (!values?.has(entity)) return false
    const [loaded, now] = [column.list(values.get(entity)), column.list(column.get(entity))]
    return now.length === loaded.length && now.every((file, index) => file === loaded[index])
  }
}
