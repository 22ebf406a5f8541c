import type { LedgerRow } from '../clients/ledger-client.ts'
import type { RowPage } from './sweep-database.ts'

/** What was selected of a table: values as `v0`, `v1` …, what the next page goes by as `p0` …, and the key as `k0` …. */
export interface PageColumns {
  readonly columns: readonly string[]
  readonly position: number
  readonly key: readonly string[]
}

/**
 * What stands for the key of a row that has none: the hash of its values. Rows of the same values may be read once only, which
 * makes no difference to their files.
 */
export const WITHOUT_KEY = 'sha256'

export function pageOf(
  rows: readonly LedgerRow[],
  { columns, position, key }: PageColumns,
  limit: number,
): RowPage {
  const positions = (row: LedgerRow) => Array.from({ length: position }, (_, index) => row[`p${index}`])
  const last = rows.length < limit ? undefined : rows.at(-1)
  return {
    rows: rows.map((row) => ({
      position: positions(row),
      key: Object.fromEntries(key.map((name, index) => [name, row[`k${index}`]])),
      values: Object.fromEntries(columns.map((name, index) => [name, row[`v${index}`]])),
    })),
    next: last && positions(last),
  }
}

/** What is selected: expressions under the names that {@link pageOf} reads. */
export function selected(parts: Readonly<Record<'v' | 'p' | 'k', readonly string[]>>): string {
  return Object.entries(parts)
    .flatMap(([letter, expressions]) =>
      expressions.map((expression, index) => `${expression} AS ${letter}${index}`),
    )
    .join(', ')
}
