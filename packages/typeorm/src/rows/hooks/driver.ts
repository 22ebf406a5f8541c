import { FiledepotError, UploadedFile, type DepotManager } from '@filedepot/core'
import { bindManager, isBroken, locate } from '@filedepot/core/integration'
import type { DataSource } from 'typeorm'
import { pendingCriterion, UnsavedFile } from '../../column/unsaved-file.ts'
import type { ColumnMetadata, EscapingDriver } from '../../typeorm-internals.ts'
import { placeOf } from '../../column/place-of.ts'
import { RecentFiles } from './recent-files.ts'
import { UploadedFileTransformer } from '../../column/uploaded-file-transformer.ts'

/**
 * Lets the values that this data source loads find their files through the depot. From the first moment: listeners of an
 * entity, and the subscribers of the application, see it before we hear of it.
 *
 * A value never changes, so the same text is the same value, for as long as it is remembered: TypeORM loads a row again
 * before each save of it.
 */
export function bindLoadedFiles({ driver }: DataSource, depot: DepotManager): void {
  const hydrate = driver.prepareHydratedValue.bind(driver)
  const recent = new WeakMap<ColumnMetadata, RecentFiles>()
  const bound = (value: unknown, column: ColumnMetadata): unknown => {
    const hydrated: unknown = hydrate(value, column)
    if (Array.isArray(hydrated)) for (const file of hydrated) bindTo(depot, file, column)
    else bindTo(depot, hydrated, column)
    return hydrated
  }
  const recall = (text: string, column: ColumnMetadata): unknown => {
    let files = recent.get(column)
    if (!files) recent.set(column, (files = new RecentFiles()))
    const known = files.get(text)
    if (known) return known
    const hydrated = bound(text, column)
    // Each broken value says in which row it stands.
    if (hydrated instanceof UploadedFile && !isBroken(hydrated)) files.add(text, hydrated)
    return hydrated
  }
  const bind: typeof hydrate = (value, column) => {
    if (column.transformer === undefined) return hydrate(value, column) as unknown
    const alone = typeof value === 'string' && column.transformer instanceof UploadedFileTransformer
    return alone ? recall(value, column) : bound(value, column)
  }
  Object.defineProperty(driver, 'prepareHydratedValue', { value: bind, configurable: true })
}

/** Refuses, on the driver of this data source, what was not uploaded when its row is written, and as a criterion. */
export function refuseUnsavedFiles({ driver }: DataSource): void {
  const prepare = driver.preparePersistentValue.bind(driver)
  const refuse: typeof prepare = (value, column) => {
    const prepared: unknown = prepare(value, column)
    if (!(prepared instanceof UnsavedFile)) return prepared
    const name = `${column.entityMetadata.name}.${column.propertyPath}`
    throw new FiledepotError(
      'PENDING_FILE',
      `${name}: the file is still pending when its row is written, because its upload was skipped or undone. Save a new file`,
    )
  }
  Object.defineProperty(driver, 'preparePersistentValue', { value: refuse, configurable: true })

  const escaping = driver as unknown as EscapingDriver
  const escape = escaping.escapeQueryWithParameters.bind(driver)
  const refuseCriteria: typeof escape = (sql, parameters, native) => {
    const escaped = escape(sql, parameters, native)
    if (isUnsaved(escaped[1])) throw pendingCriterion()
    return escaped
  }
  Object.defineProperty(driver, 'escapeQueryWithParameters', { value: refuseCriteria, configurable: true })
}

/** A loop, which is quick: all parameters of all statements come by here. */
function isUnsaved(parameter: unknown): boolean {
  if (typeof parameter === 'function') return parameter instanceof UnsavedFile
  if (!Array.isArray(parameter)) return false
  for (const one of parameter) if (isUnsaved(one)) return true
  return false
}

function bindTo(depot: DepotManager, file: unknown, column: ColumnMetadata): void {
  if (!(file instanceof UploadedFile)) return
  bindManager(file, depot)
  if (isBroken(file)) locate(file, placeOf(column))
}
