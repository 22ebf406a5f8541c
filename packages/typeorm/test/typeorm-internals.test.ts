import 'reflect-metadata'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DataSource } from 'typeorm'
import {
  checkDataSource,
  checkQueryRunner,
  dataSourceOf,
  depthOf,
  isConnectionLost,
  isOverOnSqlite,
  metadataOf,
  savepointsOf,
  singleRunnerOf,
  type WriteBuilder,
} from '../src/typeorm-internals.ts'
import { Document } from './entities/document.ts'
import { Receipt } from './entities/receipt.ts'

let dataSource: DataSource

beforeEach(async () => {
  dataSource = await new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Document, Receipt],
    synchronize: true,
  }).initialize()
})

afterEach(() => dataSource.destroy())

function newDepot(): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  return depot
}

/** What is pinned here may change with any version of TypeORM, without notice. */
describe('of TypeORM we use, without its leave,', () => {
  it('all that is looked for when a depot is attached', () => {
    const check = () => {
      checkDataSource(dataSource)
      checkQueryRunner(dataSource.createQueryRunner())
    }

    expect(check).not.toThrow()
  })

  it('how deep a query runner is in transactions and savepoints', async () => {
    const queryRunner = dataSource.createQueryRunner()
    const depths = [[depthOf(queryRunner), savepointsOf(queryRunner), isOverOnSqlite(queryRunner)]]
    await queryRunner.startTransaction()
    depths.push([depthOf(queryRunner), savepointsOf(queryRunner), isOverOnSqlite(queryRunner)])
    await queryRunner.startTransaction()
    depths.push([depthOf(queryRunner), savepointsOf(queryRunner), isOverOnSqlite(queryRunner)])
    await queryRunner.rollbackTransaction()
    await queryRunner.rollbackTransaction()

    expect(depths).toEqual([
      [0, 0, true],
      [1, 0, false],
      [2, 1, false],
    ])
  })

  it('the one query runner of SQLite, and its data source', () => {
    const queryRunner = dataSource.createQueryRunner()

    expect(singleRunnerOf(dataSource)).toBe(queryRunner)
    expect(dataSourceOf(queryRunner)).toBe(dataSource)
    expect(dataSourceOf(dataSource.manager)).toBe(dataSource)
    expect(isConnectionLost(queryRunner)).toBe(false)
  })

  it('the parts of the statement of a query builder', () => {
    const builder = dataSource.createQueryBuilder().delete().from(Document).where('id = :id', { id: 7 })
    const parts = builder as unknown as WriteBuilder

    expect(metadataOf(parts)?.name).toBe('Document')
    expect(parts.getMainTableName()).toBe('document')
    expect(parts.getTableName('document')).toBe('"document"')
    expect(parts.createCteExpression()).toBe('')
    expect(parts.createWhereExpression()).toBe(' WHERE id = :id')
    expect(parts.createReturningExpression('delete')).toBe('')
    expect(parts.getParameters()).toMatchObject({ id: 7 })
  })
})

describe('a version of TypeORM that lacks something of it', () => {
  it('is refused when a depot is attached, with the versions that work', () => {
    const changed = new DataSource({ type: 'better-sqlite3', database: ':memory:' })
    Object.defineProperty(changed, 'createEntityManager', { value: undefined })
    const attaching = () => attachDepot(changed, newDepot())

    expect(attaching).toThrow(
      expect.objectContaining({
        code: 'NOT_SUPPORTED',
        message:
          'This version of TypeORM does not have "createEntityManager" of a data source, which @filedepot/typeorm needs: use ' +
          'TypeORM 0.3.31 or a later 0.3, or 1.1 or a later 1',
      }),
    )
  })

  it('is refused when it makes a query runner', () => {
    const changed = new DataSource({ type: 'better-sqlite3', database: ':memory:' })
    const createQueryRunner = changed.createQueryRunner.bind(changed)
    Object.defineProperty(changed, 'createQueryRunner', {
      value: () => Object.assign(createQueryRunner(), { transactionDepth: undefined }),
      configurable: true,
    })
    attachDepot(changed, newDepot())

    expect(() => changed.createQueryRunner()).toThrow(
      expect.objectContaining({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('"transactionDepth" of a query runner') as unknown,
      }),
    )
  })
})
