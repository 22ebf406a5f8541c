import { FiledepotError } from '@filedepot/core'
import type { Turns } from '@filedepot/core/integration'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { QueryRunner } from 'typeorm'
import { dataSourceOf, familyOf } from '../../typeorm-internals.ts'

/** The end of a transaction or of a savepoint, from the moment in which its statement is sent. */
class End {
  readonly isWhole: boolean
  #isOver = false
  #over: Promise<void> | undefined
  #resolve: (() => void) | undefined

  constructor(isWhole: boolean) {
    this.isWhole = isWhole
  }

  /** Resolves when the database has answered. Created on first use, because most callers do not wait for it. */
  get over(): Promise<void> {
    return (this.#over ??= new Promise((resolve) => {
      if (this.#isOver) resolve()
      else this.#resolve = resolve
    }))
  }

  ended(): void {
    this.#isOver = true
    this.#resolve?.()
  }
}

/** Kept in the query runner: each write asks for them. */
const END = Symbol('filedepot.end')
const ONE_TRANSACTION = Symbol('filedepot.oneTransaction')

type EndingRunner = QueryRunner & { [END]?: End | undefined; [ONE_TRANSACTION]?: boolean }

/** What a write may do that comes to a query runner now. */
export type Admission = 'go' | 'wait' | 'refuse'

/**
 * Which query runners are ending a transaction, or have ended the only one that they were made for.
 *
 * TypeORM lets a statement through that comes while COMMIT or ROLLBACK is in progress, as with `Promise.all` of which one
 * part fails. It runs after the transaction, and commits itself.
 */
export class RunnerEnds {
  readonly #turns: Turns
  readonly #afterwards = new AsyncLocalStorage<true>()
  #isOpening = false

  /** @param turns of the data source, which tell on SQLite's one connection who belongs to the transaction */
  constructor(turns: Turns) {
    this.#turns = turns
  }

  /** Marks the query runner that is made in here, before the action waits for anything: after its transaction, it is released. */
  whileOpening<T>(action: () => T): T {
    this.#isOpening = true
    try {
      return action()
    } finally {
      this.#isOpening = false
    }
  }

  /** A query runner was made. */
  made(queryRunner: EndingRunner): void {
    // Everybody has the same one on SQLite's one connection.
    if (this.#isOpening && familyOf(dataSourceOf(queryRunner)) !== 'sqlite')
      queryRunner[ONE_TRANSACTION] = true
  }

  /** The statement is about to be sent that ends the transaction, or a savepoint. */
  begin(queryRunner: EndingRunner, isWhole: boolean): End {
    return (queryRunner[END] = new End(isWhole))
  }

  /** The database has answered, or the statement was never sent. */
  ended(queryRunner: EndingRunner, end: End, hasEnded: boolean): void {
    const isSqlite = familyOf(dataSourceOf(queryRunner)) === 'sqlite'
    // Servers end a transaction also by a COMMIT that fails; SQLite goes on with it.
    const isClosed = end.isWhole && !isSqlite && (!hasEnded || queryRunner[ONE_TRANSACTION] === true)
    if (!isClosed && queryRunner[END] === end) queryRunner[END] = undefined
    end.ended()
  }

  /** True for query runners that need a check by {@link RunnerEnds.admit}. */
  isEnding(queryRunner: EndingRunner): boolean {
    return queryRunner[END] !== undefined
  }

  /** What a write may do that begins now. */
  admit(queryRunner: EndingRunner): Admission {
    const end = queryRunner[END]
    if (!end || this.#afterwards.getStore()) return 'go'
    if (!end.isWhole) return 'wait'
    // Others who share the connection are not to suffer from the end of a transaction that is not theirs.
    return this.#isBeside(queryRunner) ? 'wait' : 'refuse'
  }

  /** True if a statement must not be sent any more. */
  isTooLate(queryRunner: EndingRunner): boolean {
    return queryRunner[END]?.isWhole === true && this.admit(queryRunner) === 'refuse'
  }

  /** Waits until something may begin on the query runner. @throws FiledepotError `TRANSACTION_SETTLED` */
  async admitted(queryRunner: QueryRunner): Promise<void> {
    while (this.isEnding(queryRunner)) {
      const admission = this.admit(queryRunner)
      if (admission === 'refuse') throw tooLate()
      if (admission === 'go') return
      await this.over(queryRunner)
    }
  }

  /** Resolves when the end is over that is under way. */
  async over(queryRunner: EndingRunner): Promise<void> {
    await queryRunner[END]?.over
  }

  /** Runs the subscribers of the application for the event after the end. They may write, and begin a transaction. */
  runAfterwards(queryRunner: EndingRunner, action: () => void): void {
    if (queryRunner[ONE_TRANSACTION] && dataSourceOf(queryRunner).subscribers.length > 0)
      this.#afterwards.run(true, action)
    else action()
  }

  #isBeside(queryRunner: QueryRunner): boolean {
    return familyOf(dataSourceOf(queryRunner)) === 'sqlite' && this.#turns.isOutside
  }
}

/** The error of a write that comes after its transaction. */
export function tooLate(): FiledepotError {
  return new FiledepotError(
    'TRANSACTION_SETTLED',
    'This write came too late: its transaction has ended or is ending. ' +
      'Wait for every write before the callback of the transaction ends, even after one of them has failed. ' +
      'Use `Promise.allSettled`, not `Promise.all`.',
  )
}
