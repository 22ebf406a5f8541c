import type { LedgerRow } from '../clients/ledger-client.ts'
import type { LedgerStats, StorageStats } from './database.ts'

/** So many failures are named. */
export const FAILURES = 20

/** What was counted: numbers, which some drivers give as texts. */
interface Counted {
  /** With the columns name, used, waiting, failing, and oldest in milliseconds since 1970. */
  readonly storages: readonly LedgerRow[]
  /** With the columns path, attempts and error. */
  readonly failures: readonly LedgerRow[]
  readonly unreadable: number
}

export function statsOf({ storages: rows, failures, unreadable }: Counted): LedgerStats {
  const storages = rows
    .map((row): StorageStats => ({
      storage: String(row.name),
      used: Number(row.used),
      waiting: Number(row.waiting),
      failing: Number(row.failing),
      oldestWaiting: row.oldest === null ? undefined : new Date(Number(row.oldest)),
    }))
    .sort((one, other) => (one.storage < other.storage ? -1 : 1))
  const sum = (name: 'used' | 'waiting' | 'failing') =>
    storages.reduce((total, storage) => total + storage[name], 0)
  const times = storages.flatMap(({ oldestWaiting }) => (oldestWaiting ? [oldestWaiting] : []))
  return {
    used: sum('used'),
    waiting: sum('waiting'),
    failing: sum('failing'),
    oldestWaiting: times.sort((one, other) => one.getTime() - other.getTime())[0],
    unreadable,
    storages: storages.filter(({ used, waiting }) => used + waiting > 0),
    failures: failures.map(({ path, attempts, error }) => ({
      path: String(path),
      attempts: Number(attempts),
      lastError: String(error),
    })),
  }
}
