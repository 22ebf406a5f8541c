import type { DataSource, QueryRunner } from 'typeorm'

/** Lets `follow` see every query runner of a data source, once, before anybody uses it. */
export function followQueryRunners(dataSource: DataSource, follow: (queryRunner: QueryRunner) => void): void {
  const createQueryRunner = dataSource.createQueryRunner.bind(dataSource)
  // All who ask for one on SQLite's one connection get the same.
  const followed = new WeakSet<QueryRunner>()
  const create: typeof createQueryRunner = (mode) => {
    const queryRunner = createQueryRunner(mode)
    if (!followed.has(queryRunner)) {
      followed.add(queryRunner)
      follow(queryRunner)
    }
    return queryRunner
  }
  Object.defineProperty(dataSource, 'createQueryRunner', { value: create, configurable: true })
}
