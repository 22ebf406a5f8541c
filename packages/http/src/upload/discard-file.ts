import { markRevoked, takeOwnership, type DepotManager, type UploadedFile } from '@filedepot/core'

/** Deletes the files of a stored value, unless a row has taken it meanwhile; no row can get it afterwards. */
export async function discardFile(depot: DepotManager, file: UploadedFile): Promise<void> {
  if (!takeOwnership(file)) return
  markRevoked(file)
  await depot.deleteFiles(file.files)
}
