import { FiledepotError } from '@filedepot/core'
import { isUploadedFile } from '@filedepot/core/integration'
import {
  UpdateResult,
  type DataSource,
  type EntityMetadata,
  type ObjectLiteral,
  type QueryRunner,
} from 'typeorm'
import { BuilderTransactions } from './criteria-transactions.ts'
import { readConflictingRows } from '../reading/conflicting-rows.ts'
import { reachesFiles } from '../reading/foreign-keys.ts'
import type { EntityFiles } from './row-file-changes.ts'
import { fileColumnsOf, type FileColumn } from '../../column/file-column.ts'
import { noteOverwritten, type AddToReturning } from '../reading/overwritten-rows.ts'
import { concurrentChange, expressionGivesFiles, selectGivesFiles, severalRows } from '../refusals.ts'
import { keyOf, pathsIn, type RowFiles } from '../reading/row-files.ts'
import { readerOf } from '../reading/row-reader.ts'
import type { RunnerTransactions } from '../transaction/transactions.ts'
import type { InTurn } from '../transaction/connection-turns.ts'
import type { TransactionWrites } from '../transaction/transaction-writes.ts'
import { metadataOf, type WriteBuilder } from '../../typeorm-internals.ts'

type Execute = () => Promise<unknown>

/** A write of a query builder, on the query runner of its transaction. */
interface Write {
  readonly builder: WriteBuilder
  readonly execute: Execute
  readonly metadata: EntityMetadata
  readonly queryRunner: QueryRunner
}

/** What {@link CriteriaWrites} is made of. */
export interface CriteriaParts {
  readonly transactions: RunnerTransactions
  readonly files: EntityFiles
  readonly inTurn: InTurn
  readonly writes: TransactionWrites
  readonly addToReturning: AddToReturning
}

/**
 * Writes by criteria: `delete(…)`, `update(…)`, `insert(…)` and `upsert(…)` of repositories and managers, and their
 * query builders. They run in a transaction. The rows that they touch are read and locked first, as no event of TypeORM
 * says which these are.
 *
 * TypeORM itself writes by query builders, too, without listeners. If hooks have prepared the rows, the statement
 * runs as it is; else, as after `save(…, { listeners: false })`, it is followed like those of everybody.
 */
export class CriteriaWrites {
  readonly #dataSource: DataSource
  readonly #transactions: RunnerTransactions
  readonly #files: EntityFiles
  readonly #writes: TransactionWrites
  readonly #addToReturning: AddToReturning
  readonly #builders: BuilderTransactions

  constructor(dataSource: DataSource, parts: CriteriaParts) {
    this.#dataSource = dataSource
    this.#transactions = parts.transactions
    this.#files = parts.files
    this.#writes = parts.writes
    this.#addToReturning = parts.addToReturning
    this.#builders = new BuilderTransactions(dataSource, parts)
  }

  /** Runs a query builder; at once where it touches no file. */
  run(builder: WriteBuilder, execute: Execute): Promise<unknown> {
    const metadata = metadataOf(builder)
    // Every write of the data source comes by here, and entities without files are not to pay for it.
    const reaches = metadata && metadata.tableType !== 'view' && reachesFiles(this.#dataSource, metadata)
    if (!reaches) return execute()
    try {
      const { queryRunner } = builder
      // TypeORM's own are a part of a save.
      if (!queryRunner || !builder.expressionMap.callListeners) return this.#run(builder, execute, metadata)
      return this.#writes.runOfRunner(queryRunner, () => this.#run(builder, execute, metadata))
    } catch (error) {
      if (error instanceof FiledepotError) return Promise.reject(error)
      throw error
    }
  }

  /** No promise of its own where no file is written, and so nothing to pay. @throws where the statement is refused */
  #run(builder: WriteBuilder, execute: Execute, metadata: EntityMetadata): Promise<unknown> {
    const { queryType } = builder.expressionMap
    const { queryRunner } = builder
    const prepared = queryRunner !== undefined && this.#isPrepared(builder, metadata, queryRunner)
    if (queryType === 'delete') {
      if (prepared) return this.#deletePrepared({ builder, execute, metadata, queryRunner })
      return this.#within(builder, execute, metadata, (write) => this.#delete(write))
    }
    if (prepared || (queryType !== 'update' && queryType !== 'insert')) return execute()
    const values = valuesOf(builder)
    if (!writesFiles(builder, metadata, values)) return execute()
    return this.#within(builder, execute, metadata, (write) =>
      queryType === 'update' ? this.#update(write, values) : this.#insert(write, values),
    )
  }

  #isPrepared(builder: WriteBuilder, metadata: EntityMetadata, queryRunner: QueryRunner): boolean {
    const { callListeners, queryType } = builder.expressionMap
    const kind = queryType === 'delete' ? 'remove' : queryType
    if (callListeners || (kind !== 'insert' && kind !== 'update' && kind !== 'remove')) return false
    return this.#transactions.expects(queryRunner, metadata, kind)
  }

  #within(
    builder: WriteBuilder,
    execute: Execute,
    metadata: EntityMetadata,
    action: (write: Write) => Promise<unknown>,
  ): Promise<unknown> {
    return this.#builders.run(builder, (queryRunner) => action({ builder, execute, metadata, queryRunner }))
  }

  async #deletePrepared({ execute, metadata, queryRunner }: Write): Promise<unknown> {
    const result = await execute()
    const affected = affectedBy(result)
    const claims = this.#transactions.get(queryRunner)?.claims
    if (claims && typeof affected === 'number' && affected > claims.removed(metadata, affected)) {
      throw this.#refuse({ metadata, queryRunner }, 'remove')
    }
    return result
  }

  async #delete(write: Write): Promise<unknown> {
    const { builder, metadata, queryRunner } = write
    const transaction = await this.#transactions.enter(queryRunner)
    const rows = await readerOf(queryRunner).readAffected(metadata, builder)
    await this.#files.remove(transaction, { queryRunner, metadata, rows }, builder)
    const result = await this.#execute(write)
    await this.#confirm(write, builder, result, rows.length)
    return result
  }

  async #update(write: Write, [values = {}]: readonly ObjectLiteral[]): Promise<unknown> {
    const { builder, metadata, queryRunner } = write
    const transaction = await this.#transactions.enter(queryRunner)
    const changed = fileColumnsOf(metadata).filter(
      (column) => column.column.isUpdate && column.get(values) !== undefined,
    )
    const byExpression = changed.filter((column) => typeof column.get(values) === 'function')
    const byValue = changed.filter((column) => !byExpression.includes(column))
    const rows = await readerOf(queryRunner).readAffected(metadata, builder)

    const gives = byValue.some((column) => column.list(column.get(values)).length > 0)
    if (gives && rows.length > 1) throw severalRows(metadata, rows.length)
    // Nothing is uploaded for nobody; and a row that comes in meanwhile is one that came too late.
    if (gives && rows.length === 0)
      return Object.assign(new UpdateResult(), { raw: [], affected: 0, generatedMaps: [] })

    for (const row of rows) {
      // Some update a row with its entity; one and the same object may also be set in several rows, one by one.
      const isEntity = keyOf(metadata, row.key) === keyOf(metadata, values)
      const change = { metadata, key: row.key, row, isEntity }
      await this.#files.update(transaction, change, values, byValue)
    }
    const result = await this.#execute(write)
    await this.#confirm(write, values, result, rows.length)
    const foreign = await this.#giveUp(write, rows, byExpression)
    if (foreign.length > 0) {
      const error = expressionGivesFiles(metadata, foreign)
      transaction.refuse(error)
      throw error
    }
    return result
  }

  async #insert(write: Write, values: readonly ObjectLiteral[]): Promise<unknown> {
    const { builder, execute, metadata, queryRunner } = write
    const { callListeners, onIgnore, onUpdate } = builder.expressionMap as InsertMap
    const transaction = await this.#transactions.enter(queryRunner)
    if (!callListeners) {
      await Promise.all(values.map(async (value) => this.#files.insert(transaction, metadata, value)))
    }
    // Of a plain INSERT the events say all.
    if (!onIgnore && !onUpdate && callListeners) return await execute()

    const before = onUpdate ? await readConflictingRows(write, values, onUpdate.conflict) : undefined
    const readOverwritten = before && (await noteOverwritten(write, queryRunner, this.#addToReturning))
    const result = await this.#execute(write)
    const overwritten = readOverwritten?.(result)
    if (before && (await before.haveOthersWritten(insertedBy(result), overwritten)))
      throw this.#refuse(write, 'upsert')
    await this.#giveUp(write, before?.rows ?? [], fileColumnsOf(metadata))
    await Promise.all(values.map((value) => transaction.claims.verify(value, queryRunner)))
    return result
  }

  /**
   * The rows give up what they do not hold any more. Resolves with the paths that they have got in these columns from
   * elsewhere.
   */
  async #giveUp(
    { metadata, queryRunner }: Write,
    rows: readonly RowFiles[],
    columns: readonly FileColumn[],
  ): Promise<string[]> {
    if (columns.length === 0) return []
    const reader = readerOf(queryRunner)
    const { files } = await this.#transactions.enter(queryRunner)
    const foreign = rows.map(async (before) => {
      const after = await reader.read(metadata, before.key)
      const had = new Set(pathsIn(before))
      if (after) {
        const has = new Set(pathsIn(after))
        files.discard([...had].filter((path) => !has.has(path)))
        return pathsIn(after, columns).filter((path) => !had.has(path))
      }
      // The statement may have changed the key of the row.
      for (const column of columns) {
        const text = before.texts.get(column)
        if (text === null || (await reader.holdsText(column, text))) continue
        files.discard(column.parse(text).flatMap(({ files: paths }) => paths))
      }
      return []
    })
    return (await Promise.all(foreign)).flat()
  }

  /** A trigger of the database may have kept some of the rows as they were; then each is looked at. */
  async #confirm(write: Write, subject: unknown, result: unknown, rows: number): Promise<void> {
    const { claims } = await this.#transactions.enter(write.queryRunner)
    const affected = affectedBy(result)
    if (typeof affected === 'number' && affected > rows) {
      throw this.#refuse(write, write.builder.expressionMap.queryType)
    }
    if (affected === rows) claims.confirm(subject)
    else await claims.verify(subject, write.queryRunner)
  }

  /** The statement has touched rows that nobody has read: their files are not known, so it has to be undone. */
  #refuse({ metadata, queryRunner }: Pick<Write, 'metadata' | 'queryRunner'>, verb: string): Error {
    const error = concurrentChange(metadata, verb)
    this.#transactions.get(queryRunner)?.refuse(error)
    return error
  }

  #execute({ execute, queryRunner }: Write): Promise<unknown> {
    return this.#transactions.follow(queryRunner, execute)
  }
}

/** What an INSERT knows, with what the types of TypeORM 0.3 do not have. */
type InsertMap = Omit<WriteBuilder['expressionMap'], 'onUpdate'> & {
  insertFromSelect?: unknown
  onIgnore?: unknown
  onUpdate?: { conflict?: unknown; overwrite?: readonly string[] }
}

/** True if the statement may write a file column of its rows. */
function writesFiles(
  { expressionMap }: WriteBuilder,
  metadata: EntityMetadata,
  values: readonly ObjectLiteral[],
): boolean {
  const columns = fileColumnsOf(metadata)
  const { callListeners, insertFromSelect, insertColumns, onUpdate } = expressionMap as InsertMap
  const overwritten = onUpdate?.overwrite ?? []
  const overwrites = ({ column }: FileColumn) => overwritten.includes(column.databaseName)
  if (insertFromSelect) {
    const given = ({ column }: FileColumn) =>
      insertColumns.length === 0 || insertColumns.includes(column.propertyPath)
    if (columns.some((column) => given(column) || overwrites(column))) throw selectGivesFiles(metadata)
    return false
  }
  let written = false
  for (const value of values) {
    for (const column of columns) {
      const given = column.get(value)
      if (given === undefined) continue
      // Without listeners nobody would put the stored value into the entity, so the driver refuses a pending one.
      if (!callListeners && [given].flat().some(isNotStored)) return false
      written = true
    }
  }
  // A row that is overwritten gives up what the values leave out.
  return written || columns.some(overwrites)
}

function valuesOf({ expressionMap: { valuesSet } }: WriteBuilder): readonly ObjectLiteral[] {
  if (valuesSet === undefined) return []
  return Array.isArray(valuesSet) ? (valuesSet as ObjectLiteral[]) : [valuesSet]
}

function isNotStored(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'function') return false
  return !isUploadedFile(value) || value.isPending
}

/** How many rows an INSERT has touched, if the driver says so: MySQL's does. */
function insertedBy(result: unknown): unknown {
  return (result as { raw?: { affectedRows?: unknown } } | undefined)?.raw?.affectedRows
}

function affectedBy(result: unknown): unknown {
  return (result as { affected?: unknown } | undefined)?.affected
}
