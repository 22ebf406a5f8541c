import type { UploadedFile } from './uploaded-file.ts'

/**
 * Stored values that no row has yet: uploaded ahead of a transaction, or given back by one that was rolled back.
 *
 * A file belongs to one row, else deleting one of two rows would take the file of the other. A value that is not in
 * this set came from a row, so another row gets a copy.
 */
const unowned = new WeakSet<UploadedFile>()

/** Notes that no row has the value. */
export function markUnowned(value: UploadedFile): void {
  unowned.add(value)
}

/** Takes the value for a row. False where a row has it already. */
export function takeOwnership(value: UploadedFile): boolean {
  return unowned.delete(value)
}
