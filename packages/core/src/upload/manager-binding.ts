import type { DepotManager } from '../depot/depot-manager.ts'
import type { UploadedFile } from './uploaded-file.ts'

/** Which manager a value finds its files through. A value that is not here uses the one of the process. */
const managers = new WeakMap<UploadedFile, DepotManager>()

/** Lets a value find its files through this manager. For integrations, which know it. */
export function bindManager(value: UploadedFile, manager: DepotManager): void {
  managers.set(value, manager)
}

/** The manager that the value finds its files through, where it is not that of the process. For integrations. */
export function boundManager(value: UploadedFile): DepotManager | undefined {
  return managers.get(value)
}
