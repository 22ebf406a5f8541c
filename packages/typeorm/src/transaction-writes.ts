import { FiledepotError, patiently, TurnsOnOneConnection } from '@filedepot/core'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'

/** What writes rows, with an entity manager or a repository. */
const METHODS = [
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

/** The writes of one transaction. */
class Writes {
  readonly turns = new TurnsOnOneConnection()
  readonly #running = new Set<Promise<unknown>>()
  #isOver = false

  async run<T>(write: () => Promise<T>): Promise<T> {
    const running = this.turns.run(() => {
      if (this.#isOver) throw tooLate()
      return write()
    }, true)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Waits for those that were called for; not where one of them asks. */
  async settled(): Promise<void> {
    if (this.turns.isInside) return
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  /** Refuses those whose turn has not come. */
  end(): void {
    this.#isOver = true
  }
}

/** Kept in the query runner, as it is asked for at the begin and the end of each transaction. */
const WRITES = Symbol('filedepot.writes')

type FollowedRunner = QueryRunner & { [WRITES]?: Writes | undefined }

/**
 * Lets the writes of one transaction follow each other, however they were called, and its end wait for them.
 *
 * TypeORM sends the ROLLBACK as soon as the callback of a transaction rejects. With `Promise.all` others are on their way
 * then: what is left of them would commit itself, with files that the rollback has removed. The same where MySQL ends the
 * transaction for the victim of a deadlock.
 */
export class TransactionWrites {
  readonly #maxWait: number

  /** @param maxWait for how long the end of a transaction waits for writes that nobody has waited for, in milliseconds */
  constructor(maxWait: number) {
    this.#maxWait = maxWait
  }

  /** Makes the entity managers of query runners such that their writes wait for each other. */
  follow(dataSource: DataSource): void {
    const Followed = this.#followed(dataSource.manager.constructor as ManagerClass)
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

  /** True where there have been writes since the transaction began. */
  isFollowed(queryRunner: FollowedRunner): boolean {
    return queryRunner[WRITES] !== undefined
  }

  /** A transaction, or a savepoint, is about to begin, to be committed, or to be released. */
  settled(queryRunner: FollowedRunner): Promise<void> | undefined {
    const { [WRITES]: writes } = queryRunner
    return writes && patiently(this.#maxWait, writes.settled())
  }

  /** The same before a rollback: of a whole transaction, nothing more is begun. */
  rollingBack(queryRunner: FollowedRunner, { whole }: { whole: boolean }): Promise<void> | undefined {
    const { [WRITES]: writes } = queryRunner
    if (!writes) return undefined
    if (whole) this.ended(queryRunner)
    return patiently(this.#maxWait, writes.settled())
  }

  /** The transaction is over. What has not begun yet is refused. */
  ended(queryRunner: FollowedRunner): void {
    queryRunner[WRITES]?.end()
    queryRunner[WRITES] = undefined
  }

  #followed(Original: ManagerClass): ManagerClass {
    const Followed = class extends Original {}
    const prototype = Original.prototype as unknown as Record<string, Method | undefined>
    for (const name of METHODS) {
      const method = prototype[name]
      if (!method) continue
      const value: Method = function (...args) {
        const { queryRunner } = this
        const write = () => method.apply(this, args)
        return queryRunner?.isTransactionActive ? writesOf(queryRunner).run(write) : write()
      }
      Object.defineProperty(Followed.prototype, name, { value, configurable: true, writable: true })
    }
    return Followed
  }
}

function writesOf(queryRunner: FollowedRunner): Writes {
  return (queryRunner[WRITES] ??= new Writes())
}

function tooLate(): FiledepotError {
  return new FiledepotError('TRANSACTION_SETTLED', 'the transaction has ended: this write came too late')
}
