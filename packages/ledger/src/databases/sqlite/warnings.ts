import type { LedgerSession } from '../../clients/ledger-client.ts'
import { isDurable } from './commit-durably.ts'

export async function warnings(session: LedgerSession): Promise<string[]> {
  if (await isDurable(session)) return []
  return [
    'PRAGMA synchronous is less than FULL, and the ledger cannot change it within a transaction: a power failure may bring back rows whose files were deleted. Set PRAGMA synchronous = FULL',
  ]
}
