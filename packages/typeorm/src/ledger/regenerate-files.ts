import { FiledepotError } from '@filedepot/core'
import type { ChangeReport, RegenerateSettings } from '@filedepot/ledger'
import type { DataSource } from 'typeorm'
import { fileColumnsOf } from '../column/file-column.ts'
import { tablesWithFiles } from '../file-rows.ts'
import { ledgerOf } from './attach-ledger.ts'

/** Options of {@link regenerateFiles}. */
export interface RegenerateColumnOptions extends RegenerateSettings {
  /** The name of the entity. */
  readonly entity: string
  /** Its property; within embedded objects the path, for example `address.plan`. */
  readonly property: string
}

/**
 * Makes the files anew that the upload type and the filters of a column derive from an original, such as thumbnails after their
 * recipe has changed: `Ledger.regenerateFiles`, with what the column says. It needs a ledger. Subscribers are not called.
 *
 * ```ts
 * import { regenerateFiles } from '@filedepot/typeorm'
 * import type { DataSource } from 'typeorm'
 *
 * async function newThumbnails(dataSource: DataSource): Promise<void> {
 *   const { changed } = await regenerateFiles(dataSource, { entity: 'Person', property: 'photo' })
 *   console.log(`${changed} photos have new thumbnails`)
 * }
 * ```
 *
 * @throws MoveIncompleteError `MOVE_INCOMPLETE` if files could not be made; their rows stay as they are
 * @throws FiledepotError `INVALID_ARGUMENT` for a property that is no file column, and for a data source without a ledger;
 *   `LEDGER_INCOMPLETE`, `LEDGER_BUSY`, `ABORTED`
 */
export async function regenerateFiles(
  dataSource: DataSource,
  { entity, property, ...settings }: RegenerateColumnOptions,
): Promise<ChangeReport> {
  const ledger = ledgerOf(dataSource)
  const all = tablesWithFiles(dataSource).flatMap((metadata) =>
    fileColumnsOf(metadata).map((found) => ({
      metadata,
      found,
      name: `${metadata.name}.${found.column.propertyPath}`,
    })),
  )
  const chosen = all.find(({ name }) => name === `${entity}.${property}`)
  if (!chosen) {
    const names = all.map(({ name }) => name).join(', ')
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected entity and property to name a file column, one of ${names}, got ${entity}.${property}`,
    )
  }
  const { schema, tableName: table } = chosen.metadata
  const { settings: of, column } = chosen.found
  return await ledger.regenerateFiles({
    ...settings,
    column: { ...(schema !== undefined && { schema }), table, column: column.databaseName },
    type: of.type,
    filters: of.filters,
  })
}
