import type { ObjectLiteral } from 'typeorm'
import type { FileColumn } from './file-column.ts'

/**
 * The file columns that an entity did not have when its UPDATE began. After it, TypeORM sets every nullable column to
 * null in memory that the entity lacks, as one does that was loaded by a partial select. Saved again, it would give up
 * its file.
 */
export class MissingColumns {
  readonly #missing = new WeakMap<ObjectLiteral, readonly FileColumn[]>()

  note(entity: ObjectLiteral, columns: readonly FileColumn[]): void {
    const missing = columns.filter((column) => column.get(entity) === undefined)
    if (missing.length > 0) this.#missing.set(entity, missing)
    else this.#missing.delete(entity)
  }

  /** Takes the nulls of TypeORM out again. */
  leaveOut(entity: ObjectLiteral): void {
    for (const column of this.#missing.get(entity) ?? []) {
      if (column.get(entity) === null) column.set(entity, undefined)
    }
  }
}
