import { discardUnowned, type DepotManager, type UploadedFile } from '@filedepot/core'

/**
 * Deletes the files of a stored value that no row has taken; no row can get it afterwards. If a transaction that is open has
 * taken it, they stay with its row, or go when it is rolled back.
 */
export function discardFile(depot: DepotManager, file: UploadedFile): Promise<void> {
  return discardUnowned(file, () => depot.deleteFiles(file.files))
}
