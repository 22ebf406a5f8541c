import { FiledepotError } from '@filedepot/core'
import { describe } from '@filedepot/core/backend'

/** A column that holds files: one value or an array of them, as `text`, `json` or `jsonb`. */
export interface LedgerColumn {
  /** The schema of the table, on PostgreSQL. Without it the table is looked up by the `search_path`. */
  readonly schema?: string
  /** As the database has it, without quotes. */
  readonly table: string
  /** As the database has it, without quotes. */
  readonly column: string
}

/** The columns of one table. */
export interface TableColumns {
  readonly schema: string | undefined
  readonly table: string
  readonly columns: readonly string[]
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkColumns(columns: readonly LedgerColumn[]): readonly LedgerColumn[] {
  if (!Array.isArray(columns) || columns.length === 0) {
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected columns to be an array such as [{ table: 'documents', column: 'content' }], got ${describe(columns)}`,
    )
  }
  for (const given of columns as readonly Partial<Record<keyof LedgerColumn, unknown>>[]) {
    for (const key of ['table', 'column'] as const) {
      if (typeof given[key] !== 'string' || given[key] === '') {
        throw new FiledepotError(
          'INVALID_ARGUMENT',
          `Expected the ${key} of a column of the ledger to be a name, got ${describe(given[key])}`,
        )
      }
    }
  }
  return [...(columns as readonly LedgerColumn[])]
}

/**
 * Some of the columns that a ledger follows.
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for a column that it does not follow
 */
export function chosenColumns(
  followed: readonly LedgerColumn[],
  chosen: readonly LedgerColumn[],
): readonly LedgerColumn[] {
  return checkColumns(chosen).map((wanted) => {
    const found = followed.find(
      ({ schema, table, column }) =>
        table === wanted.table &&
        column === wanted.column &&
        (wanted.schema === undefined || schema === undefined || schema === wanted.schema),
    )
    if (found) return found
    const names = followed.map(({ table, column }) => `${table}.${column}`)
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected the columns to be among those of the ledger, which are ${names.join(', ')}, got ${wanted.table}.${wanted.column}`,
    )
  })
}

/** Each table once, with all of its columns, in a stable order. */
export function byTable(columns: readonly LedgerColumn[]): TableColumns[] {
  const tables = new Map<string, { schema: string | undefined; table: string; columns: Set<string> }>()
  for (const { schema, table, column } of columns) {
    const key = JSON.stringify([schema, table])
    const known = tables.get(key) ?? { schema, table, columns: new Set() }
    known.columns.add(column)
    tables.set(key, known)
  }
  return [...tables.values()].map((known) => ({ ...known, columns: [...known.columns].sort() }))
}

/** Tables that turned out to be the same one, under several names. */
export function mergeTables<T extends { readonly columns: readonly unknown[] }>(
  tables: readonly T[],
  nameOf: (table: T) => string,
): T[] {
  const merged = new Map<string, T>()
  for (const table of tables) {
    const name = nameOf(table)
    const columns = new Map(
      [...(merged.get(name)?.columns ?? []), ...table.columns].map((column) => [
        JSON.stringify(column),
        column,
      ]),
    )
    const sorted = [...columns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, column]) => column)
    merged.set(name, { ...table, columns: sorted })
  }
  return [...merged.values()]
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function noSuchTable({ schema, table }: TableColumns): FiledepotError {
  const name = schema === undefined ? `"${table}"` : `"${schema}"."${table}"`
  return new FiledepotError(
    'INVALID_ARGUMENT',
    `Cannot find the table ${name} of a column of the ledger in the database. Create it first, and write its name as the database does`,
  )
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function noSuchColumn({ table }: TableColumns, column: string): FiledepotError {
  return new FiledepotError(
    'INVALID_ARGUMENT',
    `Cannot find the column "${column}" of the table "${table}" for the ledger. Create it first, and write its name as the database does`,
  )
}
