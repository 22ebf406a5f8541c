import type { FileTransaction } from '@filedepot/core'
import type { QueryRunner } from 'typeorm'

/**
 * What one statement is about to do to the files of a row. It counts when the statement has run: a save inside a
 * transaction can fail, by its own statement or by another hook, and the transaction be committed all the same.
 */
export interface StatementClaim {
  /** Paths that were uploaded for the row. */
  readonly gained: readonly string[]
  /** Paths that the row gives up. */
  readonly lost: readonly string[]
  /** Asks the database, within the transaction, whether the row is as the statement was to make it. */
  isWritten(queryRunner: QueryRunner): Promise<boolean>
  /** The statement did not run: puts back what it found. */
  revert(): void
}

/** A claim whose statement has not been heard of, and the savepoint within which it was made. */
interface OpenClaim {
  readonly claim: StatementClaim
  savepoint: number
}

/** The claims of one transaction. */
export class StatementClaims {
  readonly #transaction: FileTransaction
  /** By the entity, or whatever else the event after the statement names its rows by. */
  readonly #open = new Map<unknown, OpenClaim[]>()

  constructor(transaction: FileTransaction) {
    this.#transaction = transaction
  }

  add(subject: unknown, claim: StatementClaim): void {
    const open = this.#open.get(subject) ?? []
    open.push({ claim, savepoint: this.#transaction.savepoints })
    this.#open.set(subject, open)
  }

  /** The statement has changed all of its rows: what they gave up goes with the commit. */
  confirm(subject: unknown): void {
    for (const { claim } of this.#take(subject)) this.#transaction.discard(claim.lost)
  }

  /**
   * The event after the statement came. A trigger of the database may have kept the row all the same; so where files are
   * to go, the row is looked at.
   */
  async heard(subject: unknown, queryRunner: QueryRunner): Promise<void> {
    for (const { claim } of this.#take(subject)) {
      if (claim.lost.length > 0) await this.#verify(claim, queryRunner)
    }
  }

  /** Savepoints were released: their claims belong to what is around them. */
  released(): void {
    const { savepoints } = this.#transaction
    for (const open of [...this.#open.values()].flat()) open.savepoint = Math.min(open.savepoint, savepoints)
  }

  /** Savepoints were rolled back, and with them whatever their statements did. */
  rolledBack(): void {
    const { savepoints } = this.#transaction
    for (const [subject, open] of this.#open) {
      this.#open.set(
        subject,
        open.filter(({ savepoint }) => savepoint <= savepoints),
      )
    }
  }

  /** Looks in the database what a statement did of which no event can say it. */
  async verify(subject: unknown, queryRunner: QueryRunner): Promise<void> {
    for (const { claim } of this.#take(subject)) await this.#verify(claim, queryRunner)
  }

  /** Before the commit: looks in the database for the statements that nothing was heard of. */
  async verifyAll(queryRunner: QueryRunner): Promise<void> {
    for (const subject of [...this.#open.keys()]) await this.verify(subject, queryRunner)
  }

  async #verify(claim: StatementClaim, queryRunner: QueryRunner): Promise<void> {
    if (await claim.isWritten(queryRunner)) {
      this.#transaction.discard(claim.lost)
    } else {
      this.#transaction.discard(claim.gained)
      claim.revert()
    }
  }

  #take(subject: unknown): readonly OpenClaim[] {
    const open = this.#open.get(subject) ?? []
    this.#open.delete(subject)
    return open
  }
}
