import { bindManager, FiledepotError, type DepotManager, type UploadedFile } from '@filedepot/core'
import type {
  EntityMetadata,
  EntitySubscriberInterface,
  InsertEvent,
  LoadEvent,
  ObjectLiteral,
  QueryRunner,
  RemoveEvent,
  UpdateEvent,
} from 'typeorm'
import type { EntityFiles } from './entity-files.ts'
import { fileColumnsOf, type FileColumn } from './file-column.ts'
import type { FileEntities } from './file-entities.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { readerOf } from './row-reader.ts'
import type { RanStatement, RunnerTransaction } from './runner-transaction.ts'
import type { RunnerTransactions } from './runner-transactions.ts'

type TransactionHook = (event: { queryRunner: QueryRunner }) => Promise<void> | undefined

type ListenTo = ReturnType<NonNullable<EntitySubscriberInterface['listenTo']>>

/** The parts that follow one data source, and share what they know. */
export interface Attachment {
  readonly depot: DepotManager
  readonly entities: FileEntities
  readonly transactions: RunnerTransactions
  readonly loaded: LoadedFiles
  readonly files: EntityFiles
}

/**
 * Hears what TypeORM does with entities that have file columns, and makes their files follow.
 *
 * Every hook is one async function, never a throwing one: TypeORM calls several of them in a row, and a throw from
 * one would leave the promises of the others without anybody who waits for them.
 */
export class DepotSubscriber {
  readonly #depot: DepotManager
  readonly #entities: FileEntities
  readonly #transactions: RunnerTransactions
  readonly #loaded: LoadedFiles
  readonly #files: EntityFiles
  /** The file columns that an entity did not have when its UPDATE began. */
  readonly #missing = new WeakMap<ObjectLiteral, readonly FileColumn[]>()

  constructor({ depot, entities, transactions, loaded, files }: Attachment) {
    this.#depot = depot
    this.#entities = entities
    this.#transactions = transactions
    this.#loaded = loaded
    this.#files = files
  }

  listenTo(): ListenTo {
    return this.#entities as unknown as ListenTo
  }

  afterLoad(entity: ObjectLiteral, event?: LoadEvent<ObjectLiteral>): void {
    if (!event) return
    for (const column of fileColumnsOf(event.metadata)) {
      this.#loaded.remember(entity, column)
      for (const file of column.list(column.get(entity)) as UploadedFile[]) bindManager(file, this.#depot)
    }
  }

  beforeInsert({ queryRunner, metadata, entity }: InsertEvent<ObjectLiteral>): Promise<void> {
    return this.#within(queryRunner, (transaction) => this.#files.insert(transaction, metadata, entity))
  }

  beforeUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    const { queryRunner, metadata, updatedColumns } = event
    // TypeORM's types promise both; a relation that is nullified has neither, and update(criteria, …) no row.
    const { entity, databaseEntity } = event as Partial<typeof event>
    if (!entity) return undefined
    const columns = fileColumnsOf(metadata)
    if (!databaseEntity) {
      const written = columns.some((column) => column.get(entity) !== undefined)
      return written && !this.#transactions.isFollowed(queryRunner) ? refuse(metadata, 'update') : undefined
    }
    const missing = columns.filter((column) => column.get(entity) === undefined)
    if (missing.length > 0) this.#missing.set(entity, missing)
    else this.#missing.delete(entity)
    const changed = columns.filter(
      (column) =>
        column.column.isUpdate &&
        (updatedColumns.includes(column.column) || isChanged(column, entity, databaseEntity)),
    )
    if (changed.length === 0) return undefined
    return this.#within(queryRunner, async (transaction) => {
      const row = await readerOf(queryRunner).readBeforeChange(metadata, databaseEntity)
      const change = { metadata, key: databaseEntity, row }
      await this.#files.update(transaction, change, entity, changed)
    })
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    const { queryRunner, metadata } = event
    // TypeORM's types promise all three; an orphan has its id only, and delete(criteria) nothing at all.
    const { databaseEntity, entity } = event as { databaseEntity?: ObjectLiteral; entity?: ObjectLiteral }
    const entityId = event.entityId as unknown
    const key = databaseEntity ?? (entityId === undefined ? entity : metadata.ensureEntityIdMap(entityId))
    if (!key) return this.#transactions.isFollowed(queryRunner) ? undefined : refuse(metadata, 'delete')
    return this.#within(queryRunner, async (transaction) => {
      const row = await readerOf(queryRunner).readBeforeChange(metadata, key)
      const rows = row ? [row] : []
      await this.#files.remove(transaction, { queryRunner, metadata, rows }, subjectOf(event))
    })
  }

  afterInsert({ queryRunner, entity }: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    // Of an upsert, this event does not say whether the row was written.
    return this.#transactions.isFollowed(queryRunner)
      ? undefined
      : this.#transactions.ran(queryRunner, entity)
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    const { entity } = event as Partial<typeof event>
    if (entity) this.#leaveMissing(entity)
    return this.#transactions.ran(event.queryRunner, entity)
  }

  afterRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.#transactions.ran(event.queryRunner, subjectOf(event))
  }

  // TypeORM looks whether a subscriber has these before it makes their events. While no transaction has touched a
  // file there are none, so that the transactions of others cost nothing.

  get afterTransactionStart(): TransactionHook | undefined {
    return this.#whileOpen(this.#started)
  }

  get afterQuery(): ((event: RanStatement & { queryRunner: QueryRunner }) => void) | undefined {
    return this.#transactions.anyOpen ? this.#queried : undefined
  }

  get beforeTransactionCommit(): TransactionHook | undefined {
    return this.#whileOpen(this.#committing)
  }

  get afterTransactionCommit(): TransactionHook | undefined {
    return this.#whileOpen(this.#committed)
  }

  get beforeTransactionRollback(): TransactionHook | undefined {
    return this.#whileOpen(this.#rollingBack)
  }

  get afterTransactionRollback(): TransactionHook | undefined {
    return this.#whileOpen(this.#rolledBack)
  }

  readonly #started: TransactionHook = ({ queryRunner }) => this.#transactions.started(queryRunner)

  readonly #queried = (event: RanStatement & { queryRunner: QueryRunner }): void => {
    this.#transactions.queried(event.queryRunner, event)
  }

  readonly #committing: TransactionHook = ({ queryRunner }) => this.#transactions.committing(queryRunner)

  readonly #committed: TransactionHook = ({ queryRunner }) => this.#transactions.committed(queryRunner)

  readonly #rollingBack: TransactionHook = ({ queryRunner }) => this.#transactions.rollingBack(queryRunner)

  readonly #rolledBack: TransactionHook = ({ queryRunner }) => this.#transactions.rolledBack(queryRunner)

  /**
   * After an UPDATE, TypeORM sets every nullable column to null in memory that the entity lacks, as one does that was
   * loaded by a partial select. Saved again, it would give up its file.
   */
  #leaveMissing(entity: ObjectLiteral): void {
    for (const column of this.#missing.get(entity) ?? []) {
      if (column.get(entity) === null) column.set(entity, undefined)
    }
  }

  #whileOpen(hook: TransactionHook): TransactionHook | undefined {
    return this.#transactions.anyOpen ? hook : undefined
  }

  #within(
    queryRunner: QueryRunner,
    action: (transaction: RunnerTransaction) => Promise<void>,
  ): Promise<void> {
    const running = (async () => {
      try {
        await action(await this.#transactions.enter(queryRunner))
      } catch (error) {
        // Whoever goes on after the error finds the connection free.
        await readerOf(queryRunner).idle()
        // Outside a transaction, no other event is to come.
        await this.#transactions.finished(queryRunner)
        throw error
      }
    })()
    // Where a sibling throws at once, TypeORM waits for nobody any more, and a failure here would end the process.
    running.catch(() => undefined)
    return running
  }
}

/** What names the row before and after it is removed: the entity, or the id of an orphan, which has none. */
function subjectOf({ metadata, entity, entityId }: RemoveEvent<ObjectLiteral>): unknown {
  return entity ?? `${metadata.name} ${JSON.stringify(entityId)}`
}

/** Also a column that a subscriber of the application has set just now, of which TypeORM does not know yet. */
function isChanged(column: FileColumn, entity: ObjectLiteral, databaseEntity: ObjectLiteral): boolean {
  const value = column.get(entity)
  if (value === undefined) return false
  return column.transformer.to(value) !== column.transformer.to(column.get(databaseEntity))
}

/** A write by criteria that did not come from a query builder of this data source: nobody knows which rows it touches. */
function refuse({ name }: EntityMetadata, verb: string): Promise<never> {
  const refused = Promise.reject(
    new FiledepotError(
      'NOT_SUPPORTED',
      `the files of ${name} cannot follow this ${verb}: make its query builder with dataSource.createQueryBuilder()`,
    ),
  )
  refused.catch(() => undefined)
  return refused
}
