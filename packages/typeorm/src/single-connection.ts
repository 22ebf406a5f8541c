import { AsyncLocalStorage } from 'node:async_hooks'
import type { DataSource } from 'typeorm'

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
export function followEachOther(dataSource: DataSource): void {
  if (!SINGLE.has(dataSource.options.type)) return
  const turns = new Turns()
  const { manager } = dataSource
  for (const name of METHODS) {
    const method = manager[name].bind(manager) as (...args: unknown[]) => Promise<unknown>
    const inTurn = (...args: unknown[]) => turns.run(() => method(...args))
    Object.defineProperty(manager, name, { value: inTurn, configurable: true })
  }
}

/** Runs one thing at a time, in the order of the calls; a call from within the running thing runs at once. */
class Turns {
  readonly #inside = new AsyncLocalStorage<{ running: boolean }>()
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  async run<T>(action: () => Promise<T>): Promise<T> {
    // A turn that has ended may live on in what it left running; that waits like everybody else.
    if (this.#inside.getStore()?.running) return await action()

    const before = this.#waiting++ > 0 ? this.#last : undefined
    const turn = { running: true }
    const running = (async () => {
      await before
      return await this.#inside.run(turn, action)
    })()
    this.#last = running.catch(() => undefined)
    try {
      return await running
    } finally {
      turn.running = false
      this.#waiting--
    }
  }
}
