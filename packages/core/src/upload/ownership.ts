import type { UploadedFile } from './uploaded-file.ts'

/**
 * Stored values that no row has yet: uploaded ahead of a transaction, or given back by one that was rolled back.
 *
 * A file belongs to one row, else deleting one of two rows would take the file of the other. A value that is not in
 * this set came from a row, so another row gets a copy.
 */
const unowned = new WeakSet<UploadedFile>()

/** Notes that no row has the value: the next one that gets it takes its file. For integrations. */
export function giveBack(value: UploadedFile): void {
  unowned.add(value)
}

/** Stored values whose files a rollback has removed. Written into a row, they would dangle. */
const revoked = new WeakSet<UploadedFile>()

/** Notes that the files of the value are gone, or go. For integrations. */
export function markRevoked(value: UploadedFile): void {
  revoked.add(value)
}

/** True for a value whose files a rollback has removed, so that no row may get it any more. For integrations. */
export function isRevoked(value: UploadedFile): boolean {
  return revoked.has(value)
}

/** Takes the value for a row. False where a row has it already. For integrations. */
export function takeOwnership(value: UploadedFile): boolean {
  return unowned.delete(value)
}
