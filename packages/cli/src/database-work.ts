import {
  collectGarbage,
  verifyFiles,
  type GarbageOptions,
  type GarbageReport,
  type VerifyOptions,
  type VerifyReport,
} from '@filedepot/ledger'
import type { OpenConfig } from './open-config.ts'
import type { OpenDatabase } from './open-database.ts'

/** Compares and collects by the ledger of a database, or without one by its rows. */
export interface DatabaseWork {
  readonly gc: (options: GarbageOptions) => Promise<GarbageReport>
  readonly verify: (options: VerifyOptions) => Promise<VerifyReport>
}

export async function workOf(config: OpenConfig, database: OpenDatabase): Promise<DatabaseWork> {
  const { ledger, depot } = database
  if (ledger) return { gc: (options) => ledger.gc(options), verify: (options) => ledger.verify(options) }
  const rows = await config.rowsBeside(database)
  return {
    gc: (options) => collectGarbage(depot, rows, options),
    verify: (options) => verifyFiles(depot, rows, options),
  }
}
