import { filesOf } from './audit/value-files.ts'
import type { FoundRow } from './audit/findings.ts'
import type { FileRows } from './file-rows.ts'

/** Options of {@link rowsWithFile}. */
export interface RowsWithFileOptions {
  readonly signal?: AbortSignal
  /** Called after each thousand values, with how many were read. */
  readonly onProgress?: (values: number) => void
}

const STEP = 1000

/**
 * The rows that refer to a file: as their file, as one of several, or as something that was derived from it, such as a thumbnail.
 * It reads all rows, for reports. An application finds the owner of a file by `findOwner` of its integration, which uses an index.
 *
 * ```ts
 * import { rowsWithFile, type FileRows } from '@filedepot/ledger'
 *
 * async function whoHas(rows: FileRows, path: string): Promise<void> {
 *   for await (const { table, column, key } of rowsWithFile(rows, path)) console.log(table, column, key)
 * }
 * ```
 *
 * @param path `storage/id`
 * @throws FiledepotError `ABORTED`
 */
export async function* rowsWithFile(
  rows: FileRows,
  path: string,
  { signal, onProgress }: RowsWithFileOptions = {},
): AsyncGenerator<FoundRow> {
  let read = 0
  for await (const { table, column, key, value } of rows.values(signal)) {
    if (++read % STEP === 0) onProgress?.(read)
    if (filesOf(value)?.some((file) => file.path === path)) yield { table, column, key }
  }
}
