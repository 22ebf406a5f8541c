import { FiledepotError } from '@filedepot/core'
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
import { fileColumnsOf } from './file-column.ts'
import type { FileEntities } from './file-entities.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { MissingColumns } from './missing-columns.ts'
import { readerOf } from './row-reader.ts'
import type { RanStatement, RunnerTransaction } from './runner-transaction.ts'
import type { RunnerTransactions } from './runner-transactions.ts'

type TransactionHook = (event: { queryRunner: QueryRunner }) => Promise<void> | undefined

type ListenTo = ReturnType<NonNullable<EntitySubscriberInterface['listenTo']>>

/** The parts that follow one data source, and share what they know. */
export interface Attachment {
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
  readonly #entities: FileEntities
  readonly #transactions: RunnerTransactions
  readonly #loaded: LoadedFiles
  readonly #files: EntityFiles
  readonly #missing = new MissingColumns()

  constructor({ entities, transactions, loaded, files }: Attachment) {
    this.#entities = entities
    this.#transactions = transactions
    this.#loaded = loaded
    this.#files = files
  }

  listenTo(): ListenTo {
    return this.#entities as unknown as ListenTo
  }

  afterLoad(entity: ObjectLiteral, event?: LoadEvent<ObjectLiteral>): void {
    if (event) this.#loaded.rememberAll(event.metadata, entity)
  }

  beforeInsert({ queryRunner, metadata, entity }: InsertEvent<ObjectLiteral>): Promise<void> {
    const givesFiles = () =>
      fileColumnsOf(metadata).some((column) => column.list(column.get(entity)).length > 0)
    if (isView(metadata) && givesFiles()) return refuse(metadata, 'insert')
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
    this.#missing.note(entity, columns)
    const changed = columns.filter(
      (column) =>
        column.column.isUpdate &&
        (updatedColumns.includes(column.column) || column.isChanged(entity, databaseEntity)),
    )
    if (changed.length === 0) return undefined
    if (isView(metadata)) return refuse(metadata, 'update')
    return this.#within(queryRunner, async (transaction) => {
      const key = keyIn(metadata, entity, databaseEntity)
      const row = await readerOf(queryRunner).readBeforeChange(metadata, key)
      const change = { metadata, key, row, isEntity: true }
      await this.#files.update(transaction, change, entity, changed)
    })
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    const { queryRunner, metadata } = event
    if (isView(metadata)) return refuse(metadata, 'delete')
    // TypeORM's types promise all three; an orphan has its id only, and delete(criteria) nothing at all.
    const { databaseEntity, entity } = event as { databaseEntity?: ObjectLiteral; entity?: ObjectLiteral }
    const entityId = event.entityId as unknown
    const found = databaseEntity ?? (entityId === undefined ? entity : metadata.ensureEntityIdMap(entityId))
    const key = keyIn(metadata, entity, found)
    if (!key) return this.#transactions.isFollowed(queryRunner) ? undefined : refuse(metadata, 'delete')
    return this.#within(queryRunner, async (transaction) => {
      const row = await readerOf(queryRunner).readBeforeChange(metadata, key)
      const rows = row ? [row] : []
      await this.#files.remove(transaction, { queryRunner, metadata, rows }, subjectOf(event))
    })
  }

  afterInsert({ queryRunner, metadata, entity }: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    this.#rememberSaved(queryRunner, metadata, entity)
    // Of an upsert, this event does not say whether the row was written.
    return this.#transactions.isFollowed(queryRunner)
      ? undefined
      : this.#transactions.ran(queryRunner, entity)
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    const { entity } = event as Partial<typeof event>
    if (entity) {
      this.#missing.leaveOut(entity)
      this.#rememberSaved(event.queryRunner, event.metadata, entity)
    }
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

  /** What an entity was saved with is what it is compared with the next time. */
  #rememberSaved(queryRunner: QueryRunner, metadata: EntityMetadata, entity: ObjectLiteral): void {
    const files = this.#transactions.get(queryRunner)?.files
    for (const column of fileColumnsOf(metadata)) {
      const forget = this.#loaded.remember(entity, column)
      if (forget) files?.onRollback(forget)
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
    ? 'it is a view; write the entity whose rows it shows'
    : 'make its query builder with dataSource.createQueryBuilder()'
  const message = `the files of ${metadata.name} cannot follow this ${verb}: ${way}`
  const refused = Promise.reject(new FiledepotError('NOT_SUPPORTED', message))
  refused.catch(() => undefined)
  return refused
}
