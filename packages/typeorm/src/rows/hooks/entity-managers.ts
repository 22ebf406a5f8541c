import type { DataSource, EntityManager, QueryRunner } from 'typeorm'
import type { ConnectionTurns } from '../transaction/connection-turns.ts'
import type { RunnerEnds } from '../transaction/transaction-ends.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'

/** What writes rows, with an entity manager or a repository. */
const WRITES = [
  'save',
  'remove',
  'softRemove',
  'recover',
  'insert',
  'update',
  'updateAll',
  'upsert',
  'delete',
  'deleteAll',
  'softDelete',
  'restore',
  'increment',
  'decrement',
  'clear',
] as const

type Method = (this: EntityManager, ...args: unknown[]) => Promise<unknown>
type ManagerClass = new (dataSource: DataSource, queryRunner: QueryRunner) => EntityManager

/** What begins a transaction of its own, and has entities for its arguments. */
const SAVES = ['save', 'remove', 'softRemove', 'recover'] as const

/** Lets `dataSource.transaction()` mark the query runner that it makes: after that transaction, it is released. */
export function markTransactions({ manager }: DataSource, ends: RunnerEnds): void {
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>
  const value = (...args: unknown[]) => ends.whileOpening(() => transaction(...args))
  Object.defineProperty(manager, 'transaction', { value, configurable: true })
}

/** Lets what begins a transaction by the manager of the data source wait for its turn, on a database with one connection. */
export function followManager({ manager }: DataSource, connection: ConnectionTurns): void {
  if (!connection.hasTurns) return
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>
  const value = (...args: unknown[]) => connection.runTransaction(() => transaction(...args))
  Object.defineProperty(manager, 'transaction', { value, configurable: true })
  for (const name of SAVES) {
    const method = manager[name].bind(manager) as (...args: unknown[]) => Promise<unknown>
    const save = (...args: unknown[]) => connection.runSave(args[0], () => method(...args))
    Object.defineProperty(manager, name, { value: save, configurable: true })
  }
}

/** Makes the entity managers of query runners such that their writes wait for each other. */
export function followManagersOfRunners(dataSource: DataSource, writes: TransactionWrites): void {
  const Followed = followed(dataSource.manager.constructor as ManagerClass, writes)
  const createEntityManager = dataSource.createEntityManager.bind(dataSource)
  const create: typeof createEntityManager = (queryRunner) => {
    if (!queryRunner) return createEntityManager()
    // TypeORM asks for another one with each use of SQLite's one query runner.
    const { manager } = queryRunner as Partial<QueryRunner>
    const isItsOwn = manager instanceof Followed && manager.queryRunner === queryRunner
    return isItsOwn ? manager : new Followed(dataSource, queryRunner)
  }
  Object.defineProperty(dataSource, 'createEntityManager', { value: create, configurable: true })
}

function followed(Original: ManagerClass, writes: TransactionWrites): ManagerClass {
  const Followed = class extends Original {}
  const prototype = Original.prototype as unknown as Record<string, Method | undefined>
  for (const name of WRITES) {
    const method = prototype[name]
    if (!method) continue
    const value: Method = function (...args) {
      const { queryRunner } = this
      const write = () => method.apply(this, args)
      return queryRunner ? writes.runOfRunner(queryRunner, write) : write()
    }
    Object.defineProperty(Followed.prototype, name, { value, configurable: true, writable: true })
  }
  const { transaction } = prototype as { transaction: Method }
  const value: Method = function (...args) {
    const { queryRunner } = this
    const begin = () => transaction.apply(this, args)
    return queryRunner ? writes.runNested(queryRunner, begin) : begin()
  }
  Object.defineProperty(Followed.prototype, 'transaction', { value, configurable: true, writable: true })
  return Followed
}
