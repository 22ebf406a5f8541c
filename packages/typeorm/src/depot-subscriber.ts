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
import { EntityFiles } from './entity-files.ts'
import { fileColumnsOf } from './file-column.ts'
import type { FileEntities } from './file-entities.ts'
import { LoadedFiles } from './loaded-files.ts'
import { RunnerTransactions, type RunnerTransaction } from './runner-transactions.ts'

type TransactionHook = (event: { queryRunner: QueryRunner }) => Promise<void> | undefined

type ListenTo = ReturnType<NonNullable<EntitySubscriberInterface['listenTo']>>

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
  readonly #loaded = new LoadedFiles()
  readonly #files: EntityFiles

  constructor(entities: FileEntities, depot: DepotManager, maxWait: number) {
    this.#depot = depot
    this.#entities = entities
    this.#transactions = new RunnerTransactions(depot, maxWait)
    this.#files = new EntityFiles(depot, this.#loaded)
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
      const written = columns.filter((column) => column.get(entity) !== undefined)
      return written.length > 0
        ? refuse(metadata, 'update(criteria, …)', 'load the entities and save them')
        : undefined
    }
    const changed = columns.filter(({ column }) => column.isUpdate && updatedColumns.includes(column))
    if (changed.length === 0) return undefined
    const row = { queryRunner, metadata, key: databaseEntity }
    return this.#within(queryRunner, (transaction) => this.#files.update(transaction, row, entity, changed))
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> {
    const { queryRunner, metadata } = event
    // TypeORM's types promise all three; an orphan has its id only, and delete(criteria) nothing at all.
    const { databaseEntity, entity } = event as { databaseEntity?: ObjectLiteral; entity?: ObjectLiteral }
    const entityId = event.entityId as unknown
    const key = databaseEntity ?? (entityId === undefined ? entity : metadata.ensureEntityIdMap(entityId))
    if (!key) return refuse(metadata, 'delete(criteria)', 'load the entities and remove them')
    return this.#within(queryRunner, (transaction) =>
      this.#files.remove(transaction, { queryRunner, metadata, key }, subjectOf(event)),
    )
  }

  afterInsert({ queryRunner, entity }: InsertEvent<ObjectLiteral>): Promise<void> {
    return this.#transactions.ran(queryRunner, entity)
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

/** A write of which no event says which rows it touches: their files would stay for ever. */
function refuse({ name }: EntityMetadata, write: string, instead: string): Promise<never> {
  const refused = Promise.reject(
    new FiledepotError('NOT_SUPPORTED', `${write} cannot follow the files of ${name} yet: ${instead}`),
  )
  refused.catch(() => undefined)
  return refused
}
