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
  readonly subject: unknown
  readonly claim: StatementClaim
  savepoint: number
}

/** The claims of one transaction. */
export class StatementClaims {
  readonly #transaction: FileTransaction
  #open: OpenClaim[] = []

  constructor(transaction: FileTransaction) {
    this.#transaction = transaction
  }

  /** @param subject the entity, or whatever else the event after the statement names the row by */
  add(subject: unknown, claim: StatementClaim): void {
    this.#open.push({ subject, claim, savepoint: this.#transaction.savepoints })
  }

  /** The statement has run: what the row gave up goes with the commit. */
  confirm(subject: unknown): void {
    const confirmed = this.#open.filter((open) => open.subject === subject)
    if (confirmed.length === 0) return
    this.#open = this.#open.filter((open) => open.subject !== subject)
    for (const { claim } of confirmed) this.#transaction.discard(claim.lost)
  }

  /** Savepoints were released: their claims belong to what is around them. */
  released(): void {
    const { savepoints } = this.#transaction
    for (const open of this.#open) open.savepoint = Math.min(open.savepoint, savepoints)
  }

  /** Savepoints were rolled back, and with them whatever their statements did. */
  rolledBack(): void {
    const { savepoints } = this.#transaction
    this.#open = this.#open.filter(({ savepoint }) => savepoint <= savepoints)
  }

  /** Before the commit: looks in the database for the statements that nothing was heard of. */
  async verify(queryRunner: QueryRunner): Promise<void> {
    for (const { claim } of this.#open.splice(0)) {
      if (await claim.isWritten(queryRunner)) {
        this.#transaction.discard(claim.lost)
      } else {
        this.#transaction.discard(claim.gained)
        claim.revert()
      }
    }
  }
}
