import { FiledepotError, type DepotManager, type FileStorage } from '@filedepot/core'
import { throwIfAborted } from '../ledger-context.ts'
import type { FileRow, FileRows } from '../file-rows.ts'
import { Buckets, BUCKETS } from './buckets.ts'
import type { Finding, FoundRow } from './findings.ts'
import { plainKey } from './plain-key.ts'
import { filesOf, type ValueFile } from './value-files.ts'

/** A value of a row, and one of its files. */
export interface Reference extends FoundRow, ValueFile {}

/** What the rows and the storages say of each other. */
export type Difference =
  | { readonly kind: 'missing'; readonly reference: Reference }
  | { readonly kind: 'unwanted'; readonly path: string }
  /** A row refers to a file that is there; `isFirst` of all rows that do so. */
  | { readonly kind: 'wanted'; readonly reference: Reference; readonly isFirst: boolean }
  | { readonly kind: 'found'; readonly finding: Finding }

/** The file that a difference is about. */
export function pathOf(difference: Exclude<Difference, { kind: 'found' }>): string {
  return difference.kind === 'unwanted' ? difference.path : difference.reference.path
}

/** How far a comparison is. */
export interface CompareProgress {
  /** Files that were listed. */
  files: number
  /** Values that were read. */
  values: number
}

export interface CompareOptions {
  readonly storages: readonly FileStorage[]
  readonly progress: CompareProgress
  readonly onProgress?: ((progress: Readonly<CompareProgress>) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

const STEP = 1000

/**
 * Lists the storages, then reads the rows, and compares both in parts, so that memory does not grow with their number. A file
 * that is stored meanwhile may look as if it were missing; a row that is written meanwhile is read.
 *
 * @throws FiledepotError `STORAGE_UNAVAILABLE` if a storage is empty that rows refer to; `ABORTED`
 */
export async function* compareFiles(
  depot: DepotManager,
  rows: FileRows,
  options: CompareOptions,
): AsyncGenerator<Difference> {
  const buckets = await Buckets.open()
  try {
    const listed = await listFiles(buckets, options)
    yield* readRows(depot, rows, { ...options, listed, buckets })
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      throwIfAborted('The comparison of rows and storages', options.signal)
      yield* compareBucket(buckets, bucket)
    }
  } finally {
    await buckets.close()
  }
}

async function listFiles(
  buckets: Buckets,
  { storages, progress, onProgress, signal }: CompareOptions,
): Promise<Map<string, number>> {
  const listed = new Map<string, number>()
  for (const storage of storages) {
    let count = 0
    for await (const id of storage.list()) {
      throwIfAborted('The comparison of rows and storages', signal)
      count++
      buckets.add('files', storage.path(id), storage.path(id))
      if (++progress.files % STEP === 0) onProgress?.({ ...progress })
    }
    listed.set(storage.name, count)
  }
  return listed
}

async function* readRows(
  depot: DepotManager,
  rows: FileRows,
  {
    listed,
    buckets,
    progress,
    onProgress,
    signal,
  }: CompareOptions & { listed: Map<string, number>; buckets: Buckets },
): AsyncGenerator<Difference> {
  const empty = new Map<string, number>()
  for await (const row of rows.values(signal)) {
    throwIfAborted('The comparison of rows and storages', signal)
    const found = plainRow(row)
    const files = filesOf(row.value)
    if (!files) yield { kind: 'found', finding: { kind: 'unreadable', ...found } }
    for (const file of files ?? []) {
      const place = placeOf(depot, file.path)
      if (!place) yield { kind: 'found', finding: { kind: 'unconfigured', ...found, path: file.path } }
      else if (listed.has(place.storage)) {
        if (listed.get(place.storage) === 0) empty.set(place.storage, (empty.get(place.storage) ?? 0) + 1)
        buckets.add('rows', place.path, JSON.stringify({ ...found, ...file, path: place.path }))
      }
    }
    if (++progress.values % STEP === 0) onProgress?.({ ...progress })
  }
  for (const [storage, count] of empty) throw isEmpty(storage, count)
}

async function* compareBucket(buckets: Buckets, bucket: number): AsyncGenerator<Difference> {
  const isWanted = new Map<string, boolean>()
  for await (const path of buckets.lines('files', bucket)) isWanted.set(path, false)
  for await (const line of buckets.lines('rows', bucket)) {
    const reference = JSON.parse(line) as Reference
    const wanted = isWanted.get(reference.path)
    if (wanted === undefined) yield { kind: 'missing', reference }
    else {
      yield { kind: 'wanted', reference, isFirst: !wanted }
      isWanted.set(reference.path, true)
    }
  }
  for (const [path, wanted] of isWanted) if (!wanted) yield { kind: 'unwanted', path }
}

/** A row of Python's DEPOT may name a storage by its alias. */
function placeOf(depot: DepotManager, path: string): { storage: string; path: string } | undefined {
  const slash = path.indexOf('/')
  const name = path.slice(0, slash)
  if (slash < 1 || !depot.has(name)) return undefined
  const storage = depot.get(name)
  return { storage: storage.name, path: storage.path(path.slice(slash + 1)) }
}

function plainRow({ table, column, key }: FileRow): FoundRow {
  return { table, column, key: plainKey(key) }
}

function isEmpty(storage: string, count: number): FiledepotError {
  return new FiledepotError(
    'STORAGE_UNAVAILABLE',
    `The storage "${storage}" has no files, but ${count} values of rows refer to it. It is probably the wrong storage: an unmounted folder or another bucket. Nothing was deleted.`,
  )
}
