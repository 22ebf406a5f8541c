import type { ValuePlace } from '@filedepot/core/integration'
import type { ObjectLiteral } from 'typeorm'
import type { ColumnMetadata } from '../typeorm-internals.ts'

/** The place of a value, for errors. */
export function placeOf(column: ColumnMetadata, entity?: ObjectLiteral): ValuePlace {
  const { entityMetadata, databaseName } = column
  const key = entity && entityMetadata.getEntityIdMap(entity)
  return { table: entityMetadata.tablePath, column: databaseName, key }
}
