import type { DepotManager } from '../depot/depot-manager.ts'
import { stateOf } from './value-state.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * Lets a value find its files through this manager. For integrations, which know it.
 *
 * @param books stands for the database whose ledger counts the row that the value comes from, if one does
 */
export function bindManager(value: UploadedFile, manager: DepotManager, books?: object): void {
  const state = stateOf(value)
  state.manager = manager
  if (books) state.books = books
}

/** The manager that the value finds its files through, where it is not that of the process. For integrations. */
export function boundManager(value: UploadedFile): DepotManager | undefined {
  return stateOf(value).manager
}
