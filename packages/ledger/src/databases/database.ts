import type { LedgerSession } from '../clients/ledger-client.ts'
import type { LedgerColumn } from '../ledger-column.ts'
import type { MoveDatabase } from './move-database.ts'
import type { SweepDatabase } from './sweep-database.ts'

/** A trigger as it should be. */
export interface Trigger {
  readonly name: string
  /** As a reader knows it. */
  readonly table: string
  /** The table as it stands in a statement. */
  readonly on: string
  /** The version and the statement that created it. */
  readonly marker: string
  /** The statements that make it, whether or not an older one is there. */
  readonly create: readonly string[]
}

/** A trigger of filedepot that the database has. */
export interface FoundTrigger {
  readonly name: string
  readonly table: string
  readonly on: string
  /** Another one if the trigger is made again, as far as the database tells. */
  readonly id: string
  /** The copy that a partition has of the trigger of its table. */
  readonly partition?: FoundPartition | undefined
  /** `undefined` if another program created it. */
  readonly marker: string | undefined
  readonly isEnabled: boolean
  /** The statements that remove it. */
  readonly drop: readonly string[]
}

/** What is known of a partition by a trigger of it. */
interface FoundPartition {
  /** True if the table has been a partition since it was made, so that no row of it went uncounted. */
  readonly isBorn: boolean
  /** The statements that switch the trigger on again. */
  readonly enable: readonly string[]
}

/** What an installation has to do with triggers. */
export interface TriggerChanges {
  readonly create: readonly Trigger[]
  readonly drop: readonly FoundTrigger[]
  /** How long it tries to lock the tables, in milliseconds. */
  readonly timeout: number
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
  /** What stands before the slash of their paths. What is no path at all is taken, too. */
  readonly storages: readonly string[]
  /** For how long a discarded file is kept, in milliseconds. */
  readonly retention: number
  /** How long no other drain takes the same file, in milliseconds. */
  readonly lease: number
  readonly limit: number
}

/** A file that a drain has marked as gone. */
export interface TakenFile {
  readonly path: string
  /** Which try to delete it this is. Another drain that takes the file after the lease has a higher number. */
  readonly attempts: number
}

/** A file that could not be deleted. */
export interface FailedDeletion extends TakenFile {
  readonly message: string
  /** True for what can never be deleted, as it names no file. It is remembered for as long as a deleted file. */
  readonly isFinal: boolean
}

/** How many files of one storage the ledger knows of. */
export interface StorageStats {
  /** As rows name it. The depot may not have it. */
  readonly storage: string
  /** Files that rows refer to. */
  readonly used: number
  /** Discarded files that are still there. */
  readonly waiting: number
  /** Of these, files whose deletion has failed. */
  readonly failing: number
  /** Since when the oldest of them is discarded; `undefined` if none is. */
  readonly oldestWaiting: Date | undefined
}

/** A file that could not be deleted. */
export interface FailingFile {
  readonly path: string
  /** How often its deletion was tried. */
  readonly attempts: number
  readonly lastError: string
}

/** How many files the ledger knows of. */
export interface LedgerStats extends Omit<StorageStats, 'storage'> {
  /** Values of rows that the database cannot read. Their files are not known. */
  readonly unreadable: number
  /** The same by storage, in the order of their names. */
  readonly storages: readonly StorageStats[]
  /** Up to 20 of the files whose deletion has failed, the most often tried ones first. */
  readonly failures: readonly FailingFile[]
}

/** The SQL of the ledger for one kind of database. Each function runs on one connection. */
export interface LedgerDatabase extends SweepDatabase, MoveDatabase {
  readonly hasTables: (session: LedgerSession) => Promise<boolean>
  readonly createTables: (session: LedgerSession) => Promise<void>
  readonly dropTables: (session: LedgerSession) => Promise<void>
  /** @throws FiledepotError `INVALID_ARGUMENT` if there is no such table or column */
  readonly expectedTriggers: (session: LedgerSession, columns: readonly LedgerColumn[]) => Promise<Trigger[]>
  readonly foundTriggers: (session: LedgerSession) => Promise<FoundTrigger[]>
  /** All of them, or none if the database can. Nothing that is written meanwhile goes uncounted afterwards. */
  readonly changeTriggers: (session: LedgerSession, changes: TriggerChanges) => Promise<void>
  /** Runs an action if no other session runs one, in this process or another. */
  readonly alone: <T>(session: LedgerSession, action: () => Promise<T>) => Promise<T | undefined>
  /** Adds to each count what the rows have and the ledger has not. Others may write meanwhile. */
  readonly reconcile: (session: LedgerSession, columns: readonly LedgerColumn[]) => Promise<Reconciled>
  /** The triggers that were there when the rows were counted; `undefined` if a count may be too low. */
  readonly counted: (session: LedgerSession) => Promise<readonly string[] | undefined>
  readonly setCounted: (session: LedgerSession, triggers: readonly string[] | undefined) => Promise<void>
  /**
   * Marks files as gone that no row wants, unless an installation counts the rows meanwhile, or a value cannot be read.
   */
  readonly takeDue: (session: LedgerSession, options: DueOptions) => Promise<TakenFile[]>
  /** What stands before the slash of the paths of discarded files. */
  readonly discardedNames: (session: LedgerSession) => Promise<string[]>
  /**
   * Has discarded files go by the name of their storage instead of an alias, if the ledger may know them already. Resolves
   * with how many it has renamed.
   */
  readonly renameDiscarded: (
    session: LedgerSession,
    options: { name: string; storage: string; limit: number },
  ) => Promise<number>
  /** Those of some paths that the ledger has, as far as is committed. */
  readonly knownOf: (session: LedgerSession, paths: readonly string[]) => Promise<string[]>
  /**
   * Marks paths as gone that the ledger does not have, so that no row can refer to them any more. A transaction that has done
   * so and is open yet is waited for a moment at the most. Resolves with those that were marked; this is the first try to delete
   * each of them. `undefined` if none was marked, as one of them has to be waited for.
   */
  readonly bury: (
    session: LedgerSession,
    paths: readonly string[],
    lease: number,
  ) => Promise<string[] | undefined>
  /** Settles files that no other drain has taken since. */
  readonly deleted: (session: LedgerSession, files: readonly TakenFile[]) => Promise<void>
  readonly failed: (session: LedgerSession, failures: readonly FailedDeletion[]) => Promise<void>
  /** Forgets up to `limit` files that were deleted long ago. */
  readonly forget: (session: LedgerSession, limit: number) => Promise<void>
  /** How many values of rows the database cannot read. */
  readonly unreadable: (session: LedgerSession) => Promise<number>
  /** The first path after a text that rows refer to, in the order of bytes. */
  readonly usedAfter: (session: LedgerSession, after: string) => Promise<string | undefined>
  /** How many discarded files are still there. Reads these only. */
  readonly waiting: (session: LedgerSession) => Promise<number>
  /** Times that lie in the future, as the clock of the server was set back, become times from now on. */
  readonly correctTimes: (session: LedgerSession) => Promise<void>
  /** Settings with which the database may lose what it has committed, and what to do. */
  readonly warnings: (session: LedgerSession, options: { retention: number }) => Promise<string[]>
  readonly stats: (session: LedgerSession) => Promise<LedgerStats>
}
