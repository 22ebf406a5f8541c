import { AsyncLocalStorage } from 'node:async_hooks'
import type { DataSource, QueryRunner } from 'typeorm'
import type { FileEntities } from './file-entities.ts'
import type { RunnerTransactions } from './runner-transactions.ts'

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

/** Runs what begins a transaction of its own when its turn has come. */
export type InTurn = <T>(action: () => Promise<T>) => Promise<T>

/** What begins a transaction of its own. */
const METHODS = ['save', 'remove', 'softRemove', 'recover', 'transaction'] as const

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
  { entities, transactions }: { entities: FileEntities; transactions: RunnerTransactions },
): InTurn {
  if (!SINGLE.has(dataSource.options.type)) return (action) => action()
  const turns = new Turns(async () => {
    // A statement that failed outside a transaction says nothing, and nobody else is at work now.
    if (transactions.anyOpen) await transactions.finished(onlyRunnerOf(dataSource))
  })
  const { manager } = dataSource
  for (const name of METHODS) {
    const method = manager[name].bind(manager) as (...args: unknown[]) => Promise<unknown>
    const inTurn = (...args: unknown[]) => {
      const entered = name === 'transaction' || canBeEntered(dataSource, entities, args[0])
      return turns.run(() => method(...args), entered)
    }
    Object.defineProperty(manager, name, { value: inTurn, configurable: true })
  }
  return (action) => turns.run(action, true)
}

/** The driver keeps the query runner; asking the data source for it would give it a new manager each time. */
function onlyRunnerOf(dataSource: DataSource): QueryRunner {
  const { queryRunner } = dataSource.driver as { queryRunner?: QueryRunner }
  return queryRunner ?? dataSource.createQueryRunner()
}

/**
 * True where other code runs within a save or removal, and could begin another: a subscriber, a listener of an entity,
 * or what an upload brings with it. To notice that costs every promise of the process something, so a save of which
 * it is impossible goes without.
 */
function canBeEntered(dataSource: DataSource, entities: FileEntities, argument: unknown): boolean {
  if (dataSource.subscribers.length > 1) return true
  const targets = Array.isArray(argument) ? (argument as unknown[]).map(targetOf) : [targetOf(argument)]
  return targets.some((target) => entities.isNearFiles(target))
}

/** The class of an entity; whatever else names an entity is what it is. */
function targetOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !('options' in value) ? value.constructor : value
}

/** Runs one thing at a time, in the order of the calls; a call from within the running thing runs at once. */
class Turns {
  readonly #inside = new AsyncLocalStorage<{ running: boolean }>()
  /** Resolves when the last turn that was asked for has ended; absent while there is none. */
  #last: Promise<void> | undefined
  readonly #atEnd: () => Promise<void>

  /** @param atEnd runs as the last part of a turn that can be entered */
  constructor(atEnd: () => Promise<void>) {
    this.#atEnd = atEnd
  }

  /** @param entered whether other code can call from within the action */
  run<T>(action: () => Promise<T>, entered: boolean): Promise<T> {
    // A turn that has ended may live on in what it left running; that waits like everybody else.
    if (this.#inside.getStore()?.running) return action()

    const turn = { running: true }
    const begin = () => (entered ? this.#inside.run(turn, () => this.#toEnd(action)) : action())
    const running = this.#last ? this.#last.then(begin) : begin()
    const end = () => {
      turn.running = false
      if (this.#last !== ended) return
      this.#last = undefined
      if (entered) this.#inside.disable()
    }
    const ended: Promise<void> = running.then(end, end)
    this.#last = ended
    return running
  }

  async #toEnd<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } finally {
      await this.#atEnd()
    }
  }
}
