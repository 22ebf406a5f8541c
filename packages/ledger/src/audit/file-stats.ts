import { UploadedFile } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import { isBroken, readRowList } from '@filedepot/core/integration'
import type { FileRow, FileRows } from '../file-rows.ts'
import { throwIfAborted } from '../ledger-context.ts'
import { DAY } from './file-ages.ts'
import type { FoundRow } from './findings.ts'
import { plainKey } from './plain-key.ts'

/** Options of {@link fileStats}. */
export interface FileStatsOptions {
  /** How many of the largest files are named. @default 10 */
  readonly largest?: number
  readonly signal?: AbortSignal
  /** Called after each thousand values, with how many there were. */
  readonly onProgress?: (values: number) => void
}

/** How many files, and how large they are. */
export interface FileCount {
  readonly files: number
  /** As far as the values say it. */
  readonly bytes: number
}

/** One of the largest files, and its row. */
export interface LargeFile extends FoundRow {
  readonly path: string
  readonly filename: string
  readonly contentType: string
  /** In bytes. */
  readonly size: number
}

/** What {@link fileStats} has counted. A file that several values share counts for each of them. */
export interface FileStats extends FileCount {
  readonly values: number
  /** Values that cannot be read. */
  readonly unreadable: number
  readonly byStorage: Readonly<Record<string, FileCount>>
  /** By `table.column`. */
  readonly byColumn: Readonly<Record<string, FileCount>>
  /** By the content type of the original. The first thousand types have a count of their own. */
  readonly byType: Readonly<Record<string, FileCount>>
  /** By the time since the upload. */
  readonly byAge: Readonly<Record<FileAge, FileCount>>
  readonly largest: readonly LargeFile[]
}

/** The time since an upload: less than a day, a week, a month of 30 days, a year, or more. */
export type FileAge = 'day' | 'week' | 'month' | 'year' | 'older'

const AGES: readonly (readonly [age: FileAge, below: number])[] = [
  ['day', DAY],
  ['week', 7 * DAY],
  ['month', 30 * DAY],
  ['year', 365 * DAY],
  ['older', Infinity],
]
/** Types may come from anybody. */
const MOST_TYPES = 1000
const STEP = 1000

/**
 * Counts the files of rows and their bytes: by storage, column, type and age, and names the largest. It reads the rows only, so
 * files without a row are not among them. Memory does not grow with the number of rows.
 *
 * ```ts
 * import { fileStats, type FileRows } from '@filedepot/ledger'
 *
 * async function show(rows: FileRows): Promise<void> {
 *   const { files, bytes, byColumn, largest } = await fileStats(rows)
 *   console.log({ files, bytes }, byColumn, largest)
 * }
 * ```
 *
 * @throws FiledepotError `ABORTED`, `INVALID_ARGUMENT`, and what reading the rows throws
 */
export async function fileStats(rows: FileRows, options: FileStatsOptions = {}): Promise<FileStats> {
  const { largest = 10, signal, onProgress } = options
  checkWholeNumber('largest', largest, 0)
  const counting = new Counting(largest)
  for await (const row of rows.values(signal)) {
    throwIfAborted('counting files', signal)
    counting.add(row)
    if (counting.values % STEP === 0) onProgress?.(counting.values)
  }
  return counting.result()
}

type Counts = Map<string, { files: number; bytes: number }>

class Counting {
  values = 0
  #unreadable = 0
  readonly #all: Counts = new Map([['all', { files: 0, bytes: 0 }]])
  readonly #byStorage: Counts = new Map()
  readonly #byColumn: Counts = new Map()
  readonly #byType: Counts = new Map()
  readonly #byAge: Counts = new Map(AGES.map(([age]) => [age, { files: 0, bytes: 0 }]))
  readonly #now = Date.now()
  readonly #most: number
  #largest: LargeFile[] = []

  constructor(most: number) {
    this.#most = most
  }

  add(row: FileRow): void {
    for (const value of valuesOf(row.value)) {
      this.values++
      if (isBroken(value)) this.#unreadable++
      else this.#count(row, value)
    }
  }

  #count(row: FileRow, value: UploadedFile): void {
    const { storage, contentType, uploadedAt, files, size = 0 } = value
    const bytes = size + derivedBytes(value)
    const age = this.#now - uploadedAt.getTime()
    const type = this.#byType.has(contentType) || this.#byType.size < MOST_TYPES ? contentType : 'other'
    const places: [Counts, string][] = [
      [this.#all, 'all'],
      [this.#byStorage, storage],
      [this.#byColumn, `${row.table}.${row.column}`],
      [this.#byType, type],
      [this.#byAge, AGES.find(([, below]) => age < below)?.[0] ?? 'older'],
    ]
    for (const [counts, name] of places) {
      const count = counts.get(name) ?? { files: 0, bytes: 0 }
      counts.set(name, { files: count.files + files.length, bytes: count.bytes + bytes })
    }
    this.#name(row, value, size)
  }

  #name({ table, column, key }: FileRow, { path, filename, contentType }: UploadedFile, size: number): void {
    const smallest = this.#largest.at(-1)
    if (this.#most === 0 || (this.#largest.length >= this.#most && smallest && smallest.size >= size)) return
    this.#largest.push({ path, filename, contentType, size, table, column, key: plainKey(key) })
    this.#largest = this.#largest.sort((one, other) => other.size - one.size).slice(0, this.#most)
  }

  result(): FileStats {
    return {
      ...(this.#all.get('all') ?? { files: 0, bytes: 0 }),
      values: this.values,
      unreadable: this.#unreadable,
      byStorage: Object.fromEntries(this.#byStorage),
      byColumn: Object.fromEntries(this.#byColumn),
      byType: Object.fromEntries(this.#byType),
      byAge: Object.fromEntries(this.#byAge) as FileStats['byAge'],
      largest: this.#largest,
    }
  }
}

/** One value or an array of them, as the database or an ORM has it. */
function valuesOf(value: unknown): UploadedFile[] {
  if (value === null || value === undefined || value === '') return []
  const json = typeof value === 'string' && value.trimStart().startsWith('[') ? value : [value].flat()
  return readRowList(UploadedFile, json)
}

/** Of thumbnails the metadata say the size, beside their id. */
function derivedBytes({ path, files, metadata }: UploadedFile): number {
  const ids = new Set(files.filter((file) => file !== path).map((file) => file.slice(file.indexOf('/') + 1)))
  return ids.size === 0 ? 0 : bytesIn(metadata, ids)
}

function bytesIn(json: unknown, ids: ReadonlySet<string>): number {
  if (typeof json !== 'object' || json === null) return 0
  const { id, size } = json as { id?: unknown; size?: unknown }
  if (typeof id === 'string' && ids.has(id) && typeof size === 'number') return size
  return Object.values(json).reduce((sum: number, inner) => sum + bytesIn(inner, ids), 0)
}
