import { FiledepotError } from '@filedepot/core'
import { waitUpTo, type FileTransaction, type TransactionOutcome } from '@filedepot/core/integration'
import { hasEndedTransaction, prismaCodeOf, type TransactionState } from '../database-errors.ts'
import type { UncertainWrite } from '../reading/held-files.ts'
import { OperationLock } from './operation-lock.ts'
import type { Preuploads } from './preuploads.ts'
import type { PrismaInternals, TransactionLink } from '../../prisma-internals.ts'
import { TransactionLevels, type FoundState } from './transaction-levels.ts'
import { WriteTurns, type Overlap } from './write-turns.ts'

/** How long a rollback waits for uploads that were told to stop, in milliseconds. */
const STOP_MS = 5000

/**
 * An open transaction of a caller: its files, and whether the database still has it. Hooks and promises do not tell that. After
 * a failed statement, PostgreSQL answers COMMIT with ROLLBACK. After a deadlock, MySQL continues without a transaction. Prisma
 * reports success in both cases.
 */
export class OpenTransaction {
  readonly files: FileTransaction
  readonly id: string
  readonly link: TransactionLink
  readonly #internals: PrismaInternals
  readonly #deadline: number
  readonly #levels: TransactionLevels
  readonly #lock = new OperationLock()
  readonly #writes: WriteTurns
  #lastSent = 0
  /** Why it can only be rolled back, although it is still open for Prisma: mostly because the database ended it. */
  #ended: unknown
  /** True if something may have been committed on the side: by raw SQL, or after a deadlock. */
  #isTampered = false
  #state: TransactionState | undefined
  #isClosed = false
  /** True if it is locked for the end: nothing unlocks it again, so nothing may wait for that. */
  #isLocked = false
  #isPrepared = false
  #hasFailed = false
  #uploading = 0

  /**
   * @param preuploads the files that were uploaded before it began
   * @param deadline a moment before which it has surely not timed out
   */
  constructor(
    internals: PrismaInternals,
    files: FileTransaction,
    id: string,
    readonly preuploads: Preuploads | undefined,
    deadline: number,
  ) {
    this.#internals = internals
    this.#deadline = deadline
    // Prisma has rolled it back by then, so a write does not wait for another one for ever.
    this.#writes = new WriteTurns(Math.max(deadline - performance.now(), 1))
    this.files = files
    this.id = id
    this.link = { kind: 'itx', id }
    this.#levels = new TransactionLevels(internals, this.link)
  }

  /** True if nothing was done to files, so that nothing has to be known of its end. */
  get isUntouched(): boolean {
    return !this.preuploads && !this.#levels.isMarked && this.#state === undefined
  }

  /**
   * Runs a write that does something to files.
   *
   * @throws FiledepotError `TRANSACTION_ABORTED` where the database has ended the transaction, `TRANSACTION_SETTLED`
   *   where its callback has returned
   */
  async run<T>(write: () => Promise<T>): Promise<T> {
    this.checkOpen()
    while (this.#lock.opened) await this.#lock.opened
    this.checkOpen()
    return await this.#follow(async () => {
      await this.#levels.mark()
      return await write()
    })
  }

  /**
   * Runs whatever else is heard of. If it failed between our last look at the transaction and the COMMIT, PostgreSQL would
   * answer that with ROLLBACK, and Prisma would report a success. And it must not come between the look of a write and its
   * statement: a row that it puts under one that is about to be deleted would be deleted unseen.
   */
  async runAside<T>(statement: () => Promise<T>): Promise<T> {
    while (this.#lock.opened) await this.#lock.opened
    return await this.#follow(() =>
      this.#writes.run(false, async (overlap) => {
        try {
          return await statement()
        } catch (error) {
          this.noteError(error, overlap)
          throw error
        }
      }),
    )
  }

  /** Runs a read, so that its failure is known before the last look at the transaction. */
  async runRead<T>(read: () => Promise<T>): Promise<T> {
    while (this.#lock.opened) await this.#lock.opened
    return await this.#follow(read)
  }

  /** Tells how long uploads took, if the transaction had no time left. */
  explain(error: unknown): void {
    const uploading = Math.round(this.#uploading)
    if (prismaCodeOf(error) !== 'P2028' || uploading === 0 || !(error instanceof Error)) return
    error.message +=
      ` Of that time, uploads of files within the transaction took ${uploading} ms: upload before it, with` +
      ' `await depot.upload(file)`, or raise its `timeout`.'
  }

  /** Counts the time that uploads take of the transaction. */
  async timed<T>(upload: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await upload()
    } finally {
      this.#uploading += performance.now() - start
    }
  }

  /**
   * Runs the part of a write that looks at rows and changes them, when its turn has come.
   *
   * @throws FiledepotError as {@link OpenTransaction.run}
   */
  async send<T>(looksAtRows: boolean, write: (overlap: Overlap) => Promise<T>): Promise<T> {
    return await this.#writes.run(looksAtRows, async (overlap) => {
      this.checkOpen()
      try {
        const result = await write(overlap)
        this.#lastSent = performance.now()
        return result
      } catch (error) {
        // A transaction that is closed is found so before anything is sent.
        if (prismaCodeOf(error) !== 'P2028') this.#lastSent = performance.now()
        // Before the next has its turn.
        this.noteError(error, overlap)
        throw error
      }
    })
  }

  /** A write has failed, and may have left a part of what it did. */
  addUncertain(write: UncertainWrite): void {
    this.#levels.top.uncertainWrites.push(write)
  }

  /** A statement has failed: of a write of files, or of whomever. */
  noteError(error: unknown, own?: Overlap): void {
    this.#hasFailed = true
    if (!hasEndedTransaction(this.#internals.provider, error)) return
    this.#ended ??= error
    // What is in progress beside it may commit itself.
    if (this.#writes.isBusy(own)) this.#isTampered = true
  }

  /**
   * Called right before a statement that writes files.
   *
   * @throws FiledepotError `TRANSACTION_ABORTED` where the database has ended the transaction meanwhile,
   *   `TRANSACTION_SETTLED` where its callback has ended
   */
  checkOpen(): void {
    this.checkInTime()
    if (this.#ended !== undefined) throw aborted(this.#ended)
  }

  /** @throws FiledepotError `TRANSACTION_SETTLED` where the callback has ended */
  checkInTime(): void {
    if (this.#isClosed) throw tooLate()
  }

  /** Raw SQL has run that may have ended the transaction. */
  noteTampering(): void {
    this.#isTampered = true
  }

  /**
   * A nested transaction, which is a savepoint, is about to begin or to end, or the transaction itself is: writes wait, so
   * that each is on one side of it, and so does whatever else begins or ends.
   */
  async lockOperations(): Promise<void> {
    await this.#lock.close()
  }

  /** Writes go on. */
  unlockOperations(): void {
    this.#lock.open()
  }

  /** Prisma has ended the transaction: what waits at the gate goes on, and finds that it is too late. */
  end(): void {
    this.#lock.end()
  }

  /** A nested transaction has begun. */
  beginNested(): void {
    this.files.savepoint()
    this.#levels.push()
    this.unlockOperations()
  }

  /**
   * The callback of the nested transaction has returned. Prisma takes a savepoint that cannot be released off its list, and
   * rolls back to the one before it then: so it must not come to that.
   *
   * @throws FiledepotError `TRANSACTION_ABORTED` if the savepoint could not be released
   */
  async prepareKeep(): Promise<void> {
    if (this.isUntouched && !this.#hasFailed) return
    const { state, error } = await this.#levels.look()
    if (state !== 'intact') throw aborted(this.#ended ?? error)
  }

  /** The nested transaction was released. */
  async keepNested(): Promise<void> {
    const inner = this.#levels.pop()
    this.files.release()
    if (!inner?.wasMarked) return
    this.#levels.top.uncertainWrites.push(...inner.uncertainWrites)
    // The savepoint of the inner level is gone with it. If this one cannot be set, the look before the COMMIT says so.
    await this.#levels.mark().catch(() => undefined)
  }

  /** The nested transaction was rolled back, if the database still has the one around it. */
  async undoNested(): Promise<void> {
    // The whole of it is undone already.
    if (this.files.settled) return
    const inner = this.#levels.pop()
    const state =
      this.#state ?? (inner?.marker || inner?.wasMarked ? await this.#levels.lookAndMark() : 'intact')
    if (state === 'intact') {
      await this.files.rollbackTo()
      return
    }
    this.files.release()
    this.#levels.top.uncertainWrites.push(...(inner?.uncertainWrites ?? []))
    this.#state = state
  }

  /**
   * The callback has returned: looks whether the transaction can be committed.
   *
   * @throws FiledepotError `TRANSACTION_ABORTED` where it cannot, although Prisma would report a success
   */
  async prepareCommit(resolve: (uncertainWrites: readonly UncertainWrite[]) => Promise<void>): Promise<void> {
    await this.lockOperations()
    this.#isClosed = true
    this.#isLocked = true
    if (this.isUntouched) return
    const { state, error } = await this.#release()
    // Prisma says by itself what is wrong with one that is over.
    if (this.#ended !== undefined || state === 'aborted' || state === 'replaced') {
      throw aborted(this.#ended ?? error)
    }
    // Prisma refuses to commit it with a nested one that has not ended, and rolls back.
    if (this.#levels.depth > 1) return
    if (state === 'intact' && this.#levels.top.uncertainWrites.length > 0)
      await resolve(this.#levels.top.uncertainWrites)
    this.#isPrepared = true
  }

  /** Called when the callback has thrown: finds out what the following ROLLBACK undoes. */
  async prepareRollback(error: unknown): Promise<void> {
    this.#isClosed = true
    // Prisma does not wait for what is in progress: what is left of a write would run after the ROLLBACK, and commit itself.
    // A savepoint that reaches SQLite after it would begin a transaction without an end.
    await this.#writes.settled()
    this.files.stopUploads()
    if (!this.#isLocked) await waitUpTo(STOP_MS, this.lockOperations())
    this.noteError(error)
    if (!this.isUntouched) await this.#release()
  }

  /** True if a COMMIT was sent to a transaction that could be committed: what became of it, its answer says. */
  get isCommitting(): boolean {
    return this.#isPrepared && (this.#state === 'intact' || this.#state === 'unclear')
  }

  /** What a failure means where no COMMIT was sent, or one that could not succeed. */
  get outcomeOfFailure(): TransactionOutcome {
    if (this.#state === 'unclear') return 'rolledBack'
    // When its time is over, Prisma rolls back in the middle of a write, and the rest of it commits itself.
    if (this.#state === 'over' && this.#lastSent >= this.#deadline) return 'unknown'
    if (this.#state === 'replaced')
      return this.#ended !== undefined && !this.#isTampered ? 'rolledBack' : 'unknown'
    return this.#isTampered && this.#state !== 'intact' ? 'unknown' : 'rolledBack'
  }

  /** Runs it, so that the gate is closed when it has ended: it belongs to the level at which it has begun. */
  async #follow<T>(action: () => Promise<T>): Promise<T> {
    return await this.#lock.run(action, (error) => {
      this.noteError(error)
    })
  }

  /** Releases the marker, once: the transaction is at its end. */
  async #release(): Promise<FoundState> {
    if (this.#state !== undefined) return { state: this.#state }
    const found = await this.#levels.release()
    this.#state = found.state
    return found
  }
}

/** A write that comes to its transaction after the end. */
export function tooLate(): FiledepotError {
  return new FiledepotError(
    'TRANSACTION_SETTLED',
    'This write came too late: its transaction has ended. Wait for every task before the callback returns or throws, ' +
      'for example with Promise.allSettled',
  )
}

function aborted(cause: unknown): FiledepotError {
  return new FiledepotError(
    'TRANSACTION_ABORTED',
    'The database aborted the transaction after an error. Roll it back and begin it again',
    { cause },
  )
}
