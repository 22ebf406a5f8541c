import type { EntityMetadata, ObjectLiteral, QueryBuilder, QueryRunner } from 'typeorm'

/** A query builder that writes, with what its types keep to themselves. */
export interface WriteBuilder {
  readonly expressionMap: QueryBuilder<ObjectLiteral>['expressionMap']
  queryRunner: QueryRunner | undefined
  execute(): Promise<unknown>
  clone(): WriteBuilder
  getParameters(): ObjectLiteral
  createCteExpression(): string
  createReturningExpression(kind: string): string
  createWhereExpression(): string
  createOrderByExpression?(): string
  createLimitExpression?(): string
  getMainTableName(): string
  getTableName(path: string): string
  replacePropertyNamesForTheWholeQuery(statement: string): string
}

/** The entity that a builder writes; `undefined` where it knows a table only. */
export function metadataOf({ expressionMap }: WriteBuilder): EntityMetadata | undefined {
  return expressionMap.mainAlias?.hasMetadata ? expressionMap.mainAlias.metadata : undefined
}
