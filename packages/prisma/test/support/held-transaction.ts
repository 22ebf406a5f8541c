import type { TestClient, TestTransaction } from './test-database.ts'

/** What the callback of a transaction is ended with where it is to be rolled back. */
class RolledBack extends Error {}

/** Nothing here is to time out. Prisma changes the options of a nested transaction, so each gets its own. */
const PATIENTLY = { maxWait: 60_000, timeout: 600_000 }

/** A transaction whose callback waits for what it is told, step by step. */
export class HeldTransaction {
  readonly client: TestTransaction
  readonly #end: (error?: Error) => void
  readonly #ended: Promise<void>

  private constructor(client: TestTransaction, end: (error?: Error) => void, ended: Promise<void>) {
    this.client = client
    this.#end = end
    this.#ended = ended
  }

  /** In a transaction, a savepoint. */
  static async begin(client: Pick<TestClient, '$transaction'>): Promise<HeldTransaction> {
    let end: (error?: Error) => void = () => undefined
    const told = new Promise<void>((resolve, reject) => {
      end = (error) => {
        if (error) reject(error)
        else resolve()
      }
    })
    return await new Promise((resolve, reject) => {
      const ended: Promise<void> = client.$transaction(
        async (inner) => {
          resolve(new HeldTransaction(inner, end, ended))
          await told
        },
        { ...PATIENTLY },
      )
      ended.catch(reject)
    })
  }

  /** Lets the callback return. Rejects as the transaction does. */
  async commit(): Promise<void> {
    this.#end()
    await this.#ended
  }

  /** Lets the callback reject, and forgives that. */
  async rollback(): Promise<void> {
    this.#end(new RolledBack('rolled back on purpose'))
    await this.#ended.catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error
    })
  }
}
