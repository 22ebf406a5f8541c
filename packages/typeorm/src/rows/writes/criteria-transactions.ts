import { hasCode } from '@filedepot/core'
import type { DataSource, ObjectLiteral, QueryRunner } from 'typeorm'
import { type WriteBuilder, familyOf, metadataOf } from '../../typeorm-internals.ts'
import { isDeadlock } from '../transaction/database-errors.ts'
import { inTransaction } from '../transaction/in-transaction.ts'
import type { InTurn } from '../transaction/connection-turns.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'

type Action = (queryRunner: QueryRunner) => Promise<unknown>

/**
 * How often a statement is tried where others keep on writing rows between its look at them and its change. That look
 * locks, and can bring about a deadlock that the bare statement would not have.
 */
const TRIES = 3

/** Runs query builders in the transaction that is open, or in one of their own, as TypeORM does it for `save`. */
export class BuilderTransactions {
  readonly #dataSource: DataSource
  readonly #inTurn: InTurn

  readonly #writes: TransactionWrites

  constructor(dataSource: DataSource, { inTurn, writes }: { inTurn: InTurn; writes: TransactionWrites }) {
    this.#dataSource = dataSource
    this.#inTurn = inTurn
    this.#writes = writes
  }

  run(builder: WriteBuilder, action: Action): Promise<unknown> {
    const given = builder.queryRunner
    if (!given) return this.#runAlone(builder, action)
    return this.#writes.run(given, () =>
      given.isTransactionActive ? action(given) : this.#runAlone(builder, action),
    )
  }

  #runAlone(builder: WriteBuilder, action: Action): Promise<unknown> {
    const given = builder.queryRunner
    return this.#inTurn(metadataOf(builder)?.target, async () => {
      const queryRunner = given ?? this.#dataSource.createQueryRunner('master')
      builder.queryRunner = queryRunner
      try {
        return await this.#try(builder, queryRunner, action)
      } finally {
        builder.queryRunner = given
        if (!given) await queryRunner.release()
      }
    })
  }

  async #try(builder: WriteBuilder, queryRunner: QueryRunner, action: Action): Promise<unknown> {
    const family = familyOf(this.#dataSource)
    const restore = remember([builder.expressionMap.valuesSet ?? []].flat())
    for (let left = TRIES - 1; ; left--) {
      try {
        return await inTransaction(queryRunner, action)
      } catch (error) {
        const again = (hasCode(error, 'CONCURRENT_CHANGE') || isDeadlock(family, error)) && left > 0
        if (!again || queryRunner.isTransactionActive) throw error
        restore()
      }
    }
  }
}

/** An INSERT puts what the database has generated into its values: it would not be the same the second time. */
function remember(values: readonly ObjectLiteral[]): () => void {
  const before = values.map((value) => new Set(Object.keys(value)))
  return () => {
    values.forEach((value, index) => {
      for (const name of Object.keys(value))
        if (!before[index]?.has(name)) Reflect.deleteProperty(value, name)
    })
  }
}
