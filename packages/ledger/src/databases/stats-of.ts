import type { LedgerRow } from '../clients/ledger-client.ts'
import type { LedgerStats } from './database.ts'

/** The numbers of a row; some drivers give them as texts. */
export function statsOf(row: LedgerRow | undefined): LedgerStats {
  return {
    used: Number(row?.used),
    waiting: Number(row?.waiting),
    failing: Number(row?.failing),
    unreadable: Number(row?.unreadable),
  }
}
