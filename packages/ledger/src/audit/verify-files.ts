import type { DepotManager } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import type { FileRows } from '../file-rows.ts'
import { inLanes } from '../in-lanes.ts'
import { chosenStorages } from '../ledger-context.ts'
import { checkBytes } from './check-bytes.ts'
import { compareFiles, pathOf, type CompareProgress, type Reference } from './compare-files.ts'
import { isOld, isThere, AT_ONCE, DAY } from './file-ages.ts'
import { Findings, type Finding, type FindingCounts } from './findings.ts'

/** Options of {@link verifyFiles} and {@link Ledger.verify}. */
export interface VerifyOptions {
  /** Reads every file, and compares its bytes with size and SHA-256. @default false */
  readonly hash?: boolean
  /** Files without a row are not named while they are younger, in milliseconds. @default 24 hours */
  readonly grace?: number
  /** Names of the storages. @default all */
  readonly storages?: readonly string[]
  readonly signal?: AbortSignal
  /** Called after each thousand files or values. */
  readonly onProgress?: (progress: Readonly<CompareProgress>) => void
  /** Called for each finding, also for those that the report does not name. */
  readonly onFinding?: (finding: Finding) => void | Promise<void>
}

/** What {@link verifyFiles} and {@link Ledger.verify} have found. */
export interface VerifyReport extends FindingCounts {
  /** Files that the storages list. */
  readonly files: number
  /** Values that the rows have. */
  readonly values: number
  /** Up to 100 findings of each kind. */
  readonly examples: readonly Finding[]
}

/**
 * Compares rows and storages: rows whose file is missing, files without a row, and with `hash` files whose bytes have changed.
 * Changes nothing, and needs no ledger. Memory does not grow with the number of files; temporary files do, by some 200 bytes
 * for each.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { verifyFiles, type FileRows } from '@filedepot/ledger'
 *
 * async function report(rows: FileRows): Promise<boolean> {
 *   const { dangling, changed, examples } = await verifyFiles(depot, rows, { hash: true })
 *   for (const finding of examples) console.log(JSON.stringify(finding))
 *   return dangling + changed === 0
 * }
 * ```
 *
 * @throws FiledepotError `STORAGE_UNAVAILABLE` if a storage is empty that rows refer to; `STORAGE_NOT_FOUND`, `READ_FAILED`,
 *   `ABORTED`, `INVALID_ARGUMENT`
 */
export async function verifyFiles(
  depot: DepotManager,
  rows: FileRows,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { hash = false, grace = DAY, signal, onProgress } = options
  checkWholeNumber('grace', grace, 0)
  const end = Date.now() - grace
  const findings = new Findings(options.onFinding)
  const progress: CompareProgress = { files: 0, values: 0 }
  const storages = chosenStorages(depot, options.storages)
  const differences = compareFiles(depot, rows, { storages, progress, onProgress, signal })
  await inLanes(differences, AT_ONCE, async (difference) => {
    if (difference.kind === 'found') {
      await findings.add(difference.finding)
      return
    }
    await findings.check(pathOf(difference), async () => {
      if (difference.kind === 'unwanted') {
        if (await isOld(depot, difference.path, end))
          await findings.add({ kind: 'orphaned', path: difference.path })
        return
      }
      if (difference.kind === 'missing') {
        if (!(await isThere(depot, difference.reference.path)))
          await findings.add(danglingFrom(difference.reference))
        return
      }
      if (!hash || !difference.isFirst) return
      // What a killed process has left is listed, and is no file.
      if (!(await isThere(depot, difference.reference.path))) {
        await findings.add(danglingFrom(difference.reference))
        return
      }
      const reason = await checkBytes(depot, difference.reference, signal)
      if (reason !== undefined)
        await findings.add({ ...danglingFrom(difference.reference), kind: 'changed', reason })
    })
  })
  return { ...findings.counts, ...progress, examples: findings.examples }
}

/** Without what only the value says. */
export function danglingFrom({ table, column, key, path }: Reference): Finding & { kind: 'dangling' } {
  return { kind: 'dangling', path, table, column, key }
}
