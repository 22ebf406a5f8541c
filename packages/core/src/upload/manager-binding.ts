import type { DepotManager } from '../depot/depot-manager.ts'
import { tiesOf } from './file-ties.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * Lets a value find its files through this manager. For integrations, which know it.
 *
 * @param books stands for the database whose ledger counts the row that the value comes from, if one does
 */
export function bindManager(value: UploadedFile, manager: DepotManager, books?: object): void {
  const ties = tiesOf(value)
  ties.manager = manager
  if (books) ties.books = books
}

/** The manager that the value finds its files through, where it is not that of the process. For integrations. */
export function boundManager(value: UploadedFile): DepotManager | undefined {
  return tiesOf(value).manager
}
