import type { LedgerSession } from '../clients/ledger-client.ts'
import type { LedgerColumn } from '../ledger-column.ts'
import type { SweepDatabase } from './sweep-database.ts'

/** A trigger as it should be. */
export interface Trigger {
  readonly name: string
  /** As a reader knows it. */
  readonly table: string
  /** Says which version of which statement made it. */
  readonly marker: string
  /** The statements that make it, whether or not an older one is there. */
  readonly create: readonly string[]
}

/** A trigger of filedepot that the database has. */
export interface FoundTrigger {
  readonly name: string
  readonly table: string
  /** `undefined` if somebody else made it. */
  readonly marker: string | undefined
  readonly isEnabled: boolean
  /** The statements that remove it. */
  readonly drop: readonly string[]
}

/** What an installation has to do with triggers. */
export interface TriggerChanges {
  readonly create: readonly Trigger[]
  readonly drop: readonly FoundTrigger[]
}

/** What {@link LedgerDatabase.reconcile} has found. */
export interface Reconciled {
  /** How many paths had another count than the rows. */
  readonly repaired: number
  /** Some of the paths that rows refer to, and that have been deleted. */
  readonly dangling: readonly string[]
}

/** Which files a drain takes. */
export interface DueOptions {
  /** For how long a discarded file is kept, in milliseconds. */
  readonly retention: number
  /** How long nobody else takes the same file, in milliseconds. */
  readonly lease: number
  readonly limit: number
}

/** A file that could not be deleted. */
export interface FailedDeletion {
  readonly path: string
  readonly message: string
}

/** How many files the ledger knows of. */
export interface LedgerStats {
  /** Files that rows refer to. */
  readonly used: number
  /** Discarded files that are still there. */
  readonly waiting: number
  /** Of these, files whose deletion has failed. */
  readonly failing: number
  /** Values of rows that the database cannot read. Their files are not known. */
  readonly unreadable: number
}

/** The SQL of the ledger for one kind of database. Each function runs on one connection. */
export interface LedgerDatabase extends SweepDatabase {
  readonly hasTables: (session: LedgerSession) => Promise<boolean>
  readonly createTables: (session: LedgerSession) => Promise<void>
  readonly dropTables: (session: LedgerSession) => Promise<void>
  /** @throws FiledepotError `INVALID_ARGUMENT` if there is no such table or column */
  readonly expectedTriggers: (session: LedgerSession, columns: readonly LedgerColumn[]) => Promise<Trigger[]>
  readonly foundTriggers: (session: LedgerSession) => Promise<FoundTrigger[]>
  /** All of them, or none if the database can. Nothing that is written meanwhile goes uncounted afterwards. */
  readonly changeTriggers: (session: LedgerSession, changes: TriggerChanges) => Promise<void>
  /** Runs an action if nobody else runs one, in this process or another. */
  readonly alone: <T>(session: LedgerSession, action: () => Promise<T>) => Promise<T | undefined>
  /** Adds to each count what the rows have and the ledger has not. Others may write meanwhile. */
  readonly reconcile: (session: LedgerSession, columns: readonly LedgerColumn[]) => Promise<Reconciled>
  /** True if the counts are those of the rows. */
  readonly isReady: (session: LedgerSession) => Promise<boolean>
  readonly setReady: (session: LedgerSession, ready: boolean) => Promise<void>
  /** Marks files as gone that no row wants. Resolves with their paths. */
  readonly takeDue: (session: LedgerSession, options: DueOptions) => Promise<string[]>
  /** Those of some paths that the ledger has, as far as is committed. */
  readonly knownOf: (session: LedgerSession, paths: readonly string[]) => Promise<string[]>
  /**
   * Marks paths as gone that the ledger does not have, so that no row can refer to them any more. A transaction that has done
   * so and is open yet is waited for a moment at the most. Resolves with those that were marked.
   */
  readonly bury: (session: LedgerSession, paths: readonly string[], lease: number) => Promise<string[]>
  readonly deleted: (session: LedgerSession, paths: readonly string[]) => Promise<void>
  readonly failed: (session: LedgerSession, failures: readonly FailedDeletion[]) => Promise<void>
  /** Forgets up to `limit` files that were deleted long ago. */
  readonly forget: (session: LedgerSession, limit: number) => Promise<void>
  /** How many values of rows the database cannot read. */
  readonly unreadable: (session: LedgerSession) => Promise<number>
  readonly stats: (session: LedgerSession) => Promise<LedgerStats>
}
