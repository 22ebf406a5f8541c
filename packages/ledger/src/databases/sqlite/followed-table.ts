import type { LedgerSession } from '../../clients/ledger-client.ts'
import { noSuchColumn, noSuchTable, type TableColumns } from '../../ledger-column.ts'

/** A table whose files the ledger follows, as the catalog knows it. */
export interface FollowedTable {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns that tell rows apart. */
  readonly key: readonly string[]
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export async function readTable(session: LedgerSession, wanted: TableColumns): Promise<FollowedTable> {
  const [found] = await session.query(
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = ? COLLATE NOCASE",
    [wanted.table],
  )
  if (!found) throw noSuchTable(wanted)
  const table = String(found.name)
  const infos = await session.query('SELECT name, pk FROM pragma_table_info(?) ORDER BY pk', [table])
  const columns = wanted.columns.map((column) => {
    const info = infos.find(({ name }) => String(name).toLowerCase() === column.toLowerCase())
    if (!info) throw noSuchColumn(wanted, column)
    return String(info.name)
  })
  const primary = infos.filter(({ pk }) => Number(pk) > 0).map(({ name }) => quote(String(name)))
  return { table, columns, key: Number(found.wr) === 1 ? primary : ['_rowid_'] }
}

/** A name as it stands in a statement. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** True if a value is as we write it: one object with `files`. */
export function isPlain(value: string): string {
  return `json_valid(${value}) AND json_type(${value}, '$.files[0]') = 'text'`
}

/** The distinct paths of such a value, as a query with the column `p`. */
export function plainPaths(value: string): string {
  return `SELECT DISTINCT value AS p FROM json_each(${value}, '$.files') WHERE type = 'text'`
}

/**
 * The paths of a value or an array of values, as the parts of a query: `files` if it is there, else `storage/id`, or what
 * Python's DEPOT writes.
 *
 * @param from what stands before the objects of the value, such as the table with a comma
 * @param columns what is selected beside the path, with a comma
 */
export function anyPaths(value: string, { from = '', columns = '' } = {}): string {
  const objects = `json_each(CASE WHEN ${value} = '' THEN '[]' WHEN NOT json_valid(${value}) THEN '[{"files":["!unreadable"]}]'
      WHEN json_type(${value}) = 'array' THEN ${value} ELSE '[' || ${value} || ']' END) o`
  return `SELECT ${columns}f.value AS p FROM ${from}${objects}, json_each(o.value, '$.files') f WHERE o.type = 'object' AND f.type = 'text'
    UNION SELECT ${columns}CASE WHEN o.value ->> 'depot_name' IS NULL THEN (o.value ->> 'storage') || '/' || (o.value ->> 'id')
        ELSE coalesce(o.value ->> 'path', (o.value ->> 'depot_name') || '/' || (o.value ->> 'file_id')) END
      FROM ${from}${objects} WHERE o.type = 'object'
        AND NOT EXISTS (SELECT 1 FROM json_each(o.value, '$.files') f WHERE f.type = 'text')`
}

/** What follows an INSERT of deltas. */
export const ADD = `ON CONFLICT (path) DO UPDATE SET refs = refs + excluded.refs, discarded_at = CASE WHEN gone THEN discarded_at
      WHEN refs + excluded.refs = 0 THEN CAST(unixepoch('subsec') * 1000 AS INTEGER) END`
