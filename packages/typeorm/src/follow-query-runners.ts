import type { DataSource, QueryRunner } from 'typeorm'

/**
 * Lets `follow` see every query runner of a data source before anybody uses it; the one of SQLite's one connection each
 * time that somebody asks for it.
 */
export function followQueryRunners(dataSource: DataSource, follow: (queryRunner: QueryRunner) => void): void {
  const createQueryRunner = dataSource.createQueryRunner.bind(dataSource)
  const create: typeof createQueryRunner = (mode) => {
    const queryRunner = createQueryRunner(mode)
    follow(queryRunner)
    return queryRunner
  }
  Object.defineProperty(dataSource, 'createQueryRunner', { value: create, configurable: true })
}
