import type { QueryRunner } from 'typeorm'
import { dataSourceOf, familyOf, isOverOnSqlite } from '../../typeorm-internals.ts'
import { readerOf } from '../reading/row-reader.ts'

/**
 * Asks the database whether the transaction that TypeORM believes in is open and can be committed. Resolves with
 * `undefined` where it cannot say, and rejects where the database has aborted the transaction and says so.
 */
export async function isTransactionOpen(queryRunner: QueryRunner): Promise<boolean | undefined> {
  switch (familyOf(dataSourceOf(queryRunner))) {
    case 'sqlite':
      return !isOverOnSqlite(queryRunner)
    case 'postgres':
      await readerOf(queryRunner).query(['SELECT 1', []])
      return true
    case 'mysql':
      return await isOpenOnMariaDB(queryRunner)
    default:
      return undefined
  }
}

/** MySQL has no such variable. */
async function isOpenOnMariaDB(queryRunner: QueryRunner): Promise<boolean | undefined> {
  try {
    const [row] = await readerOf(queryRunner).query(['SELECT @@in_transaction AS open', []])
    return Number(row?.open) === 1
  } catch {
    return undefined
  }
}
