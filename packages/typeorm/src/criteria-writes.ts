import { FiledepotError } from '@filedepot/core'
import {
  UpdateResult,
  type DataSource,
  type EntityMetadata,
  type ObjectLiteral,
  type QueryRunner,
} from 'typeorm'
import { reachesFiles } from './database-cascades.ts'
import type { EntityFiles } from './entity-files.ts'
import { fileColumnsOf } from './file-column.ts'
import { pathsIn, readAffectedRows, readRowFiles, readRowsBy, type RowFiles } from './row-files.ts'
import type { RunnerTransactions } from './runner-transactions.ts'
import type { InTurn } from './single-connection.ts'
import { metadataOf, type WriteBuilder } from './write-builder.ts'

type Execute = () => Promise<unknown>

/** A write of a query builder, on the query runner of its transaction. */
interface Write {
  readonly builder: WriteBuilder
  readonly execute: Execute
  readonly metadata: EntityMetadata
  readonly queryRunner: QueryRunner
}

/**
 * Writes by criteria: `delete(…)`, `update(…)`, `insert(…)` and `upsert(…)` of repositories and managers, and their
 * query builders. They run in a transaction. The rows that they touch are read and locked first, as no event of TypeORM
 * says which these are.
 */
export class CriteriaWrites {
  readonly #dataSource: DataSource
  readonly #transactions: RunnerTransactions
  readonly #files: EntityFiles
  readonly #inTurn: InTurn

  constructor(
    dataSource: DataSource,
    parts: { transactions: RunnerTransactions; files: EntityFiles; inTurn: InTurn },
  ) {
    this.#dataSource = dataSource
    this.#transactions = parts.transactions
    this.#files = parts.files
    this.#inTurn = parts.inTurn
  }

  /** Runs a query builder; at once where it touches no file. */
  run(builder: WriteBuilder, execute: Execute): Promise<unknown> {
    const metadata = metadataOf(builder)
    const { callListeners, queryType, valuesSet } = builder.expressionMap
    // Without listeners it is TypeORM's own, a part of save() or remove(), or wants to be left alone.
    if (!metadata || !callListeners || !reachesFiles(this.#dataSource, metadata)) return execute()

    const within = (action: (write: Write) => Promise<unknown>) =>
      this.#inTransaction(builder, (queryRunner) => action({ builder, execute, metadata, queryRunner }))
    if (queryType === 'delete') return within((write) => this.#delete(write))
    const values = [valuesSet ?? []].flat()
    if (!fileColumnsOf(metadata).some((column) => values.some((value) => column.get(value) !== undefined))) {
      return execute()
    }
    if (queryType === 'update') return within((write) => this.#update(write, values))
    if (queryType === 'insert') return within((write) => this.#insert(write, values))
    return execute()
  }

  async #delete(write: Write): Promise<unknown> {
    const { builder, metadata, queryRunner } = write
    const transaction = this.#transactions.of(queryRunner)
    const rows = await readAffectedRows(queryRunner, metadata, builder)
    await this.#files.remove(transaction, { queryRunner, metadata, rows }, builder)
    const result = await this.#execute(write)
    await this.#confirm(write, builder, result, rows.length)
    return result
  }

  async #update(write: Write, [values = {}]: ObjectLiteral[]): Promise<unknown> {
    const { builder, metadata, queryRunner } = write
    const columns = fileColumnsOf(metadata).filter(({ column }) => column.isUpdate)
    const changed = columns.filter((column) => column.get(values) !== undefined)
    const rows = await readAffectedRows(queryRunner, metadata, builder)
    if (changed.some((column) => typeof column.get(values) === 'function'))
      return await this.#compare(write, rows)

    const gives = changed.some((column) => column.list(column.get(values)).length > 0)
    if (gives && rows.length > 1) throw severalRows(metadata, rows.length)
    // Nothing is uploaded for nobody; and a row that comes in meanwhile is one that came too late.
    if (gives && rows.length === 0)
      return Object.assign(new UpdateResult(), { raw: [], affected: 0, generatedMaps: [] })

    const transaction = this.#transactions.of(queryRunner)
    for (const row of rows) {
      await this.#files.update(transaction, { queryRunner, metadata, row }, values, changed)
    }
    const result = await this.#execute(write)
    await this.#confirm(write, values, result, rows.length)
    return result
  }

  async #insert(write: Write, values: ObjectLiteral[]): Promise<unknown> {
    const { builder, execute, queryRunner } = write
    const { onIgnore, onUpdate } = builder.expressionMap as {
      onIgnore?: unknown
      onUpdate?: { conflict?: unknown }
    }
    // Of a plain INSERT the events say all.
    if (!onIgnore && !onUpdate) return await execute()

    const before = onUpdate ? await this.#conflicting(write, values, onUpdate.conflict) : []
    const result = await this.#compare(write, before)
    const { claims } = this.#transactions.of(queryRunner)
    for (const value of values) await claims.verify(value, queryRunner)
    return result
  }

  /** The rows that an upsert is going to overwrite: those that have the values of one of them in a unique key. */
  async #conflicting(
    { metadata, queryRunner }: Write,
    values: readonly ObjectLiteral[],
    conflict: unknown,
  ): Promise<RowFiles[]> {
    const keys = Array.isArray(conflict)
      ? [metadata.columns.filter(({ databaseName }) => conflict.includes(databaseName))]
      : uniqueKeysOf(metadata)
    const rows: RowFiles[] = []
    for (const key of keys) {
      for (const value of values) {
        if (key.some((column) => (column.getEntityValue(value) ?? null) === null)) continue
        rows.push(...(await readRowsBy(queryRunner, metadata, key, value)))
      }
    }
    return rows
  }

  /** Runs the statement, and lets the rows give up what they do not hold any more. */
  async #compare(write: Write, rows: readonly RowFiles[]): Promise<unknown> {
    const { metadata, queryRunner } = write
    const result = await this.#execute(write)
    const { files } = this.#transactions.of(queryRunner)
    for (const row of rows) {
      const after = await readRowFiles(queryRunner, metadata, row.key)
      const kept = new Set(after ? pathsIn(after) : [])
      files.discard(pathsIn(row).filter((path) => !kept.has(path)))
    }
    return result
  }

  /** A trigger of the database may have kept some of the rows as they were; then each is looked at. */
  async #confirm({ queryRunner }: Write, subject: unknown, result: unknown, rows: number): Promise<void> {
    const { claims } = this.#transactions.of(queryRunner)
    if ((result as { affected?: number | null }).affected === rows) claims.confirm(subject)
    else await claims.verify(subject, queryRunner)
  }

  #execute({ execute, queryRunner }: Write): Promise<unknown> {
    return this.#transactions.follow(queryRunner, execute)
  }

  /** Runs the action in the builder's transaction, or in one of its own, as TypeORM does it for `save`. */
  #inTransaction(
    builder: WriteBuilder,
    action: (queryRunner: QueryRunner) => Promise<unknown>,
  ): Promise<unknown> {
    const given = builder.queryRunner
    if (given?.isTransactionActive) return action(given)
    return this.#inTurn(async () => {
      const queryRunner = given ?? this.#dataSource.createQueryRunner('master')
      // The one connection of SQLite may be in a transaction, which this write then joins.
      const own = !queryRunner.isTransactionActive
      builder.queryRunner = queryRunner
      try {
        if (own) await queryRunner.startTransaction()
        const result = await action(queryRunner)
        if (own) await queryRunner.commitTransaction()
        return result
      } catch (error) {
        if (own) await queryRunner.rollbackTransaction().catch(() => undefined)
        throw error
      } finally {
        builder.queryRunner = given
        if (!given) await queryRunner.release()
      }
    })
  }
}

type Key = readonly EntityMetadata['columns'][number][]

function uniqueKeysOf(metadata: EntityMetadata): Key[] {
  const indices = metadata.indices.filter(({ isUnique }) => isUnique)
  return [metadata.primaryColumns, ...[...metadata.uniques, ...indices].map(({ columns }) => columns)]
}

function severalRows({ name }: EntityMetadata, count: number): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `this update would give one file to ${count} rows of ${name}, and a file belongs to one row: ` +
      'load the entities, give each its own, and save them',
  )
}
