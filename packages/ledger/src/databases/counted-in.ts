import type { LedgerRow } from '../clients/ledger-client.ts'

/** The names of triggers in what `filedepot_state` holds as `ready`. */
export function countedIn([row]: readonly LedgerRow[]): readonly string[] | undefined {
  if (!row) return undefined
  const names: unknown = JSON.parse(String(row.value))
  return Array.isArray(names) ? names.map(String) : []
}
