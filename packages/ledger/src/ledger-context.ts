import { AbortedError, FiledepotError, type DepotManager, type FileStorage } from '@filedepot/core'
import type { LedgerClient, LedgerSession } from './clients/ledger-client.ts'
import { retryDeadlocks } from './clients/retry-deadlocks.ts'
import type { LedgerDatabase } from './databases/database.ts'
import type { LedgerColumn } from './ledger-column.ts'
import { compare, hasUnreadable, notReady } from './ledger-check.ts'

/** What the work of a ledger is done with. */
export interface LedgerContext {
  readonly depot: DepotManager
  readonly client: LedgerClient
  readonly database: LedgerDatabase
  readonly columns: readonly LedgerColumn[]
}

/**
 * Nothing is deleted by counts that may be wrong. Asked each time, as a migration may have made a table anew since.
 *
 * @throws FiledepotError `LEDGER_INCOMPLETE`
 */
export async function expectTrusted(
  { database, columns }: LedgerContext,
  session: LedgerSession,
): Promise<void> {
  const { check } = await compare(database, session, columns)
  if (!check.isReady) throw notReady(check)
  const unreadable = await database.unreadable(session)
  if (unreadable > 0) throw hasUnreadable(unreadable)
}

/**
 * Runs a step that may be repeated whole, on a connection of its own. On SQLite a transaction of others holds the whole database.
 *
 * @throws FiledepotError `LEDGER_BUSY`
 */
export async function runStep<T>(
  { client }: Pick<LedgerContext, 'client'>,
  step: (session: LedgerSession) => Promise<T>,
): Promise<T> {
  try {
    return await retryDeadlocks(client, step)
  } catch (cause) {
    if (!String((cause as { code?: unknown } | undefined)?.code).startsWith('SQLITE_BUSY')) throw cause
    throw new FiledepotError(
      'LEDGER_BUSY',
      'Cannot write to the ledger: a transaction of another connection locks the database. Nothing more was deleted. Try again after that transaction.',
      { cause },
    )
  }
}

/** When the ledger began to count, in milliseconds since 1970. Said once, and then remembered. */
export async function installedAt(
  { database }: Pick<LedgerContext, 'database'>,
  session: LedgerSession,
): Promise<number> {
  const known = await database.readState(session, INSTALLED)
  if (known !== undefined) return Number(known)
  const now = await database.now(session)
  await database.replaceState(session, INSTALLED, { before: undefined, after: String(now) })
  return Number((await database.readState(session, INSTALLED)) ?? now)
}

const INSTALLED = 'installed'

/**
 * The storages by these names, or all of them.
 *
 * @throws FiledepotError `STORAGE_NOT_FOUND`
 */
export function chosenStorages(depot: DepotManager, names: readonly string[] | undefined): FileStorage[] {
  return names ? [...new Set(names.map((name) => depot.get(name)))] : depot.storages()
}

/** @throws FiledepotError `ABORTED` */
export function throwIfAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AbortedError(what, { cause: signal.reason })
}

/**
 * What a storage does beside its files.
 *
 * @throws FiledepotError `READ_FAILED`, or the code that the error has
 */
export async function ofStorage<T>(name: string, what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof FiledepotError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FiledepotError(
      'READ_FAILED',
      `Cannot ${what} of the storage "${name}": ${reason}. None of its files is deleted. Look at the cause.`,
      { cause },
    )
  }
}
