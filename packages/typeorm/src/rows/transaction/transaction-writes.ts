import { waitUpTo, TurnsOnOneConnection, type Turns } from '@filedepot/core/integration'
import type { QueryRunner } from 'typeorm'
import { tooLate, type RunnerEnds } from './transaction-ends.ts'

/** The writes of one transaction, or of one of its savepoints. */
class Writes {
  readonly turns: TurnsOnOneConnection
  /** Those of the savepoint that has its turn now. */
  inner: Writes | undefined
  readonly #running = new Set<Promise<unknown>>()
  #isOver = false

  constructor(turns: TurnsOnOneConnection) {
    this.turns = turns
  }

  /** True while some of them are in progress. */
  get isRunning(): boolean {
    return this.#running.size > 0
  }

  async run<T>(write: () => Promise<T>): Promise<T> {
    const running = this.turns.run(() => {
      if (this.#isOver) throw tooLate()
      return write()
    }, true)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Waits for those that were called for; not where one of them asks. */
  async settled(): Promise<void> {
    if (this.turns.isInside) return
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }

  /** Refuses those whose turn has not come. */
  end(): void {
    this.#isOver = true
  }
}

/** Kept in the query runner, as it is asked for at the begin and the end of each transaction. */
const WRITES = Symbol('filedepot.writes')
/** Writes of transactions that have ended without them. */
const LATE = Symbol('filedepot.lateWrites')

type FollowedRunner = QueryRunner & { [WRITES]?: Writes | undefined; [LATE]?: Set<Writes> | undefined }

/** What {@link TransactionWrites} needs to know. */
export interface TransactionWritesParts {
  /** The maximum wait at the end of a transaction for writes without an `await`, in milliseconds. */
  readonly maxWait: number
  /** For how long a write waits for another one to end, in milliseconds. */
  readonly turnTimeout: number
  readonly ends: RunnerEnds
  /** Those of the data source. */
  readonly turns: Turns
  /** True while a file is uploaded for a write. */
  readonly isUploading: (queryRunner: QueryRunner) => boolean
}

/**
 * Lets the writes of one transaction follow each other, however they were called, and its end wait for them.
 *
 * TypeORM sends the ROLLBACK as soon as the callback of a transaction rejects. With `Promise.all` others are in progress
 * then: what is left of them would commit itself, with files that the rollback has removed. The same where MySQL ends the
 * transaction for the victim of a deadlock.
 */
export class TransactionWrites {
  readonly #maxWait: number
  readonly #turnTimeout: number
  readonly #ends: RunnerEnds
  readonly #turns: Turns
  readonly #isUploading: (queryRunner: QueryRunner) => boolean

  constructor({ maxWait, turnTimeout, ends, turns, isUploading }: TransactionWritesParts) {
    this.#maxWait = maxWait
    this.#turnTimeout = turnTimeout
    this.#ends = ends
    this.#turns = turns
    this.#isUploading = isUploading
  }

  /**
   * Runs a write on a query runner: in its turn where a transaction is open, which then waits for it. While a savepoint is
   * ending, the write waits, so that it is on one side of that.
   *
   * @throws FiledepotError `TRANSACTION_SETTLED` where the transaction has ended, or is about to
   */
  run<T>(queryRunner: FollowedRunner, write: () => Promise<T>): Promise<T> {
    if (this.isLate(queryRunner)) return Promise.reject(tooLate())
    const level = levelOf(queryRunner)
    // A part of a write for which the end waits.
    if (level?.turns.isInside) return write()
    if (this.#ends.isEnding(queryRunner)) {
      const admission = this.#ends.admit(queryRunner)
      if (admission === 'refuse') return Promise.reject(tooLate())
      if (admission === 'wait') return this.#ends.over(queryRunner).then(() => this.run(queryRunner, write))
    }
    if (!queryRunner.isTransactionActive) return write()
    return (level ?? this.#writesOf(queryRunner)).run(write)
  }

  /**
   * Runs a write that was called with a query runner: by its manager, or a builder. On SQLite's one query runner, those that are late for their transaction
   * follow each other, too: else the second gets into the transaction of the first, and does not see which file that has
   * just stored.
   */
  runOfRunner<T>(queryRunner: FollowedRunner, write: () => Promise<T>): Promise<T> {
    const isAlone =
      this.#turns.isFree && !queryRunner.isTransactionActive && !this.#ends.isEnding(queryRunner)
    return isAlone && !this.isLate(queryRunner)
      ? this.#writesOf(queryRunner).run(write)
      : this.run(queryRunner, write)
  }

  #writesOf(queryRunner: FollowedRunner): Writes {
    return (queryRunner[WRITES] ??= this.#newWrites(queryRunner))
  }

  /**
   * Runs a transaction within the one that is open, which is a savepoint, in its turn. Writes beside it wait, as they would
   * get into the savepoint; those within it have turns of their own.
   *
   * @throws FiledepotError `TRANSACTION_SETTLED`, as {@link TransactionWrites.run}
   */
  async runNested<T>(queryRunner: FollowedRunner, transaction: () => Promise<T>): Promise<T> {
    await this.#ends.admitted(queryRunner)
    return await this.run(queryRunner, async () => {
      const level = levelOf(queryRunner)
      // None outside a transaction; and one that is busy with a savepoint already is asked from within a write.
      if (!level || level.inner) return await transaction()
      const inner = (level.inner = this.#newWrites(queryRunner))
      try {
        return await transaction()
      } finally {
        inner.end()
        level.inner = undefined
      }
    })
  }

  /** True within a write of the transaction that is open. */
  isInside(queryRunner: FollowedRunner): boolean {
    return levelOf(queryRunner)?.turns.isInside ?? false
  }

  /** True for a call that does not come from within the savepoint that is open: it is about the whole transaction. */
  isOutsideSavepoint(queryRunner: FollowedRunner): boolean {
    const writes = queryRunner[WRITES]
    return writes?.inner !== undefined && !writes.turns.isInside
  }

  /** True within a write that was still on its way when its transaction ended. */
  isLate(queryRunner: FollowedRunner): boolean {
    const late = queryRunner[LATE]
    if (!late) return false
    for (const writes of late) {
      if (!writes.isRunning) late.delete(writes)
      else if (writes.turns.isInside) return true
    }
    if (late.size === 0) queryRunner[LATE] = undefined
    return false
  }

  /** True if there have been writes since the transaction began. */
  isFollowed(queryRunner: FollowedRunner): boolean {
    return queryRunner[WRITES] !== undefined
  }

  /** A transaction, or a savepoint, is about to begin, to be committed, or to be released. */
  settled(queryRunner: FollowedRunner): Promise<void> | undefined {
    const writes = levelOf(queryRunner)
    return writes && waitUpTo(this.#maxWait, writes.settled())
  }

  /** The same before a rollback: of a whole transaction, nothing more is begun. */
  rollingBack(queryRunner: FollowedRunner, { whole }: { whole: boolean }): Promise<void> | undefined {
    const writes = levelOf(queryRunner)
    if (!writes) return undefined
    if (whole) writes.end()
    return waitUpTo(this.#maxWait, writes.settled())
  }

  /** The transaction is over. What has not begun yet is refused. */
  ended(queryRunner: FollowedRunner): void {
    const writes = queryRunner[WRITES]
    if (!writes) return
    writes.end()
    queryRunner[WRITES] = undefined
    if (writes.isRunning) (queryRunner[LATE] ??= new Set()).add(writes)
  }

  #newWrites(queryRunner: QueryRunner): Writes {
    return new Writes(
      new TurnsOnOneConnection(undefined, {
        timeout: this.#turnTimeout,
        what: 'another write of the same transaction',
        isBusy: () => this.#isUploading(queryRunner),
      }),
    )
  }
}

/** The writes to which a call belongs: those of the savepoint from within which it comes, or of the transaction. */
function levelOf(queryRunner: FollowedRunner): Writes | undefined {
  let level = queryRunner[WRITES]
  while (level?.inner && level.turns.isInside) level = level.inner
  return level
}
