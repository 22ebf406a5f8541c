import { AbortedError } from '@filedepot/core'
import type { Upkeep } from '@filedepot/ledger'
import type { ObjectLiteral, QueryRunner } from 'typeorm'
import { OpenTransaction } from './open-transaction.ts'
import { OwnUploads } from './own-uploads.ts'
import { storeColumns, type ColumnWrite, type FilesHome } from './store-columns.ts'

/** Writes outside transactions that are kept in mind while nothing is heard of their statements. */
const REMEMBERED = 1000

/** A write outside a transaction, of one row or of several. */
interface Write {
  readonly uploads: OwnUploads
  hasFailed: boolean
}

/** Options of {@link RunnerUploads}. */
export interface RunnerUploadsOptions {
  readonly home: FilesHome
  /** Without it, nothing is asked and drained by itself. */
  readonly upkeep: Upkeep | undefined
  /** True if all query runners are the same, as on SQLite: the transaction that ends may be that of another caller. */
  readonly isShared: boolean
}

/**
 * What the writes of each query runner have stored. When a write is over, its uploads are given to the upkeep, which asks the
 * ledger what became of them: how a transaction ended is only a hint.
 */
export class RunnerUploads {
  readonly #options: RunnerUploadsOptions
  readonly #transactions = new WeakMap<QueryRunner, OpenTransaction>()
  readonly #starting = new WeakMap<QueryRunner, Write>()
  /** Writes outside transactions, whose statements have not been heard. */
  readonly #alone = new WeakMap<QueryRunner, Set<Write>>()
  readonly #byEntity = new WeakMap<ObjectLiteral, Write>()

  constructor(options: RunnerUploadsOptions) {
    this.#options = options
  }

  /** Stores what the properties hold, before the statement that writes them. */
  async store(
    queryRunner: QueryRunner,
    entity: ObjectLiteral,
    writes: readonly ColumnWrite[],
  ): Promise<void> {
    const { home, upkeep, isShared } = this.#options
    const transaction = this.#transactions.get(queryRunner)
    const write = this.#startingNow(queryRunner)
    const uploads = new OwnUploads()
    try {
      await storeColumns(home, writes, uploads, transaction?.signal)
      // On a shared connection, the committed transaction may be that of another caller.
      const isLate = transaction && !transaction.isOpen && !(isShared && !transaction.isRolledBack)
      if (write.hasFailed || isLate) throw new AbortedError('An upload whose transaction has ended')
    } catch (error) {
      uploads.drop((paths) => upkeep?.ended(paths))
      // What others of the same write have stored in a transaction goes with its end.
      if (!transaction?.isOpen) this.#fail(queryRunner, write)
      throw error
    }
    const now = this.#transactions.get(queryRunner)
    if (now) now.uploads.absorb(uploads)
    else this.#addAlone(queryRunner, entity, write, uploads)
  }

  /**
   * TypeORM has told of all rows of a write, and waits for what its hooks have returned. It does so before it tells of another
   * write, which may begin in the same turn of the event loop on the same connection.
   */
  calledAll(queryRunner: QueryRunner): void {
    this.#starting.delete(queryRunner)
  }

  /** The statement that wrote the entity has run. */
  ran(queryRunner: QueryRunner, entity: ObjectLiteral): void {
    const write = this.#byEntity.get(entity)
    if (!write) return
    this.#byEntity.delete(entity)
    // A later statement that fails with the same value is not about these rows.
    this.#alone.get(queryRunner)?.delete(write)
    this.#committed(write.uploads)
  }

  /** A statement has failed. */
  failed(queryRunner: QueryRunner, parameters: readonly unknown[]): void {
    const transaction = this.#transactions.get(queryRunner)
    if (transaction) transaction.hasFailed = true
    for (const write of this.#alone.get(queryRunner) ?? [])
      if (write.uploads.texts.some((text) => parameters.includes(text))) this.#fail(queryRunner, write)
  }

  /** Rows may have given up files. */
  discarded(queryRunner: QueryRunner): void {
    const transaction = this.#transactions.get(queryRunner)
    if (transaction) transaction.hasDiscarded = true
    else this.#options.upkeep?.discarded()
  }

  /** Puts something back in memory if the transaction is rolled back. */
  onUndo(queryRunner: QueryRunner, undo: () => void): void {
    this.#transactions.get(queryRunner)?.uploads.onUndo(undo)
  }

  transactionOf(queryRunner: QueryRunner): OpenTransaction | undefined {
    return this.#transactions.get(queryRunner)
  }

  /** A transaction or a savepoint has begun. */
  began(queryRunner: QueryRunner): void {
    const open = this.#transactions.get(queryRunner)
    if (open) open.savepoint()
    else this.#transactions.set(queryRunner, new OpenTransaction())
  }

  committed(queryRunner: QueryRunner): void {
    const transaction = this.#transactions.get(queryRunner)
    if (queryRunner.isTransactionActive) transaction?.release()
    else if (transaction) {
      this.#transactions.delete(queryRunner)
      const { hasDiscarded, undone } = transaction
      const uploads = transaction.end('committed')
      if (uploads) this.#committed(uploads)
      this.#options.upkeep?.ended(undone)
      if (hasDiscarded) this.#options.upkeep?.discarded()
    }
  }

  rolledBack(queryRunner: QueryRunner): void {
    const transaction = this.#transactions.get(queryRunner)
    if (queryRunner.isTransactionActive) transaction?.rollbackTo()
    else if (transaction) {
      this.#transactions.delete(queryRunner)
      const uploads = transaction.end('rolledBack')
      uploads?.undo()
      this.#options.upkeep?.ended([...(uploads?.paths ?? []), ...transaction.undone])
    }
  }

  #committed(uploads: OwnUploads): void {
    const { paths, left } = uploads.release()
    this.#options.upkeep?.committed(paths)
    this.#options.upkeep?.ended(left)
  }

  #startingNow(queryRunner: QueryRunner): Write {
    let write = this.#starting.get(queryRunner)
    if (!write) {
      write = { uploads: new OwnUploads(), hasFailed: false }
      this.#starting.set(queryRunner, write)
      // If a hook of the application throws, nobody waits.
      queueMicrotask(() => {
        if (this.#starting.get(queryRunner) === write) this.#starting.delete(queryRunner)
      })
    }
    return write
  }

  #addAlone(queryRunner: QueryRunner, entity: ObjectLiteral, write: Write, uploads: OwnUploads): void {
    write.uploads.absorb(uploads)
    this.#byEntity.set(entity, write)
    let alone = this.#alone.get(queryRunner)
    if (!alone) this.#alone.set(queryRunner, (alone = new Set()))
    alone.add(write)
    const [oldest] = alone
    if (oldest && alone.size > REMEMBERED) alone.delete(oldest)
  }

  /** None of the rows is going to be there, but those that committed by themselves: the ledger knows them. */
  #fail(queryRunner: QueryRunner, write: Write): void {
    write.hasFailed = true
    this.#alone.get(queryRunner)?.delete(write)
    write.uploads.drop((paths) => this.#options.upkeep?.ended(paths))
  }
}
