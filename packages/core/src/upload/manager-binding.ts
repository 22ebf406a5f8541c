import type { DepotManager } from '../depot/depot-manager.ts'
import { tiesOf } from './file-ties.ts'
import type { UploadedFile } from './uploaded-file.ts'

/** Lets a value find its files through this manager. For integrations, which know it. */
export function bindManager(value: UploadedFile, manager: DepotManager): void {
  tiesOf(value).manager = manager
}

/** The manager that the value finds its files through, where it is not that of the process. For integrations. */
export function boundManager(value: UploadedFile): DepotManager | undefined {
  return tiesOf(value).manager
}
