import { FiledepotError, type DepotManager } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import type { FileRows } from '../file-rows.ts'
import { inBatches, inLanes } from '../in-lanes.ts'
import { chosenStorages, throwIfAborted } from '../ledger-context.ts'
import { ownerOf } from '../storage-owner.ts'
import { compareFiles, pathOf, type CompareProgress } from './compare-files.ts'
import { Candidates } from './candidates.ts'
import { AT_ONCE, DAY, isOld, isThere } from './file-ages.ts'
import { Findings, type Finding, type FindingCounts } from './findings.ts'
import { danglingFrom, type VerifyOptions } from './verify-files.ts'

/** Options of {@link collectGarbage} and {@link Ledger.gc}. */
export interface GarbageOptions extends Omit<VerifyOptions, 'hash'> {
  /** Deletes the files that no row refers to. Without it they are only named. @default false */
  readonly delete?: boolean
  /** Deletes more than a tenth of all files, and in a storage that a ledger owns. @default false */
  readonly force?: boolean
}

/** What {@link collectGarbage} and {@link Ledger.gc} have found, and done. */
export interface GarbageReport extends Omit<FindingCounts, 'changed'> {
  /** Files that the storages list. */
  readonly files: number
  /** Values that the rows have. */
  readonly values: number
  /** Counts that the ledger had wrong. 0 without a ledger. */
  readonly repaired: number
  readonly deleted: number
  /** Files that could not be deleted. */
  readonly failed: number
  /** Up to 100 findings of each kind. */
  readonly examples: readonly Finding[]
}

/** What deletes files that no row refers to, and knows which of them are others' business. */
export interface GarbageCollector {
  /** Those of the paths that are garbage. */
  readonly garbageOf: (paths: readonly string[], findings: Findings) => Promise<readonly string[]>
  /** Deletes files, after a last look whether a row has taken them. */
  readonly remove: (paths: readonly string[]) => Promise<{ deleted: number; failed: number }>
  /** True if `remove` sees rows that were written since. */
  readonly looksAgain: boolean
}

/** The share of all files that goes without `force`, and the number that always may. */
const SHARE = 0.1
const ALWAYS = 100
const BATCH = 1000

/**
 * Finds files that no row refers to, and deletes them if it is told to. Without a ledger the rows are read twice before: a file
 * goes only if it was in no row both times. Nothing is deleted while a value cannot be read, and never more than a tenth of
 * all files (100 at least) without `force`.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { collectGarbage, type FileRows } from '@filedepot/ledger'
 *
 * async function clean(rows: FileRows): Promise<void> {
 *   const { orphaned, examples } = await collectGarbage(depot, rows)
 *   console.log(`${orphaned} files have no row`, examples)
 *   const { deleted } = await collectGarbage(depot, rows, { delete: true })
 *   console.log(`${deleted} files deleted`)
 * }
 * ```
 *
 * @throws FiledepotError `GARBAGE_LIMIT` if too many files have no row; `INVALID_VALUE` if the files of a value are not
 *   known; `LEDGER_NOT_OWNER` if a ledger owns the storage; `STORAGE_UNAVAILABLE`, `STORAGE_NOT_FOUND`, `READ_FAILED`,
 *   `ABORTED`, `INVALID_ARGUMENT`
 */
export async function collectGarbage(
  depot: DepotManager,
  rows: FileRows,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  if (options.delete === true && options.force !== true) await refuseOwned(depot, options.storages)
  return await collect(depot, rows, options, {
    looksAgain: false,
    garbageOf: (paths) => Promise.resolve(paths),
    async remove(paths) {
      let failed = 0
      for (const storage of chosenStorages(depot, options.storages)) {
        const prefix = storage.path('')
        const ids = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length))
        if (ids.length > 0) failed += (await storage.deleteMany(ids)).failed.length
      }
      return { deleted: paths.length - failed, failed }
    },
  })
}

export async function collect(
  depot: DepotManager,
  rows: FileRows,
  options: GarbageOptions,
  collector: GarbageCollector,
): Promise<GarbageReport> {
  const { grace = DAY, force = false, signal, onProgress } = options
  checkWholeNumber('grace', grace, 0)
  const end = Date.now() - grace
  const findings = new Findings(options.onFinding)
  const progress: CompareProgress = { files: 0, values: 0 }
  const storages = chosenStorages(depot, options.storages)
  const candidates = await Candidates.open()
  try {
    const differences = compareFiles(depot, rows, { storages, progress, onProgress, signal })
    await inLanes(differences, AT_ONCE, async (difference) => {
      if (difference.kind === 'found') {
        await findings.add(difference.finding)
        return
      }
      await findings.check(pathOf(difference), async () => {
        if (difference.kind === 'unwanted') {
          if (await isOld(depot, difference.path, end)) candidates.add(difference.path)
        } else if (difference.kind === 'missing' && !(await isThere(depot, difference.reference.path)))
          await findings.add(danglingFrom(difference.reference))
      })
    })
    const garbage = await Candidates.open()
    try {
      for await (const paths of inBatches(candidates.all(), BATCH)) {
        for (const path of await collector.garbageOf(paths, findings)) {
          garbage.add(path)
          await findings.add({ kind: 'orphaned', path })
        }
      }
      let done = { deleted: 0, failed: 0 }
      if (options.delete === true) {
        refuseUnknown(findings.counts.unreadable)
        if (!force) refuseMany(findings.counts.orphaned, progress.files)
        if (!collector.looksAgain) await garbage.leaveOut(rows, { depot, signal })
        done = await removeAll(garbage, collector, signal)
      }
      const { dangling, orphaned, unreadable, unconfigured, unchecked } = findings.counts
      const counts = { dangling, orphaned, unreadable, unconfigured, unchecked }
      return { ...counts, ...progress, ...done, repaired: 0, examples: findings.examples }
    } finally {
      await garbage.close()
    }
  } finally {
    await candidates.close()
  }
}

async function removeAll(
  garbage: Candidates,
  { remove }: GarbageCollector,
  signal: AbortSignal | undefined,
): Promise<{ deleted: number; failed: number }> {
  const done = { deleted: 0, failed: 0 }
  for await (const paths of inBatches(garbage.all(), BATCH)) {
    throwIfAborted('The deletion of files without a row', signal)
    const { deleted, failed } = await remove(paths)
    done.deleted += deleted
    done.failed += failed
  }
  return done
}

/** @throws FiledepotError `INVALID_VALUE` */
function refuseUnknown(unreadable: number): void {
  if (unreadable === 0) return
  throw new FiledepotError(
    'INVALID_VALUE',
    `${unreadable} values of rows are not the JSON of a file, so their files are unknown and nothing is deleted. Run without { delete: true } for a report that names these rows, and correct them.`,
  )
}

/** @throws FiledepotError `GARBAGE_LIMIT` */
function refuseMany(orphaned: number, files: number): void {
  const most = Math.max(ALWAYS, Math.floor(files * SHARE))
  if (orphaned <= most) return
  throw new FiledepotError(
    'GARBAGE_LIMIT',
    `${orphaned} of ${files} files have no row, expected at most ${most}. Nothing is deleted. Check whether the rows include all tables and columns with files. If the files are garbage, pass { force: true }.`,
  )
}

/** @throws FiledepotError `LEDGER_NOT_OWNER` */
async function refuseOwned(depot: DepotManager, names: readonly string[] | undefined): Promise<void> {
  for (const storage of chosenStorages(depot, names)) {
    const owner = await ownerOf(storage)
    if (owner === undefined) continue
    throw new FiledepotError(
      'LEDGER_NOT_OWNER',
      `A ledger deletes in the storage "${storage.name}": its owner is "${owner}". Call gc() of that ledger, or pass { force: true } if the ledger was removed.`,
    )
  }
}
