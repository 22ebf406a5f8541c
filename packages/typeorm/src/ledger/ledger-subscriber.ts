import { FiledepotError, UploadedFile } from '@filedepot/core'
import { bindManager, isBroken } from '@filedepot/core/integration'
import type {
  EntitySubscriberInterface,
  InsertEvent,
  LoadEvent,
  ObjectLiteral,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
  TransactionStartEvent,
  UpdateEvent,
} from 'typeorm'
import { fileColumnsOf, type FileColumn } from '../column/file-column.ts'
import { LoadedFiles } from '../column/loaded-files.ts'
import { MissingColumns } from '../column/missing-columns.ts'
import type { RunnerUploads } from './runner-uploads.ts'
import type { ColumnWrite, FilesHome } from './store-columns.ts'
import { isOfLedger } from './typeorm-client.ts'

/** Statements by which rows give up files without an event that names them, such as those of a cascade. */
const REMOVES = /^\s*(?:delete|truncate)\b/i

type Event<E> = Omit<E, 'connection' | 'dataSource' | 'manager'>
/** What TypeORM tells of a statement. Its own type is not exported. */
interface QueryEvent {
  readonly queryRunner: QueryRunner
  readonly query: string
  readonly parameters?: unknown
  readonly success: boolean
}

/**
 * Stores the files of entities before their statements, and hears when rows may have given up files. What became of either, the
 * ledger knows.
 *
 * No hook throws at once: TypeORM calls several of them in a row, and would wait for none of the others.
 */
export class LedgerSubscriber implements EntitySubscriberInterface {
  readonly #home: FilesHome
  readonly #uploads: RunnerUploads
  readonly #loaded = new LoadedFiles()
  readonly #missing = new MissingColumns()
  readonly #isPostgres: boolean

  constructor(home: FilesHome, uploads: RunnerUploads, isPostgres: boolean) {
    this.#home = home
    this.#uploads = uploads
    this.#isPostgres = isPostgres
  }

  afterLoad(entity: ObjectLiteral, event?: Event<LoadEvent<ObjectLiteral>>): void {
    if (!event || entity instanceof Promise) return
    const columns = fileColumnsOf(event.metadata)
    if (columns.length === 0) return
    this.#loaded.rememberAll(event.metadata, [entity])
    const { depot, books } = this.#home
    for (const column of columns) {
      for (const file of [column.get(entity)].flat())
        if (file instanceof UploadedFile) bindManager(file, depot, books)
    }
  }

  beforeInsert({
    queryRunner,
    metadata,
    entity,
  }: Event<InsertEvent<ObjectLiteral>>): Promise<void> | undefined {
    const columns = fileColumnsOf(metadata).filter(({ column }) => column.isInsert)
    const written = columns.filter((column) => hasFiles(column, entity))
    return this.#store(
      queryRunner,
      entity,
      written.map((column) => ({ column, entity, current: [] })),
    )
  }

  /** A write by criteria has no row, and the values that it sets are its entity. */
  beforeUpdate(event: Event<UpdateEvent<ObjectLiteral>>): Promise<void> | undefined {
    const { queryRunner, metadata, entity } = event
    const columns = fileColumnsOf(metadata)
    if (!entity || columns.length === 0) return undefined
    // TypeORM's types do not know that it may be missing.
    const row = event.databaseEntity as ObjectLiteral | undefined
    if (row) {
      this.#loaded.drop(row)
      this.#missing.note(entity, columns)
    }
    const writes: ColumnWrite[] = []
    for (const column of columns) {
      if (!column.column.isUpdate || (row && !this.#isNew(column, entity, row))) continue
      if (hasFiles(column, entity)) writes.push({ column, entity, current: row ? filesIn(column, row) : [] })
    }
    return this.#store(queryRunner, entity, writes)
  }

  afterInsert({ queryRunner, metadata, entity, entityId }: Event<InsertEvent<ObjectLiteral>>): void {
    const columns = fileColumnsOf(metadata)
    if (columns.length === 0) return
    this.#wrote(queryRunner, entity, columns)
    // An upsert has no id here, and may have written over a row.
    if (entityId === undefined) this.#uploads.discarded(queryRunner)
  }

  afterUpdate(event: Event<UpdateEvent<ObjectLiteral>>): void {
    const { queryRunner, metadata, entity, updatedColumns } = event
    const row = event.databaseEntity as ObjectLiteral | undefined
    const columns = fileColumnsOf(metadata)
    if (!entity || columns.length === 0) return
    this.#missing.leaveOut(entity)
    this.#wrote(queryRunner, entity, columns)
    const isWritten = ({ column }: FileColumn) =>
      row ? updatedColumns.includes(column) : column.getEntityValue(entity) !== undefined
    if (columns.some(isWritten)) this.#uploads.discarded(queryRunner)
  }

  afterQuery({ queryRunner, query, parameters, success }: QueryEvent): void {
    if (isOfLedger(queryRunner)) return
    if (!success) this.#uploads.failed(queryRunner, Array.isArray(parameters) ? parameters : [])
    else if (REMOVES.test(query)) this.#uploads.discarded(queryRunner)
  }

  afterTransactionStart({ queryRunner }: Event<TransactionStartEvent>): void {
    this.#uploads.began(queryRunner)
  }

  /** @throws FiledepotError `TRANSACTION_ABORTED` if PostgreSQL would answer the COMMIT with a rollback, and with no error */
  beforeTransactionCommit({ queryRunner }: Event<TransactionCommitEvent>): Promise<void> | undefined {
    if (!this.#isPostgres || !this.#uploads.transactionOf(queryRunner)?.hasFailed) return undefined
    return expectCommit(queryRunner)
  }

  afterTransactionCommit({ queryRunner }: Event<TransactionCommitEvent>): void {
    this.#uploads.committed(queryRunner)
  }

  afterTransactionRollback({ queryRunner }: Event<TransactionRollbackEvent>): void {
    this.#uploads.rolledBack(queryRunner)
  }

  #store(
    queryRunner: QueryRunner,
    entity: ObjectLiteral,
    writes: readonly ColumnWrite[],
  ): Promise<void> | undefined {
    if (writes.length === 0) return undefined
    const storing = this.#uploads.store(queryRunner, entity, writes)
    // TypeORM waits for none of its hooks when one of the application throws.
    storing.catch(() => undefined)
    whenAwaited(storing, () => {
      this.#uploads.calledAll(queryRunner)
    })
    return storing
  }

  /**
   * True if the entity brings another value than the row has. One that still holds what it was loaded with gets that of the
   * row: somebody else has written it since, and TypeORM would write the old one back.
   */
  #isNew(column: FileColumn, entity: ObjectLiteral, row: ObjectLiteral): boolean {
    if (!this.#loaded.isUntouched(entity, column)) return column.isChanged(entity, row)
    const now = column.get(row)
    if (now !== undefined && column.isChanged(entity, row)) {
      column.set(entity, now)
      this.#loaded.remember(entity, column)
    }
    return false
  }

  /** The statement has run: what an entity was saved with is what it is compared with the next time. */
  #wrote(queryRunner: QueryRunner, entity: ObjectLiteral, columns: readonly FileColumn[]): void {
    for (const column of columns) {
      const forget = this.#loaded.remember(entity, column)
      if (forget) this.#uploads.onUndo(queryRunner, forget)
    }
    this.#uploads.ran(queryRunner, entity)
  }
}

/** @throws FiledepotError `TRANSACTION_ABORTED` */
async function expectCommit(queryRunner: QueryRunner): Promise<void> {
  try {
    await queryRunner.query('SELECT 1')
  } catch (cause) {
    const message =
      'Cannot commit: a statement of this transaction has failed, so PostgreSQL would roll it back. Roll back and retry'
    throw new FiledepotError('TRANSACTION_ABORTED', message, { cause })
  }
}

/** Calls back as soon as the promise is awaited. */
function whenAwaited(promise: Promise<void>, callback: () => void): void {
  const then: unknown = (...listeners: Parameters<typeof promise.then>) => {
    callback()
    return Promise.prototype.then.apply(promise, listeners)
  }
  // eslint-disable-next-line filedepot/no-replaced-methods -- a promise of our own
  Reflect.defineProperty(promise, 'then', { value: then })
}

/** False for no value, and for an expression of SQL. */
function hasFiles(column: FileColumn, entity: ObjectLiteral): boolean {
  const value = column.get(entity)
  if (value === undefined || value === null || typeof value === 'function') return false
  return !(Array.isArray(value) && value.length === 0)
}

function filesIn(column: FileColumn, row: ObjectLiteral): UploadedFile[] {
  return (column.list(column.get(row)) as UploadedFile[]).filter((file) => !isBroken(file))
}
