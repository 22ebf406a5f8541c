import assert from 'node:assert/strict'
import type { RowObserver } from './row-driver.ts'

/** Files that may be left, as the depot has said so. */
export interface LeftFiles {
  /** Those whose deletion failed. @default none */
  undeleted?: () => Iterable<string>
  /** The files of transactions with an unknown outcome. @default none */
  unsettled?: () => Iterable<string>
}

/**
 * Every row has its files, and every file has its row.
 *
 * @throws AssertionError
 */
export async function checkFiles(
  observer: RowObserver,
  { undeleted = () => [], unsettled = () => [] }: LeftFiles,
): Promise<void> {
  const [wanted, files] = [await observer.pathsOfRows(), await observer.pathsOfFiles()]
  const present = new Set(files)
  const missing = wanted.filter((path) => !present.has(path))
  assert.deepEqual(missing, [], 'rows refer to files that are gone')
  const twice = wanted.filter((path, index) => wanted.indexOf(path) !== index)
  assert.deepEqual(twice, [], 'several rows refer to one file')
  const allowed = new Set([...wanted, ...undeleted(), ...unsettled()])
  const leaked = files.filter((path) => !allowed.has(path))
  assert.deepEqual(leaked, [], 'files are left that belong to no row')
}
