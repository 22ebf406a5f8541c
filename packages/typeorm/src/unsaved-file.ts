import { FiledepotError } from '@filedepot/core'
import type { DataSource, ObjectLiteral } from 'typeorm'

/**
 * Stands for a value that no row can hold as it is, while TypeORM looks for changes: it equals itself and nothing
 * else. Uploading the value replaces it; where nothing does, as with `save(…, { listeners: false })`, it gets as far
 * as the driver, and is refused there.
 */
export class UnsavedFile {
  static readonly #known = new WeakMap<object, UnsavedFile>()

  private constructor(readonly value: unknown) {}

  /** The same object each time, so that a value that did not change is not seen as changed. */
  static of(value: unknown): UnsavedFile {
    if (typeof value !== 'object' || value === null) return new UnsavedFile(value)
    const known = UnsavedFile.#known.get(value) ?? new UnsavedFile(value)
    UnsavedFile.#known.set(value, known)
    return known
  }
}

/** TypeORM 1 has no native parameters. */
type Escape = (
  sql: string,
  parameters: ObjectLiteral,
  native?: ObjectLiteral,
) => ReturnType<DataSource['driver']['escapeQueryWithParameters']>

/** Refuses, on the driver of this data source, what was not uploaded when its row is written, and as a criterion. */
export function refuseUnsavedFiles({ driver }: DataSource): void {
  const prepare = driver.preparePersistentValue.bind(driver)
  const refuse: typeof prepare = (value, column) => {
    const prepared: unknown = prepare(value, column)
    if (!(prepared instanceof UnsavedFile)) return prepared
    const name = `${column.entityMetadata.name}.${column.propertyPath}`
    throw new FiledepotError(
      'PENDING_FILE',
      `${name}: the file is not in a storage when its row is written: its upload was skipped, or it was undone`,
    )
  }
  Object.defineProperty(driver, 'preparePersistentValue', { value: refuse, configurable: true })

  const escape = driver.escapeQueryWithParameters.bind(driver) as Escape
  const refuseCriteria: Escape = (sql, parameters, native) => {
    const escaped = escape(sql, parameters, native)
    if (isUnsaved(escaped[1])) throw pendingCriterion()
    return escaped
  }
  Object.defineProperty(driver, 'escapeQueryWithParameters', { value: refuseCriteria, configurable: true })
}

/** A loop, which is quick: all parameters of all statements come by here. */
function isUnsaved(parameter: unknown): boolean {
  if (typeof parameter !== 'object') return false
  if (!Array.isArray(parameter)) return parameter instanceof UnsavedFile
  for (const one of parameter) if (isUnsaved(one)) return true
  return false
}

function pendingCriterion(): FiledepotError {
  const message = 'no row has a file that is not in a storage: expected a stored file as criterion'
  return new FiledepotError('PENDING_FILE', message)
}
