import type { FileTransaction } from '@filedepot/core/integration'
import type { EntityMetadata, QueryRunner } from 'typeorm'

/** What hooks prepare, before the statement that does it. */
export type HookedKind = 'insert' | 'update' | 'remove'

/**
 * What one statement is about to do to the files of a row. It counts when the statement has run: a save inside a
 * transaction can fail, by its own statement or by another hook, and the transaction be committed all the same.
 */
export interface StatementClaim {
  readonly metadata: EntityMetadata
  /** What TypeORM, or the database by a cascade, is about to do with the row; of what is left over, nothing. */
  readonly kind: HookedKind | 'cascade' | 'leftover'
  /** Paths that were uploaded for the row. */
  readonly gained: readonly string[]
  /** Paths that the row gives up. */
  readonly lost: readonly string[]
  /** Paths that were uploaded before the transaction, and are the row's from now on. */
  readonly adopted: readonly string[]
  /** Paths whose copies the row gets: they go with the commit if it does. */
  readonly left: readonly string[]
  /** Those of the paths that rows hold now, asked of the database within the transaction. */
  held(queryRunner: QueryRunner): Promise<ReadonlySet<string>>
  /** The statement did not run: puts back what it found. */
  revert(): void
}

/** A claim whose statement has not been heard of, and the scope of the file transaction in which it was made. */
interface OpenClaim {
  readonly claim: StatementClaim
  readonly scope: object
}

/** The claims of one transaction. */
export class StatementClaims {
  readonly #transaction: FileTransaction
  /** By the entity, or whatever else the event after the statement names its rows by. */
  readonly #open = new Map<unknown, OpenClaim[]>()
  /** How many of them hooks have made for the rows of an entity, by the statement that is to come. */
  readonly #expected: Readonly<Record<HookedKind, Map<EntityMetadata, number>>> = {
    insert: new Map(),
    update: new Map(),
    remove: new Map(),
  }

  constructor(transaction: FileTransaction) {
    this.#transaction = transaction
  }

  /** @param scope in which its files were uploaded; savepoints may have come and gone since */
  add(subject: unknown, claim: StatementClaim, scope = this.#transaction.scope): void {
    const open = this.#open.get(subject)
    if (open) open.push({ claim, scope })
    else this.#open.set(subject, [{ claim, scope }])
    this.#count(claim, 1)
  }

  /** True if a hook has claimed rows of this entity, and such a statement has not been heard of. */
  expects(metadata: EntityMetadata, kind: HookedKind): boolean {
    return (this.#expected[kind].get(metadata) ?? 0) > 0
  }

  /** The statement has changed all of its rows: what they gave up goes with the commit. */
  confirm(subject: unknown): void {
    for (const { lost, left } of this.#take(subject)) {
      this.#transaction.discard(lost)
      this.#transaction.discard(left)
    }
  }

  /**
   * Called after a DELETE with the number of removed rows. If it is the expected number, no check is needed.
   * Returns the expected number.
   */
  removed(metadata: EntityMetadata, count: number): number {
    const subjects = [...this.#open].filter(([, open]) =>
      open.some(({ claim }) => claim.metadata === metadata && claim.kind === 'remove'),
    )
    const claims = subjects.flatMap(([, open]) => open)
    if (claims.length === count && claims.every(({ claim }) => claim.kind === 'remove')) {
      for (const [subject] of subjects) this.confirm(subject)
    }
    return claims.filter(({ claim }) => claim.metadata === metadata && claim.kind === 'remove').length
  }

  /**
   * The event after the statement came. That says little where there was a row before: a trigger of the database may
   * have kept it, it may have gone, or the same save may have written it twice. So then the row is looked at, and this returns a
   * promise.
   */
  heard(subject: unknown, queryRunner: QueryRunner): Promise<unknown> | undefined {
    const heard = this.#take(subject)
    const looked = heard.filter(({ kind }) => kind !== 'insert')
    for (const { kind, left } of heard) if (kind === 'insert') this.#transaction.discard(left)
    if (looked.length === 0) return undefined
    return Promise.all(looked.map((claim) => this.#verify(claim, queryRunner)))
  }

  /** Savepoints were rolled back, and with them whatever their statements did. */
  rolledBack(): void {
    for (const [subject, open] of this.#open) {
      const left = open.filter(({ scope }) => this.#transaction.isOpen(scope))
      for (const one of open) if (!left.includes(one)) this.#count(one.claim, -1)
      if (left.length > 0) this.#open.set(subject, left)
      else this.#open.delete(subject)
    }
  }

  /** Reads from the database what a statement without events did. */
  async verify(subject: unknown, queryRunner: QueryRunner): Promise<void> {
    await Promise.all(this.#take(subject).map((claim) => this.#verify(claim, queryRunner)))
  }

  /** Looks in the database for the statements that nothing was heard of, also those that come up meanwhile. */
  async verifyAll(queryRunner: QueryRunner): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.all([...this.#open.keys()].map((subject) => this.verify(subject, queryRunner)))
    }
  }

  async #verify(claim: StatementClaim, queryRunner: QueryRunner): Promise<void> {
    if (claim.gained.length + claim.lost.length + claim.adopted.length === 0) return
    const held = await claim.held(queryRunner)
    this.#transaction.discard([...claim.gained, ...claim.lost].filter((path) => !held.has(path)))
    const wanted = [...claim.gained, ...claim.adopted]
    if (wanted.length === 0) return
    if (wanted.some((path) => held.has(path))) this.#transaction.discard(claim.left)
    else claim.revert()
  }

  #take(subject: unknown): readonly StatementClaim[] {
    const open = this.#open.get(subject)
    if (!open) return []
    this.#open.delete(subject)
    const claims = open.map(({ claim }) => claim)
    for (const claim of claims) this.#count(claim, -1)
    return claims
  }

  #count({ kind, metadata }: StatementClaim, change: 1 | -1): void {
    if (kind === 'cascade' || kind === 'leftover') return
    const counts = this.#expected[kind]
    counts.set(metadata, (counts.get(metadata) ?? 0) + change)
  }
}
