import type { QueryRunner } from 'typeorm'
import type { TableClears } from '../writes/table-clears.ts'

type ClearTable = QueryRunner['clearTable']

/**
 * Follows `clear()` of repositories and managers. It sends its statement past all events and query builders, so it is met at the
 * query runner.
 */
export function followTableClears(clears: TableClears): (queryRunner: QueryRunner) => void {
  const clearTable: ClearTable = function (this: QueryRunner, ...args) {
    const original = Object.getPrototypeOf(this) as { clearTable: ClearTable }
    return clears.run(this, args, () => original.clearTable.apply(this, args))
  }
  return (queryRunner) => {
    queryRunner.clearTable = clearTable
  }
}
