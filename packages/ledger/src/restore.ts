import { hasCode, type DepotManager, type UploadedFileJson } from '@filedepot/core'
import type { LedgerPlace } from './databases/sweep-database.ts'
import { runStep, type LedgerContext } from './ledger-context.ts'

/**
 * The state of a file: rows refer to it (`used`); no row does, and it may be taken back (`discarded`); it is being deleted
 * (`deleting`), or was (`deleted`).
 */
export type LedgerFileState = 'used' | 'discarded' | 'deleting' | 'deleted'

/** What the ledger says of a file. */
export interface LedgerFile {
  readonly path: string
  readonly state: LedgerFileState
  /** How many values of rows refer to it. */
  readonly refs: number
  /** Since when no row refers to it, until it is deleted. */
  readonly discardedAt: Date | undefined
  /** How often its deletion was tried. */
  readonly attempts: number
  /** When the deletion is tried again. Of a deleted file, when the ledger forgets it. */
  readonly retryAt: Date | undefined
  /** Why it could not be deleted. */
  readonly lastError: string | undefined
}

/** What {@link Ledger.restore} has found, and done. */
export interface RestoredFile {
  readonly path: string
  /** `undefined` if the ledger does not know the file. */
  readonly state: LedgerFileState | undefined
  /** When the last row gave it up. */
  readonly discardedAt: Date | undefined
  /** Until when no drain deletes it. */
  readonly keptUntil: Date | undefined
  /** What to write into a row. `undefined` if the file is gone. Without the paths of what was derived from the file. */
  readonly value: UploadedFileJson | undefined
}

/** Options of {@link Ledger.restore}. */
export interface RestoreOptions {
  /** For how long drains leave the file alone, in milliseconds. @default 24 hours */
  readonly keepFor?: number
}

export async function find(context: LedgerContext, path: string): Promise<LedgerFile | undefined> {
  const [place] = await runStep(context, (session) => context.database.places(session, [path]))
  if (!place) return undefined
  const { refs, attempts, lastError } = place
  const discardedAt = dateOf(place.discardedAt)
  return {
    path,
    state: stateOf(place),
    refs,
    discardedAt,
    attempts,
    retryAt: dateOf(place.retryAt),
    lastError,
  }
}

export async function restore(context: LedgerContext, path: string, keepFor: number): Promise<RestoredFile> {
  const { database, depot } = context
  const before = await find(context, path)
  const isKept =
    before?.state === 'discarded' &&
    (await runStep(context, (session) => database.postpone(session, path, keepFor)))
  // A drain may have been faster.
  const now = isKept || !before ? before : await find(context, path)
  const keptUntil = isKept ? (await find(context, path))?.retryAt : undefined
  const isGone = now?.state === 'deleting' || now?.state === 'deleted'
  const value = isGone ? undefined : await valueOf(depot, path)
  return { path, state: now?.state, discardedAt: before?.discardedAt, keptUntil, value }
}

function stateOf({ refs, isGone, discardedAt }: LedgerPlace): LedgerFileState {
  if (isGone) return discardedAt === undefined ? 'deleted' : 'deleting'
  return refs === 0 ? 'discarded' : 'used'
}

async function valueOf(depot: DepotManager, path: string): Promise<UploadedFileJson | undefined> {
  try {
    const { id, filename, contentType, size, sha256, lastModified } = await depot.getFile(path)
    return {
      storage: path.slice(0, path.indexOf('/')),
      id,
      filename,
      contentType,
      size,
      ...(sha256 !== undefined && { sha256 }),
      uploadedAt: lastModified.toISOString(),
      files: [path],
    }
  } catch (error) {
    if (hasCode(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms)
}
