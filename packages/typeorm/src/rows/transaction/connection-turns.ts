import { NO_TURNS, TurnsOnOneConnection, type Turns } from '@filedepot/core/integration'
import type { DataSource, QueryRunner } from 'typeorm'
import { singleRunnerOf } from '../../typeorm-internals.ts'
import type { ListeningEntities } from './listening-entities.ts'
import type { TransactionWrites } from './transaction-writes.ts'

/** Drivers with one connection, and so one transaction at a time, for the whole data source. */
const SINGLE = new Set([
  'better-sqlite3',
  'sqljs',
  'expo',
  'capacitor',
  'cordova',
  'react-native',
  'nativescript',
])

/** What {@link turnsOf} needs to know. */
export interface TurnParts {
  /** How long a turn is waited for, in milliseconds. */
  readonly timeout: number
  /** True while a file is uploaded on the query runner. */
  readonly isUploading: (queryRunner: QueryRunner) => boolean
  /**
   * Called at the end of each turn of the only query runner: a statement that fails outside a transaction emits no event, and
   * no other write runs at that moment.
   */
  readonly finished: (queryRunner: QueryRunner) => Promise<void> | undefined
}

/** The turns of a data source: none if each transaction has a connection of its own. */
export function turnsOf(dataSource: DataSource, { timeout, isUploading, finished }: TurnParts): Turns {
  if (!SINGLE.has(dataSource.options.type)) return NO_TURNS
  const atEnd = () => {
    const single = singleRunnerOf(dataSource)
    return single && finished(single)
  }
  const isBusy = () => {
    const single = singleRunnerOf(dataSource)
    return single !== undefined && isUploading(single)
  }
  return new TurnsOnOneConnection(atEnd, { timeout, isBusy, what: 'the one connection of the database' })
}

/** Runs what begins a transaction of its own to write an entity, when its turn has come. */
export type InTurn = <T>(target: unknown, action: () => Promise<T>) => Promise<T>

/**
 * Lets the transactions of a data source with one connection follow each other.
 *
 * TypeORM lets them mix: of two saves at the same time the second writes into the transaction of the first, even
 * before it has begun, and goes down with it. While a file is uploaded within a save, that would be the rule. Here
 * the second waits. What runs inside a transaction, also through the outer repositories, goes on at once, and so
 * does everything on a query runner of your own, which shares the connection as before.
 */
export class ConnectionTurns {
  readonly #dataSource: DataSource
  readonly #turns: Turns
  readonly #writes: TransactionWrites
  readonly #listening: ListeningEntities

  constructor(
    dataSource: DataSource,
    parts: { turns: Turns; writes: TransactionWrites; listening: ListeningEntities },
  ) {
    this.#dataSource = dataSource
    this.#turns = parts.turns
    this.#writes = parts.writes
    this.#listening = parts.listening
  }

  /** False if each transaction has a connection of its own. */
  get hasTurns(): boolean {
    return this.#turns !== NO_TURNS
  }

  readonly inTurn: InTurn = (target, action) =>
    this.hasTurns ? this.#run(action, this.#isEntered(target)) : action()

  /** Runs `save`, `remove` and the like of the manager of the data source. */
  runSave<T>(argument: unknown, save: () => Promise<T>): Promise<T> {
    const entered = [argument].flat().some((one) => this.#isEntered(targetOf(one)))
    return this.#run(save, entered)
  }

  /** Runs `dataSource.transaction()`; within a transaction, as a part of it. */
  runTransaction<T>(transaction: () => Promise<T>): Promise<T> {
    const single = singleRunnerOf(this.#dataSource)
    return single && !this.#turns.isOutside
      ? this.#writes.runNested(single, transaction)
      : this.#turns.run(transaction, true)
  }

  /** What runs inside a transaction is a write of that, as if it was called on its manager. */
  #run<T>(action: () => Promise<T>, entered: boolean): Promise<T> {
    const single = singleRunnerOf(this.#dataSource)
    return single && !this.#turns.isOutside
      ? this.#writes.run(single, action)
      : this.#turns.run(action, entered)
  }

  /** A subscriber, or a listener of an entity, may do whatever it likes within a save. */
  #isEntered(target: unknown): boolean {
    return this.#dataSource.subscribers.length > 0 || !this.#listening.hasNoListeners(target)
  }
}

/** The class of an entity; whatever else names an entity is what it is. */
function targetOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !('options' in value) ? value.constructor : value
}
