import { FiledepotError } from '@filedepot/core'

/**
 * Stands for a value that no row can hold as it is, while TypeORM looks for changes: it equals itself and nothing
 * else. Uploading the value replaces it. If nothing does, as with `save(…, { listeners: false })` and on a data source
 * without a depot, it gets into a statement, and refuses to be a part of it.
 *
 * It is a function, as TypeORM calls those that it finds among the values of a statement, whatever the driver: they are
 * expressions of SQL. What goes past TypeORM, the clients of databases ask for its text.
 */
export class UnsavedFile {
  static readonly #known = new WeakMap<object, UnsavedFile>()

  /** Use {@link UnsavedFile.of}. */
  private constructor(refuse: () => never) {
    return Object.setPrototypeOf(refuse, UnsavedFile.prototype) as this
  }

  /**
   * The same object each time, so that a value that did not change is not seen as changed.
   *
   * @param column names the column in the error
   */
  static of(value: unknown, column: string): UnsavedFile {
    const refuse = () => {
      throw notSaved(column)
    }
    if (typeof value !== 'object' || value === null) return new UnsavedFile(refuse)
    const known = UnsavedFile.#known.get(value) ?? new UnsavedFile(refuse)
    UnsavedFile.#known.set(value, known)
    return known
  }

  /** For MongoDB, whose client leaves functions out. */
  toBSON(): never {
    return this.#refuse()
  }

  toJSON(): never {
    return this.#refuse()
  }

  /** For PostgreSQL. */
  toPostgres(): never {
    return this.#refuse()
  }

  /** For MySQL and MariaDB. */
  toSqlString(): never {
    return this.#refuse()
  }

  toString(): never {
    return this.#refuse()
  }

  #refuse(): never {
    return (this as unknown as () => never)()
  }
}

function notSaved(column: string): FiledepotError {
  const message =
    'the file is pending, so no row can hold it or be found by it. Its upload was skipped or undone, or the data source was ' +
    'never passed to attachDepot()'
  return new FiledepotError('PENDING_FILE', `${column}: ${message}`)
}

export function pendingCriterion(): FiledepotError {
  const message =
    'Cannot query by a pending file. Save it first, or pass a stored UploadedFile. To find the row of a path, use ' +
    'findOwner(). To search for text, use Raw() with LIKE instead of Like()'
  return new FiledepotError('PENDING_FILE', message)
}
