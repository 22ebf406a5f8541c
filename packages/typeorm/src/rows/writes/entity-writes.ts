import { FiledepotError } from '@filedepot/core'
import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { dataSourceOf, type ColumnMetadata } from '../../typeorm-internals.ts'
import type { EntityFiles } from './row-file-changes.ts'
import { fileColumnsOf } from '../../column/file-column.ts'
import { hasFiles } from '../reading/foreign-keys.ts'
import type { LoadedFiles } from '../../column/loaded-files.ts'
import { MissingColumns } from '../../column/missing-columns.ts'
import { readerOf } from '../reading/row-reader.ts'
import type { RunnerTransaction } from '../transaction/transaction-state.ts'
import type { RunnerTransactions } from '../transaction/transactions.ts'

/** The parts that follow one data source, and share what they know. */
export interface Attachment {
  readonly dataSource: DataSource
  readonly transactions: RunnerTransactions
  readonly loaded: LoadedFiles
  readonly files: EntityFiles
}

/**
 * Hears what TypeORM does with entities that have file columns, and makes their files follow.
 *
 * No hook throws, what goes wrong is in its promise: TypeORM calls several of them in a row, and a throw from one would
 * leave the promises of the others without anybody who waits for them. One that has nothing to do returns none.
 */
export class DepotSubscriber {
  readonly #dataSource: DataSource
  readonly #transactions: RunnerTransactions
  readonly #loaded: LoadedFiles
  readonly #files: EntityFiles
  readonly #missing = new MissingColumns()
  /** What the hook before has begun, and what TypeORM waits for. */
  #last: { readonly running: Promise<void>; readonly settled: Promise<void> } | undefined

  /** The entity of which the last update was heard, if none of its files has changed: most often there is no more to do. */
  #untouched: ObjectLiteral | undefined

  constructor({ dataSource, transactions, loaded, files }: Attachment) {
    this.#dataSource = dataSource
    this.#transactions = transactions
    this.#loaded = loaded
    this.#files = files
  }

  /** True for entities whose files could be touched; those of all others cost nothing. */
  hears(metadata: EntityMetadata): boolean {
    return hasFiles(this.#dataSource, metadata)
  }

  afterLoad(metadata: EntityMetadata, entities: readonly ObjectLiteral[]): void {
    this.#loaded.rememberAll(metadata, entities)
  }

  beforeInsert(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
  ): Promise<void> | undefined {
    const given = givesFiles(metadata, entity)
    if (isView(metadata)) return given ? refuse(metadata, 'insert') : undefined
    // A transaction that must not go on says so to every row.
    if (!given && !this.#transactions.get(queryRunner)) return undefined
    return this.#within(queryRunner, (transaction) => this.#files.insert(transaction, metadata, entity))
  }

  /** @param databaseEntity `undefined` for an update by criteria */
  beforeUpdate(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
    databaseEntity: ObjectLiteral | undefined,
    updatedColumns: readonly ColumnMetadata[],
  ): Promise<void> | undefined {
    this.#untouched = undefined
    const columns = fileColumnsOf(metadata)
    if (!databaseEntity) {
      const written = columns.some((column) => column.get(entity) !== undefined)
      return written && !this.#transactions.isFollowed(queryRunner) ? refuse(metadata, 'update') : undefined
    }
    // Code of the program that has seen it may save it one day.
    const isSeen = dataSourceOf(queryRunner).subscribers.length > 0 || metadata.listeners.length > 0
    if (!isSeen) this.#loaded.drop(databaseEntity)
    const changed = columns.filter(
      (column) =>
        column.column.isUpdate &&
        (updatedColumns.includes(column.column) || column.isChanged(entity, databaseEntity)),
    )
    if (changed.length === 0 && columns.every((column) => this.#loaded.isUntouched(entity, column))) {
      this.#untouched = entity
      return undefined
    }
    this.#missing.note(entity, columns)
    if (changed.length === 0) return undefined
    if (isView(metadata)) return refuse(metadata, 'update')
    return this.#within(queryRunner, async (transaction) => {
      const key = keyIn(metadata, entity, databaseEntity)
      const row = await readerOf(queryRunner).readBeforeChange(metadata, key)
      const change = { metadata, key, row, isEntity: true }
      await this.#files.update(transaction, change, entity, changed)
    })
  }

  /**
   * An orphan has its id only, and a delete by criteria nothing at all.
   *
   * @param entityId the primary key, or of a single column its value
   */
  beforeRemove(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral | undefined,
    databaseEntity: ObjectLiteral | undefined,
    entityId: unknown,
  ): Promise<void> | undefined {
    if (isView(metadata)) return refuse(metadata, 'delete')
    const found = databaseEntity ?? (entityId === undefined ? entity : metadata.ensureEntityIdMap(entityId))
    const key = keyIn(metadata, entity, found)
    if (!key) return this.#transactions.isFollowed(queryRunner) ? undefined : refuse(metadata, 'delete')
    return this.#within(queryRunner, async (transaction) => {
      const row = await readerOf(queryRunner).readBeforeChange(metadata, key)
      const rows = row ? [row] : []
      await this.#files.remove(
        transaction,
        { queryRunner, metadata, rows },
        subjectOf(metadata, entity, entityId),
      )
    })
  }

  afterInsert(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
  ): Promise<void> | undefined {
    this.#rememberSaved(queryRunner, metadata, entity)
    // Of an upsert, this event does not say whether the row was written.
    return this.#transactions.isFollowed(queryRunner)
      ? undefined
      : this.#transactions.ran(queryRunner, entity)
  }

  afterUpdate(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral | undefined,
  ): Promise<void> | undefined {
    if (entity && entity !== this.#untouched) {
      this.#missing.leaveOut(entity)
      this.#rememberSaved(queryRunner, metadata, entity)
    }
    return this.#transactions.ran(queryRunner, entity)
  }

  afterRemove(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral | undefined,
    entityId: unknown,
  ): Promise<void> | undefined {
    return this.#transactions.ran(queryRunner, subjectOf(metadata, entity, entityId))
  }

  /** What an entity was saved with is what it is compared with the next time. */
  #rememberSaved(queryRunner: QueryRunner, metadata: EntityMetadata, entity: ObjectLiteral): void {
    const files = this.#transactions.get(queryRunner)?.files
    for (const column of fileColumnsOf(metadata)) {
      const forget = this.#loaded.remember(entity, column)
      if (forget) files?.onRollback(forget)
    }
  }

  #within(
    queryRunner: QueryRunner,
    action: (transaction: RunnerTransaction) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    const running = this.#begin(queryRunner, action)
    if (!running) return undefined
    // The rows of a save share a promise, of which each derived one would be kept until all of them are there.
    if (this.#last?.running !== running)
      this.#last = { running, settled: this.#settled(queryRunner, running) }
    return this.#last.settled
  }

  #begin(
    queryRunner: QueryRunner,
    action: (transaction: RunnerTransaction) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    try {
      const entering = this.#transactions.enter(queryRunner)
      return entering instanceof Promise ? entering.then(action) : action(entering)
    } catch (error) {
      return new Promise(() => {
        throw error
      })
    }
  }

  #settled(queryRunner: QueryRunner, running: Promise<void>): Promise<void> {
    const settled = running.catch(async (error: unknown) => {
      // Whoever goes on after the error finds the connection free.
      await readerOf(queryRunner).idle()
      // Outside a transaction, no other event is to come.
      await this.#transactions.finished(queryRunner)
      throw error
    })
    // If a sibling throws at once, TypeORM does not wait for the others, and a failure here would end the process.
    settled.catch(() => undefined)
    return settled
  }
}

function givesFiles(metadata: EntityMetadata, entity: ObjectLiteral): boolean {
  return fileColumnsOf(metadata).some((column) => {
    const value = column.get(entity)
    return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
  })
}

/** What names the row before and after it is removed: the entity, or the id of an orphan, which has none. */
function subjectOf(metadata: EntityMetadata, entity: ObjectLiteral | undefined, entityId: unknown): unknown {
  return entity ?? `${metadata.name} ${JSON.stringify(entityId)}`
}

/**
 * An object with the key of a row. It is the key of the entity where it has one, as it is for TypeORM's own statement: what
 * TypeORM has found in the database for several entities whose keys are dates is the same row for all of them.
 */
function keyIn<Found extends ObjectLiteral | undefined>(
  metadata: EntityMetadata,
  entity: ObjectLiteral | undefined,
  found: Found,
): ObjectLiteral | Found {
  if (!entity || !metadata.hasAllPrimaryKeys(entity)) return found
  // A copy: removing the entity takes its key away.
  return metadata.getEntityIdMap(entity) ?? found
}

function isView({ tableType }: EntityMetadata): boolean {
  return tableType === 'view'
}

/**
 * A write of which nobody knows which rows it touches: by criteria, from a query builder that is not of this data source,
 * or through a view, which some databases pass on to the rows behind it.
 */
function refuse(metadata: EntityMetadata, verb: string): Promise<never> {
  const way = isView(metadata)
    ? 'it is a view. Write the entity whose rows it shows'
    : 'filedepot does not know its rows. Create the query builder with dataSource.createQueryBuilder()'
  const message = `Cannot track the files of ${metadata.name} in this ${verb}: ${way}`
  const refused = Promise.reject(new FiledepotError('NOT_SUPPORTED', message))
  refused.catch(() => undefined)
  return refused
}
