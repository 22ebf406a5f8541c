import type { FileStorage } from '@filedepot/core'
import type { LedgerPlace } from './databases/sweep-database.ts'
import { runStep, type LedgerContext } from './ledger-context.ts'

/**
 * Those of the files of a storage whose id the ledger has in another storage of the depot. They are copies of what rows have, as
 * in a backup or while files are moved; or two names lead to one place, and they are the very files of rows.
 */
export async function copiesAmong(
  { depot, client, database }: Pick<LedgerContext, 'depot' | 'client' | 'database'>,
  storage: FileStorage,
  ids: readonly string[],
  counts: (place: LedgerPlace) => boolean,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  if (ids.length === 0) return found
  for (const other of depot.storages()) {
    if (other === storage) continue
    const paths = ids.map((id) => other.path(id))
    for (const place of await runStep({ client }, (session) => database.places(session, paths)))
      if (counts(place)) found.add(place.path.slice(other.name.length + 1))
  }
  return found
}
