import type { LazyPromise, PrismaInternals } from '../../prisma-internals.ts'

/**
 * The only connection of better-sqlite3. A statement that is sent during an open transaction runs inside it, and is rolled back
 * with it, although its promise reported success. A pair of statements needs its own transaction, so it waits for the end.
 */
export class SingleConnection {
  readonly #internals: PrismaInternals
  #transactions = 0
  #statements = 0
  #whenIdle: (() => void)[] = []

  constructor(internals: PrismaInternals) {
    this.#internals = internals
  }

  /** Runs a write of one statement outside of every transaction but its own. */
  async statement<T>(run: () => LazyPromise<T>): Promise<T> {
    if (this.#internals.provider !== 'sqlite') return await run()
    const { original } = this.#internals
    if (this.#transactions > 0) {
      const [, result] = (await original.$transaction([original.$queryRawUnsafe('SELECT 1'), run()])) as [
        unknown,
        T,
      ]
      return result
    }
    this.#statements++
    try {
      return await run()
    } finally {
      this.#statements--
      if (this.#statements === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    }
  }

  /** Runs a transaction when no statement is in progress that would get into it. */
  async transaction<T>(run: () => Promise<T>): Promise<T> {
    if (this.#internals.provider !== 'sqlite') return await run()
    this.#transactions++
    try {
      if (this.#statements > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
      return await run()
    } finally {
      this.#transactions--
    }
  }
}
