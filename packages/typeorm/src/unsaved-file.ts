import { FiledepotError } from '@filedepot/core'

/**
 * Stands for a value that was not uploaded while TypeORM looks for changes: it equals itself and nothing else. It
 * reaches a driver only where nothing uploaded the value, as with `save(…, { listeners: false })`, and a driver cannot
 * write it: node-postgres and mysql2 ask the two methods below, SQLite refuses any object.
 */
export class UnsavedFile {
  static readonly #known = new WeakMap<object, UnsavedFile>()

  /** The same object each time, so that a value that did not change is not seen as changed. */
  static of(value: unknown): UnsavedFile {
    if (typeof value !== 'object' || value === null) return new UnsavedFile()
    const known = UnsavedFile.#known.get(value) ?? new UnsavedFile()
    UnsavedFile.#known.set(value, known)
    return known
  }

  toPostgres(): never {
    throw notUploaded()
  }

  toSqlString(): never {
    throw notUploaded()
  }
}

function notUploaded(): FiledepotError {
  return new FiledepotError(
    'PENDING_FILE',
    'a file was not uploaded before its row was written: attachDepot(dataSource) does it, unless listeners are off',
  )
}
