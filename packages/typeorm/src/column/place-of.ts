import type { ValuePlace } from '@filedepot/core/integration'
import type { ObjectLiteral } from 'typeorm'
import type { ColumnMetadata } from '../typeorm-internals.ts'

/** Where a value stands, for errors. */
export function placeOf(column: ColumnMetadata, entity?: ObjectLiteral): ValuePlace {
  const { entityMetadata, databaseName } = column
  const key = entity && entityMetadata.getEntityIdMap(entity)
  return { table: entityMetadata.tablePath, column: databaseName, key }
}
