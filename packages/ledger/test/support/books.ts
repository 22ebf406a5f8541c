import type { TestDatabase } from './test-database.ts'

/** What the ledger says of each path that it counts. */
export async function refsIn({ run }: Pick<TestDatabase, 'run'>): Promise<Record<string, number>> {
  const rows = await run('SELECT path, refs FROM filedepot_files WHERE refs <> 0 ORDER BY path')
  return Object.fromEntries(rows.map(({ path, refs }) => [String(path), Number(refs)]))
}

/** The paths of which the ledger says that nobody wants them. */
export async function discardedIn({ run }: Pick<TestDatabase, 'run'>): Promise<string[]> {
  const rows = await run('SELECT path FROM filedepot_files WHERE discarded_at IS NOT NULL ORDER BY path')
  return rows.map(({ path }) => String(path))
}

/** A value of a column, with the paths of its files. */
export function valueOf(...files: readonly string[]): string {
  const [storage = '', id = ''] = (files[0] ?? '').split('/')
  return JSON.stringify({ storage, id, filename: 'a.txt', contentType: 'text/plain', size: 1, files })
}
