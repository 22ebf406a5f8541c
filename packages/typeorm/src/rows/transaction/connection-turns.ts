import { NO_TURNS, TurnsOnOneConnection, type Turns } from '@filedepot/core'
import type { DataSource, QueryRunner } from 'typeorm'
import type { ListeningEntities } from './listening-entities.ts'
import type { TransactionWrites } from '../hooks/entity-managers.ts'

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
   * Hears at the end of each turn of the one query runner, as a statement that fails outside a transaction says nothing,
   * and nobody else is at work then.
   */
  readonly finished: (queryRunner: QueryRunner) => Promise<void> | undefined
}

/** The turns of a data source: none where each transaction has a connection of its own. */
export function turnsOf(
  { driver, options }: DataSource,
  { timeout, isUploading, finished }: TurnParts,
): Turns {
  if (!SINGLE.has(options.type)) return NO_TURNS
  const atEnd = () => {
    const single = singleOf(driver)
    return single && finished(single)
  }
  const isBusy = () => {
    const single = singleOf(driver)
    return single !== undefined && isUploading(single)
  }
  return new TurnsOnOneConnection(atEnd, { timeout, isBusy, what: 'the one connection of the database' })
}

/** The driver keeps its one query runner; asking the data source for it would give it a new manager each time. */
function singleOf(driver: DataSource['driver']): QueryRunner | undefined {
  return (driver as { queryRunner?: QueryRunner }).queryRunner
}

/** Runs what begins a transaction of its own to write an entity, when its turn has come. */
export type InTurn = <T>(target: unknown, action: () => Promise<T>) => Promise<T>

/** What begins a transaction of its own, and has entities for its arguments. */
const METHODS = ['save', 'remove', 'softRemove', 'recover'] as const

/**
 * Lets the transactions of a data source with one connection follow each other.
 *
 * TypeORM lets them mix: of two saves at the same time the second writes into the transaction of the first, even
 * before it has begun, and goes down with it. While a file is uploaded within a save, that would be the rule. Here
 * the second waits. What runs inside a transaction, also through the outer repositories, goes on at once, and so
 * does everything on a query runner of your own, which shares the connection as before.
 */
export function followEachOther(
  dataSource: DataSource,
  { turns, writes, listening }: { turns: Turns; writes: TransactionWrites; listening: ListeningEntities },
): InTurn {
  // A subscriber, or a listener of an entity, may do whatever it likes within a save.
  const isEntered = (target: unknown) => dataSource.subscribers.length > 0 || !listening.isDeaf(target)
  if (turns === NO_TURNS) return (_, action) => action()
  /** What runs inside a transaction is a write of that, as if it was called on its manager. */
  const run = <T>(action: () => Promise<T>, entered: boolean): Promise<T> => {
    const single = singleOf(dataSource.driver)
    return single && !turns.isOutside ? writes.run(single, action) : turns.run(action, entered)
  }
  const inTurn: InTurn = (target, action) => run(action, isEntered(target))

  const { manager } = dataSource
  const replace = (name: (typeof METHODS)[number], entered: (argument: unknown) => boolean) => {
    const method = manager[name].bind(manager) as (...args: unknown[]) => Promise<unknown>
    const value = (...args: unknown[]) => run(() => method(...args), entered(args[0]))
    Object.defineProperty(manager, name, { value, configurable: true })
  }
  const transaction = manager.transaction.bind(manager) as (...args: unknown[]) => Promise<unknown>
  const value = (...args: unknown[]) => {
    const single = singleOf(dataSource.driver)
    const begin = () => transaction(...args)
    return single && !turns.isOutside ? writes.runNested(single, begin) : turns.run(begin, true)
  }
  Object.defineProperty(manager, 'transaction', { value, configurable: true })
  for (const name of METHODS) {
    replace(name, (argument) =>
      Array.isArray(argument)
        ? argument.some((one) => isEntered(targetOf(one)))
        : isEntered(targetOf(argument)),
    )
  }
  return inTurn
}

/** The class of an entity; whatever else names an entity is what it is. */
function targetOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !('options' in value) ? value.constructor : value
}
