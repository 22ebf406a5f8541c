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
import { fileColumnsOf } from './file-column.ts'
import type { FileEntities } from './file-entities.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { readRowFiles, type RowFiles } from './row-files.ts'
import type { RunnerTransaction, RunnerTransactions } from './runner-transactions.ts'

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
    const changed = columns.filter(({ column }) => column.isUpdate && updatedColumns.includes(column))
    if (changed.length === 0) return undefined
    return this.#within(queryRunner, async (transaction) => {
      const row = (await readRowFiles(queryRunner, metadata, databaseEntity)) ?? noFiles(databaseEntity)
      await this.#files.update(transaction, { queryRunner, metadata, row }, entity, changed)
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
      const row = await readRowFiles(queryRunner, metadata, key)
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

  afterUpdate({ queryRunner, entity }: UpdateEvent<ObjectLiteral>): Promise<void> {
    return this.#transactions.ran(queryRunner, entity)
  }

  afterRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> {
    return this.#transactions.ran(event.queryRunner, subjectOf(event))
  }

  // TypeORM looks whether a subscriber has these before it makes their events. While no transaction has touched a
  // file there are none, so that the transactions of others cost nothing.

  get afterTransactionStart(): TransactionHook | undefined {
    return this.#whileOpen(this.#started)
  }

  get beforeTransactionCommit(): TransactionHook | undefined {
    return this.#whileOpen(this.#committing)
  }

  get afterTransactionCommit(): TransactionHook | undefined {
    return this.#whileOpen(this.#committed)
  }

  get afterTransactionRollback(): TransactionHook | undefined {
    return this.#whileOpen(this.#rolledBack)
  }

  readonly #started: TransactionHook = ({ queryRunner }) => {
    this.#transactions.started(queryRunner)
    return undefined
  }

  readonly #committing: TransactionHook = ({ queryRunner }) => this.#transactions.committing(queryRunner)

  readonly #committed: TransactionHook = ({ queryRunner }) => this.#transactions.committed(queryRunner)

  readonly #rolledBack: TransactionHook = ({ queryRunner }) => this.#transactions.rolledBack(queryRunner)

  #whileOpen(hook: TransactionHook): TransactionHook | undefined {
    return this.#transactions.anyOpen ? hook : undefined
  }

  #within(
    queryRunner: QueryRunner,
    action: (transaction: RunnerTransaction) => Promise<void>,
  ): Promise<void> {
    const running = (async () => {
      try {
        await action(this.#transactions.of(queryRunner))
      } catch (error) {
        await this.#transactions.failed(queryRunner)
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

/** A row that has gone since TypeORM loaded it. */
function noFiles(key: ObjectLiteral): RowFiles {
  return { key, texts: new Map() }
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
