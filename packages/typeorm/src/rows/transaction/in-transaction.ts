import type { QueryRunner } from 'typeorm'

/** Runs an action in the transaction of a query runner, or in one of its own, as TypeORM does it for `save`. */
export async function inTransaction<T>(
  queryRunner: QueryRunner,
  action: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  // The one connection of SQLite may be in a transaction, which this write then joins.
  const own = !queryRunner.isTransactionActive
  try {
    if (own) await queryRunner.startTransaction()
    const result = await action(queryRunner)
    if (own) await queryRunner.commitTransaction()
    return result
  } catch (error) {
    if (own) await queryRunner.rollbackTransaction().catch(() => undefined)
    throw error
  }
}
