import type { SqlFamily } from '@filedepot/core'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'

/** The data source of a query runner or a manager, which TypeORM 0.3 knows as its connection. */
export function dataSourceOf(owner: QueryRunner | EntityManager): DataSource {
  const either = owner as { dataSource?: DataSource; connection?: DataSource }
  const found = either.dataSource ?? either.connection
  if (!found)
    throw new TypeError('expected a query runner or a manager of TypeORM 0.3 or 1, which has a data source')
  return found
}

const FAMILIES: Readonly<Record<string, SqlFamily>> = {
  postgres: 'postgres',
  cockroachdb: 'postgres',
  'aurora-postgres': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
  'better-sqlite3': 'sqlite',
  sqlite: 'sqlite',
  sqljs: 'sqlite',
  expo: 'sqlite',
  capacitor: 'sqlite',
  cordova: 'sqlite',
  'react-native': 'sqlite',
  nativescript: 'sqlite',
}

export function familyOf({ options }: DataSource): SqlFamily {
  return FAMILIES[options.type] ?? 'other'
}
