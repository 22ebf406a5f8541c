import { NO_TURNS, TurnsOnOneConnection, type Turns } from '@filedepot/core'
import type { DataSource, QueryRunner } from 'typeorm'
import type { ListeningEntities } from './listening-entities.ts'

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

/**
 * The turns of a data source: none where each transaction has a connection of its own.
 *
 * @param finished hears at the end of each turn of the one query runner, as a statement that fails outside a transaction
 *   says nothing, and nobody else is at work then
 */
export function turnsOf(
  { driver, options }: DataSource,
  finished: (queryRunner: QueryRunner) => Promise<void> | undefined,
): Turns {
  if (!SINGLE.has(options.type)) return NO_TURNS
  // The driver keeps it; asking the data source for it would give it a new manager each time.
  const single = driver as { queryRunner?: QueryRunner }
  return new TurnsOnOneConnection(() => single.queryRunner && finished(single.queryRunner))
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
export function followEachOther(dataSource: DataSource, turns: Turns, listening: ListeningEntities): InTurn {
  // A subscriber, or a listener of an entity, may do whatever it likes within a save.
  const isEntered = (target: unknown) => dataSource.subscribers.length > 0 || !listening.isDeaf(target)
  const inTurn: InTurn = (target, action) => turns.run(action, isEntered(target))
  if (turns === NO_TURNS) return inTurn

  const { manager } = dataSource
  const replace = (
    name: 'transaction' | (typeof METHODS)[number],
    entered: (argument: unknown) => boolean,
  ) => {
    const method = manager[name].bind(manager) as (...args: unknown[]) => Promise<unknown>
    const run = (...args: unknown[]) => turns.run(() => method(...args), entered(args[0]))
    Object.defineProperty(manager, name, { value: run, configurable: true })
  }
  replace('transaction', () => true)
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
