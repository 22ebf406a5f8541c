import { tiesOf } from './file-ties.ts'
import type { UploadedFile } from './uploaded-file.ts'

// A file belongs to one row, else deleting one of two rows would take the file of the other. A value that is not unowned
// came from a row, so another row gets a copy.

/** Notes that no row has the value: the next one that gets it takes its file. For integrations. */
export function giveBack(value: UploadedFile): void {
  tiesOf(value).isUnowned = true
}

/** Takes the value for a row. False where a row has it already. For integrations. */
export function takeOwnership(value: UploadedFile): boolean {
  const ties = tiesOf(value)
  const { isUnowned } = ties
  ties.isUnowned = false
  return isUnowned
}

/** Notes that the files of the value are gone, or go: written into a row, it would dangle. For integrations. */
export function markRevoked(value: UploadedFile): void {
  tiesOf(value).isRevoked = true
}

/** True for a value whose files a rollback has removed, so that no row may get it any more. For integrations. */
export function isRevoked(value: UploadedFile): boolean {
  return tiesOf(value).isRevoked
}
