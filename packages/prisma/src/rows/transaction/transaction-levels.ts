import { stateAfter, type TransactionState } from '../database-errors.ts'
import type { UncertainWrite } from '../reading/held-files.ts'
import type { PrismaInternals, TransactionLink } from '../../prisma-internals.ts'

/** A level of a transaction: itself, or one of its savepoints. */
export interface Level {
  /** A savepoint of ours, by which we see whether the transaction is still the same. */
  marker: Promise<void> | undefined
  /** True if it had one that was released in a look at the transaction. */
  wasMarked: boolean
  /** Writes that failed. What they left is looked at before the commit. */
  readonly uncertainWrites: UncertainWrite[]
}

/** How a transaction is, and what the database said of it. */
export interface FoundState {
  readonly state: TransactionState
  readonly error?: unknown
}

/** A transaction and its savepoints, each with a marker by which the database says whether it still has the transaction. */
export class TransactionLevels {
  readonly #internals: PrismaInternals
  readonly #link: TransactionLink
  readonly #levels: Level[] = [newLevel()]

  constructor(internals: PrismaInternals, link: TransactionLink) {
    this.#internals = internals
    this.#link = link
  }

  /** The innermost. */
  get top(): Level {
    const top = this.#levels.at(-1)
    if (!top) throw new TypeError('The transaction has no level')
    return top
  }

  get depth(): number {
    return this.#levels.length
  }

  /** True if one of them has a marker, or had one. */
  get isMarked(): boolean {
    return this.#levels.some(({ marker, wasMarked }) => marker !== undefined || wasMarked)
  }

  /** A savepoint has begun. */
  push(): void {
    this.#levels.push(newLevel())
  }

  /** A savepoint has ended. */
  pop(): Level | undefined {
    return this.#levels.pop()
  }

  /** Sets the marker of the innermost level, unless it has one. */
  async mark(): Promise<void> {
    const { top } = this
    top.marker ??= this.#execute(`SAVEPOINT ${this.#name}`)
    try {
      await top.marker
    } catch (error) {
      top.marker = undefined
      throw error
    }
  }

  /** Releases the marker: that fails if the transaction in which it was set is not there any more. */
  async release(): Promise<FoundState> {
    try {
      if (!this.top.marker) await this.#execute(`SAVEPOINT ${this.#name}`)
      await this.#execute(`RELEASE SAVEPOINT ${this.#name}`)
      return { state: 'intact' }
    } catch (error) {
      return { state: stateAfter(this.#internals.provider, error), error }
    }
  }

  /** Looks in the middle of a transaction, which goes on. */
  async look(): Promise<FoundState> {
    const found = await this.release()
    if (found.state !== 'intact' || !this.top.marker) return found
    this.top.marker = undefined
    this.top.wasMarked = true
    return found
  }

  /** Looks, and the level has a marker again if it had one. */
  async lookAndMark(): Promise<TransactionState> {
    const { state } = await this.look()
    // If it cannot be set, the look before the COMMIT says so.
    if (state === 'intact' && this.top.wasMarked) await this.mark().catch(() => undefined)
    return state
  }

  get #name(): string {
    return `filedepot_${this.depth}`
  }

  async #execute(statement: string): Promise<void> {
    await this.#internals.original.$executeRawUnsafe(statement).requestTransaction(this.#link)
  }
}

function newLevel(): Level {
  return { marker: undefined, wasMarked: false, uncertainWrites: [] }
}
