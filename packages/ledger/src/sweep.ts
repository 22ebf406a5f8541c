import { FiledepotError, hasCode, type FileStorage } from '@filedepot/core'
import { checkWholeNumber, firstFileIdAt, timeOfFileId } from '@filedepot/core/backend'
import { buryFiles, type UnwantedFiles } from './bury-files.ts'
import { Candidates } from './audit/candidates.ts'
import { DAY, isThere, isUnread } from './audit/file-ages.ts'
import { copiesAmong } from './copies.ts'
import { isDeleted } from './databases/sweep-database.ts'
import { refuseAliases } from './drain.ts'
import { inBatches, inLanes } from './in-lanes.ts'
import {
  chosenStorages,
  expectTrusted,
  installedAt,
  ofStorage,
  runStep,
  throwIfAborted,
  type LedgerContext,
} from './ledger-context.ts'
import { claimStorage, expectOwner, leftoversSince, setSweptUpTo, sweptUpTo } from './storage-owner.ts'

/** Options of {@link Ledger.sweep}. */
export interface SweepOptions {
  /** For how long an upload may be without a row, in milliseconds. @default 24 hours */
  readonly grace?: number
  /** Names of the storages. @default all */
  readonly storages?: readonly string[]
  /** Deletes even if most uploads of the time have no row. @default false */
  readonly force?: boolean
  readonly signal?: AbortSignal
  /** Called after each thousand files. */
  readonly onProgress?: (progress: SweepReport & { storage: string }) => void
}

/** What {@link Ledger.sweep} has done. */
export interface SweepReport {
  /** Files that were listed. */
  readonly listed: number
  /** Uploads without a row that were deleted. */
  readonly swept: number
  /** Uploads without a row that are too young, or that a transaction has just taken. */
  readonly kept: number
  /** Uploads without a row that could not be deleted now. Drains try again. */
  readonly failed: number
  /** Files that their storage could not read, such as by their rights. They stay, and the next sweep asks again. */
  readonly unread: number
  /**
   * Uploads without a row whose id lies more than a day in the future, as the clock of the process that stored them was wrong. They
   * stay: `gc` goes by the clock of the storage.
   */
  readonly future: number
  /**
   * What killed processes have left that is no file, such as parts of uploads. If a storage cannot remove it, the event `ledgerFailed`
   * says why, and the next sweep tries again.
   */
  readonly leftovers: number
}

/** How long a signed upload is good at most. */
const LATE = 7 * DAY
const BATCH = 1000
const STATS_AT_ONCE = 16
/** So many files may go even if nearly all that are listed have no row. */
const ALWAYS = 1000

const NONE: SweepReport = { listed: 0, swept: 0, kept: 0, failed: 0, unread: 0, future: 0, leftovers: 0 }

type Counts = { -readonly [Name in keyof SweepReport]: number }

export async function sweep(context: LedgerContext, options: SweepOptions): Promise<SweepReport> {
  const { grace = DAY, signal } = options
  checkWholeNumber('grace', grace, 0)
  const total: Counts = { ...NONE }
  const failures: unknown[] = []
  for (const storage of chosenStorages(context.depot, options.storages)) {
    throwIfAborted('A sweep of the ledger', signal)
    try {
      await sweepStorage(context, storage, { ...options, grace }, total)
    } catch (error) {
      // One storage that is down does not keep the others from being swept.
      if (signal?.aborted === true || hasCode(error, 'LEDGER_INCOMPLETE', 'LEDGER_BUSY')) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return total
}

async function sweepStorage(
  context: LedgerContext,
  storage: FileStorage,
  { grace, force = false, signal, onProgress }: SweepOptions & { grace: number },
  total: Counts,
): Promise<void> {
  const { database } = context
  const { now, installed } = await runStep(context, async (session) => {
    await expectTrusted(context, session)
    await refuseAliases(context.depot, database, session)
    const databaseNow = await database.now(session)
    // The clock that is behind is the safe one.
    return { now: Math.min(Date.now(), databaseNow), installed: await installedAt(context, session) }
  })
  await claimStorage(context, storage)
  const end = now - grace
  const late = end - (storage.backend.signedUpload ? LATE : DAY)
  // What came before the ledger was there is not its to judge: `gc` compares it with the rows.
  const floor = firstFileIdAt(new Date(Math.min(installed, now)))
  const start = later(
    floor,
    earlier((await sweptUpTo(context, storage)) ?? floor, firstFileIdAt(new Date(late))),
  )
  const count: Counts = { ...NONE }
  let next = firstFileIdAt(new Date(late))
  const candidates = await Candidates.open()
  try {
    let found = 0
    for await (const ids of inBatches(idsBetween(storage, start, firstFileIdAt(new Date(end))), BATCH)) {
      throwIfAborted('A sweep of the ledger', signal)
      count.listed += ids.length
      const { unknown, again, young, unread, copies } = await unwanted(context, storage, ids, end)
      count.kept += young.length + copies
      count.unread += unread.length
      // They are looked at again.
      for (const id of [...young, ...unread]) next = earlier(next, before(id))
      for (const path of [...unknown, ...again]) candidates.add(path)
      found += unknown.length + again.length
      onProgress?.({ ...count, storage: storage.name })
    }
    // Before anything is deleted: else each sweep that is refused would have deleted some.
    expectFew(storage.name, { listed: count.listed, found }, force)
    for await (const paths of inBatches(candidates.all(), BATCH)) {
      throwIfAborted('A sweep of the ledger', signal)
      const ids = paths.map(idIn(storage))
      const { unknown, again, unread } = await unwanted(context, storage, ids, end)
      count.unread += unread.length
      for (const id of unread) next = earlier(next, before(id))
      await expectOwner(context, storage)
      const { deleted, failed, kept } = await buryFiles(context, { unknown, again })
      count.swept += deleted
      count.failed += failed
      count.kept += kept.length
      for (const path of kept) next = earlier(next, before(idIn(storage)(path)))
      onProgress?.({ ...count, storage: storage.name })
    }
  } finally {
    await candidates.close()
  }
  count.future = await countFuture(context, storage, firstFileIdAt(new Date(now + DAY)))
  const since = earlier(start, (await leftoversSince(context, storage)) ?? start)
  const removed = await removeLeftovers(context, storage, { olderThan: new Date(end), after: since, signal })
  count.leftovers = removed ?? 0
  const leftovers = removed === undefined ? since : undefined
  await setSweptUpTo(context, storage, { after: later(floor, next), leftovers })
  for (const name of Object.keys(count) as (keyof Counts)[]) total[name] += count[name]
}

/** Resolves with `undefined` if they are still there. */
async function removeLeftovers(
  { depot }: LedgerContext,
  { name, backend }: FileStorage,
  options: { olderThan: Date; after: string; signal: AbortSignal | undefined },
): Promise<number | undefined> {
  try {
    const remove = async () => (await backend.sweepLeftovers?.(options)) ?? 0
    return await ofStorage(name, 'remove the leftovers', remove)
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    depot.report('ledgerFailed', { error })
    return undefined
  }
}

/** Usually there are none, and the list is over at once. */
async function countFuture(context: LedgerContext, storage: FileStorage, after: string): Promise<number> {
  let count = 0
  for await (const ids of inBatches(idsBetween(storage, after, '~'), BATCH)) {
    const paths = ids.map((id) => storage.path(id))
    count +=
      ids.length - (await runStep(context, (session) => context.database.places(session, paths))).length
  }
  return count
}

/** Those of our own: an id of another program does not say when it was made. */
async function* idsBetween(storage: FileStorage, start: string, end: string): AsyncGenerator<string> {
  for await (const id of storage.list({ after: start })) {
    if (id >= end) return
    if (timeOfFileId(id)) yield id
  }
}

/** The paths of those files that no row has and that are old enough, and the ids of those that are too young. */
async function unwanted(
  context: LedgerContext,
  storage: FileStorage,
  ids: readonly string[],
  end: number,
): Promise<UnwantedFiles & { young: string[]; unread: string[]; copies: number }> {
  const paths = ids.map((id) => storage.path(id))
  const known = new Map(
    (await runStep(context, (session) => context.database.places(session, paths))).map((place) => [
      place.path,
      place,
    ]),
  )
  const unknown: string[] = []
  const again: string[] = []
  const young: string[] = []
  const unread: string[] = []
  const sort = async (id: string) => {
    const path = storage.path(id)
    const place = known.get(path)
    // A file that is there although it was deleted came late, and nothing can refer to it.
    if (place) {
      // Another sweep, or a drain, may have deleted it since it was listed.
      if (isDeleted(place) && (await isThere(context.depot, path))) again.push(path)
    } else if ((await changedAt(storage, id)) < end) unknown.push(path)
    else young.push(id)
  }
  await inLanes(ids, STATS_AT_ONCE, async (id) => {
    try {
      await sort(id)
    } catch (error) {
      if (!isUnread(error)) throw error
      unread.push(id)
    }
  })
  const copies = await copiesAmong(context, storage, unknown.map(idIn(storage)), () => true)
  const left = unknown.filter((path) => !copies.has(idIn(storage)(path)))
  return { unknown: left, again, young, unread, copies: copies.size }
}

function idIn(storage: FileStorage): (path: string) => string {
  return (path) => path.slice(storage.path('').length)
}

/** By the clock of the storage. What is listed and no file, or cannot be read, is as old as its id. */
async function changedAt(storage: FileStorage, id: string): Promise<number> {
  try {
    return Number((await storage.get(id)).lastModified)
  } catch (error) {
    if (hasCode(error, 'FILE_NOT_FOUND', 'CORRUPT_FILE')) return -Infinity
    throw error
  }
}

/** @throws FiledepotError `GARBAGE_LIMIT` */
function expectFew(name: string, { listed, found }: { listed: number; found: number }, force: boolean): void {
  if (force || found <= Math.max(ALWAYS, listed / 2)) return
  throw new FiledepotError(
    'GARBAGE_LIMIT',
    `${found} of ${listed} uploads in the storage "${name}" have no row, which is more than half. Nothing was deleted. Check whether the ledger has all columns that hold files, and whether another application stores files there. If the files are garbage, pass { force: true }`,
  )
}

function earlier(one: string, other: string): string {
  return one < other ? one : other
}

function later(one: string, other: string): string {
  return one > other ? one : other
}

/** A place in the list after which the id comes. */
function before(id: string): string {
  return firstFileIdAt(timeOfFileId(id) ?? new Date(0))
}
