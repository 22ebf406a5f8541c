import { DepotManager } from './depot-manager.ts'

/**
 * The storages of this process: what integrations use where they are given no other manager.
 *
 * ```ts
 * import { depot, LocalBackend } from '@filedepot/core'
 *
 * depot.configure('default', new LocalBackend('./uploads'))
 * ```
 */
export const depot: DepotManager = new DepotManager()
