import type { DataSource, QueryRunner } from 'typeorm'
import { checkQueryRunner } from '../../typeorm-internals.ts'

/** Lets `follow` see every query runner of a data source, once, before anybody uses it. */
export function followQueryRunners(dataSource: DataSource, follow: (queryRunner: QueryRunner) => void): void {
  const createQueryRunner = dataSource.createQueryRunner.bind(dataSource)
  // All who ask for one on SQLite's one connection get the same.
  let isChecked = false
  const followed = new WeakSet<QueryRunner>()
  const create: typeof createQueryRunner = (mode) => {
    const queryRunner = createQueryRunner(mode)
    if (!followed.has(queryRunner)) {
      if (!isChecked) checkQueryRunner(queryRunner)
      isChecked = true
      followed.add(queryRunner)
      follow(queryRunner)
    }
    return queryRunner
  }
  Object.defineProperty(dataSource, 'createQueryRunner', { value: create, configurable: true })
}

/** Has `release()` of a query runner run by an action, which is given what TypeORM does. */
export function watchRelease(
  queryRunner: QueryRunner,
  action: (release: () => Promise<void>) => Promise<void>,
): void {
  const release = queryRunner.release.bind(queryRunner)
  queryRunner.release = () => action(release)
}
